/**
 * How the CI systems find a command in a line, so that tests can ask whether they would. GitHub: actions/runner,
 * src/Runner.Common/ActionCommand.cs (`::name` after leading white space; the old `##[` anywhere). Azure Pipelines:
 * microsoft/azure-pipelines-agent, src/Agent.Sdk/Command.cs (`##vso[` anywhere); the log view's `##[` at a line's start.
 */
export function isCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || line.includes('##[') || line.toLowerCase().includes('##vso[');
}
