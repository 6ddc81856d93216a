/** The task's one step. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OUTPUTS, taskName } from '../core/inputs.js';
import type { OutputName, RawInputs } from '../core/inputs.js';
import { describeFailure, tellFailure } from '../host/failure.js';
import { runPreflight, verdictLine } from '../host/run.js';
import type { Outcome } from '../host/run.js';
import { forLog } from '../render/escape.js';
import { redactedLog, redactionOf, redactor } from '../render/redact.js';
import type { Redact } from '../render/redact.js';
import { closingLines } from '../render/story.js';
import { summaryMarkdown } from '../render/summary.js';
import type { Agent } from './agent.js';
import { azurePipelinesSide } from './host.js';
import { inTaskWords } from './inputs.js';
import { createLog, logIssue, logIssues } from './log.js';

/** What the agent is told at the end. */
export interface Ending {
  result: 'Succeeded' | 'Failed';
  /** One harmless line. */
  message: string;
}

/** Runs the step and tells its outcome, but for the result itself. Never throws. */
export async function step(
  agent: Agent,
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  signal: AbortSignal,
): Promise<Ending> {
  const log = createLog(agent);
  // The agent doesn't tell who may read a project's logs; by default those who may know its ids too.
  const redact = redactor(redactionOf(raw.redact, false));
  try {
    const { circumstances, host } = azurePipelinesSide(
      agent,
      environment,
      raw,
      redactedLog(log, redact),
      signal,
    );
    const outcome = await runPreflight(raw, circumstances, host);
    log.endChapter();
    return await tell(agent, outcome, redact, raw.summary === 'false' ? undefined : host.temporaryFolder);
  } catch (thrown) {
    log.endChapter();
    return tellThrown(agent, thrown, redact);
  }
}

async function tell(
  agent: Agent,
  outcome: Outcome,
  redact: Redact,
  summaryFolder: string | undefined,
): Promise<Ending> {
  const { reportPath, reportProblem, notRemoved, succeeded } = outcome;
  const report = redact(outcome.report);
  setOutputs(agent, outcome.outputs);
  closingLines(report).forEach((line) => agent.line(line));
  logIssues(agent, report);
  if (reportProblem !== undefined)
    logIssue(agent, 'warning', `the report could not be written: ${reportProblem}`);
  if (notRemoved.length > 0)
    logIssue(agent, 'warning', ['Remove what the probe left:', ...notRemoved].join('\n'));
  if (summaryFolder !== undefined) {
    const folder = reportPath === '' ? summaryFolder : dirname(reportPath);
    await uploadSummary(agent, folder, summaryMarkdown(report, { mermaid: false }));
  }
  if (succeeded) return { result: 'Succeeded', message: `${report.mode}: ${report.result}` };
  return { result: 'Failed', message: forLog(inTaskWords(verdictLine(outcome))) };
}

/**
 * The page is for people; that it can't be written changes nothing about the result. The agent reads the file after this
 * process has ended, and shows the file's name as the title.
 */
async function uploadSummary(agent: Agent, folder: string, markdown: string): Promise<void> {
  try {
    const path = join(await mkdtemp(join(folder, 'summary-')), 'AKS and ACR.md');
    await writeFile(path, markdown, { mode: 0o600, flag: 'wx' });
    agent.command('task.uploadsummary', {}, path);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    logIssue(agent, 'warning', `the summary page could not be written: ${why}`);
  }
}

function tellThrown(agent: Agent, thrown: unknown, redact: Redact): Ending {
  const failure = redact(describeFailure(thrown));
  // What was called nothing has only inputs to speak of; else a text may hold commands, and their flags are not ours.
  const words = failure.kind === 'unusable' ? inTaskWords : (text: string): string => text;
  const { headline, errors, outputs } = tellFailure(failure);
  setOutputs(agent, outputs);
  errors.forEach((text) => logIssue(agent, 'error', words(text)));
  return { result: 'Failed', message: forLog(words(headline)) };
}

/** Every output is set, so that none of an earlier step of the same name is taken for this one's. */
function setOutputs(agent: Agent, outputs: Partial<Record<OutputName, string>>): void {
  for (const { name } of OUTPUTS) {
    const properties = { variable: taskName(name), isOutput: 'true', issecret: 'false' };
    agent.command('task.setvariable', properties, outputs[name] ?? '');
  }
}
