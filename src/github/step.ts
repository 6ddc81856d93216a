/** The action's main step. */
import { error, info, setFailed, setOutput, summary, warning } from '@actions/core';
import { OUTPUTS } from '../core/inputs.js';
import type { OutputName, RawInputs } from '../core/inputs.js';
import { describeFailure } from '../host/failure.js';
import { runPreflight } from '../host/run.js';
import type { Outcome } from '../host/run.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { closingLines } from '../render/story.js';
import { summaryMarkdown } from '../render/summary.js';
import { gitHubHost, readCircumstances } from './host.js';
import { annotate, createLog } from './log.js';

/** Runs the step; its outcome is told, and the exit code set. Never throws. */
export async function step(
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  signal: AbortSignal,
): Promise<void> {
  const log = createLog();
  try {
    const host = gitHubHost(environment, raw, log, signal);
    const outcome = await runPreflight(raw, readCircumstances(environment, raw), host);
    log.endChapter();
    await tell(outcome, raw.summary !== 'false' && environment.GITHUB_STEP_SUMMARY !== undefined);
  } catch (thrown) {
    log.endChapter();
    tellFailure(thrown);
  }
}

async function tell(outcome: Outcome, withSummary: boolean): Promise<void> {
  const { report, reportProblem, notRemoved } = outcome;
  setOutputs(outcome.outputs);
  closingLines(report).forEach((line) => info(line));
  annotate(report);
  if (reportProblem !== undefined)
    warning(forAnnotation(`the report could not be written: ${reportProblem}`));
  if (notRemoved.length > 0)
    warning(forAnnotation(['Remove what the probe left:', ...notRemoved].join('\n')));
  if (withSummary) await writeSummary(summaryMarkdown(report));
  if (!outcome.succeeded) setFailed(forLog(verdictLine(outcome)));
}

function verdictLine({ report }: Outcome): string {
  if (report.result === 'passed')
    return `${report.mode}: passed with findings or warnings, and fail-on is warn`;
  return `${report.mode}: ${report.result}${report.cause === undefined ? '' : `, cause ${report.cause}`}`;
}

/** The page is for people; that it can't be written changes nothing about the result. */
async function writeSummary(markdown: string): Promise<void> {
  try {
    await summary.addRaw(markdown).write();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    warning(forAnnotation(`the summary page could not be written: ${why}`));
  }
}

function tellFailure(thrown: unknown): void {
  const { kind, problems, fix, cause } = describeFailure(thrown);
  const [only, ...more] = problems;
  setOutputs({ result: 'unknown', verified: 'false', 'would-change': 'unknown', cause: cause ?? '' });
  if (only === undefined || more.length > 0 || fix !== undefined) {
    const told =
      fix === undefined ? problems : [...problems.slice(0, -1), `${problems.at(-1) ?? ''}\n${fix}`];
    told.forEach((problem) => error(forAnnotation(problem)));
  }
  const headlines = {
    unusable: 'nothing was called',
    cancelled: 'cancelled',
    ended: 'could not be carried through',
  };
  const count = more.length > 0 ? `${problems.length} problems` : forLog(only ?? '').split('\n')[0];
  setFailed(`${headlines[kind]}: ${count ?? ''}`);
}

/** Every output is set, so that none of an earlier step of the same id is taken for this one's. */
function setOutputs(outputs: Partial<Record<OutputName, string>>): void {
  for (const { name } of OUTPUTS) setOutput(name, outputs[name] ?? '');
}
