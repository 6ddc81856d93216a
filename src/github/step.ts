/** The action's main step. */
import { error, info, setFailed, setOutput, summary, warning } from '@actions/core';
import { OUTPUTS } from '../core/inputs.js';
import type { OutputName, RawInputs } from '../core/inputs.js';
import { describeFailure, tellFailure } from '../host/failure.js';
import { runPreflight, verdictLine } from '../host/run.js';
import type { Outcome } from '../host/run.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { redactedLog } from '../render/redact.js';
import type { Redact } from '../render/redact.js';
import { closingLines } from '../render/story.js';
import { summaryMarkdown } from '../render/summary.js';
import { gitHubHost, readCircumstances, redactionFor } from './host.js';
import { annotate, createLog } from './log.js';

/** Runs the step; its outcome is told, and the exit code set. Never throws. */
export async function step(
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  signal: AbortSignal,
): Promise<void> {
  const log = createLog();
  const redact = redactionFor(environment, raw);
  try {
    const host = gitHubHost(environment, raw, redactedLog(log, redact), signal);
    const outcome = await runPreflight(raw, readCircumstances(environment, raw), host);
    log.endChapter();
    await tell(outcome, redact, raw.summary !== 'false' && environment.GITHUB_STEP_SUMMARY !== undefined);
  } catch (thrown) {
    log.endChapter();
    tellThrown(thrown, redact);
  }
}

async function tell(outcome: Outcome, redact: Redact, withSummary: boolean): Promise<void> {
  const { reportProblem, notRemoved } = outcome;
  const report = redact(outcome.report);
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

/** The page is for people; that it can't be written changes nothing about the result. */
async function writeSummary(markdown: string): Promise<void> {
  try {
    await summary.addRaw(markdown).write();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    warning(forAnnotation(`the summary page could not be written: ${why}`));
  }
}

function tellThrown(thrown: unknown, redact: Redact): void {
  const { headline, errors, outputs } = tellFailure(redact(describeFailure(thrown)));
  setOutputs(outputs);
  errors.forEach((text) => error(forAnnotation(text)));
  setFailed(forLog(headline));
}

/** Every output is set, so that none of an earlier step of the same id is taken for this one's. */
function setOutputs(outputs: Partial<Record<OutputName, string>>): void {
  for (const { name } of OUTPUTS) setOutput(name, outputs[name] ?? '');
}
