/**
 * How the CI systems find a command in a line, so that tests can ask whether they would. GitHub: actions/runner,
 * src/Runner.Common/ActionCommand.cs (`::name` after leading white space; the old `##[` anywhere). Azure Pipelines:
 * microsoft/azure-pipelines-agent, src/Agent.Sdk/Command.cs (`##vso[` anywhere); the log view's `##[` at a line's start.
 */
export function isCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || line.includes('##[') || line.toLowerCase().includes('##vso[');
}

/** One `##vso[name key=value;]data` line. */
export interface LoggingCommand {
  name: string;
  properties: Record<string, string>;
  data: string;
}

/**
 * A line as the agent reads it, wherever in it the command stands; undefined for a line that holds none
 * (microsoft/azure-pipelines-agent, src/Agent.Sdk/Command.cs).
 */
export function readLoggingCommand(line: string): LoggingCommand | undefined {
  const start = line.toLowerCase().indexOf('##vso[');
  const end = line.indexOf(']', start);
  if (start === -1 || end === -1) return undefined;
  const [name = '', ...rest] = line.slice(start + '##vso['.length, end).split(' ');
  const properties = rest
    .join(' ')
    .split(';')
    .filter((pair) => pair.includes('='))
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals).trim(), unescapedByAgent(pair.slice(equals + 1))];
    });
  return {
    name,
    properties: Object.fromEntries(properties),
    data: unescapedByAgent(line.slice(end + 1)),
  };
}

function unescapedByAgent(text: string): string {
  return text
    .replaceAll('%3B', ';')
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%5D', ']')
    .replaceAll('%AZP25', '%');
}
