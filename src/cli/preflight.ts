/** The modes on a terminal. */
import { tmpdir } from 'node:os';
import type { RawInputs } from '../core/inputs.js';
import type { Log } from '../core/ports.js';
import type { Mode } from '../core/report.js';
import { ambientCredential } from '../host/credentials.js';
import { createExec } from '../host/exec.js';
import { Cancelled, describeFailure } from '../host/failure.js';
import { runPreflight } from '../host/run.js';
import type { Outcome } from '../host/run.js';
import { forLog } from '../render/escape.js';
import { redactedLog, redactionOf, redactor } from '../render/redact.js';
import type { Redact } from '../render/redact.js';
import { reportJson } from '../render/report-json.js';
import { summaryMarkdown } from '../render/summary.js';
import { closingLines, findingLine, Story, waitingLine } from '../render/story.js';
import { EXIT } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import type { OutputForm } from './output-forms.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

/**
 * Runs one mode. With `json` or `markdown`, standard output holds the report or the page and nothing else, and the story
 * goes to standard error.
 *
 * @returns the exit code
 */
export async function preflightCommand(
  mode: Mode,
  flags: RawInputs,
  form: OutputForm,
  debug: boolean,
  terminal: Terminal,
): Promise<number> {
  const { environment } = terminal;
  const story = new Lines(form === 'text' ? terminal.stdout : terminal.stderr, environment);
  const errors = new Lines(terminal.stderr, environment);
  const redact = redactor(redactionOf(flags.redact, false));
  const log = redactedLog(createLog(story, errors, debug), redact);
  try {
    const outcome = await interruptible(
      (name) => new Cancelled(name),
      (signal) =>
        runPreflight(
          { ...flags, mode },
          { needsSubscription: false },
          {
            environment,
            log,
            signal,
            temporaryFolder: tmpdir(),
            standardInput: terminal.stdin,
            // The process that would look at it is this one.
            remember: () => undefined,
            signIn: (ground) =>
              ambientCredential({
                ...ground,
                environment,
                exec: createExec(environment),
                howToSignIn: 'Sign in to Azure first: az login',
              }),
          },
        ),
    );
    const report = redact(outcome.report);
    tell({ ...outcome, report }, story);
    if (form === 'json') terminal.stdout.write(reportJson(outcome.report));
    if (form === 'markdown') terminal.stdout.write(summaryMarkdown(report));
    return exitCodeOf(outcome);
  } catch (error) {
    return tellFailure(error, redact, errors);
  }
}

function createLog(story: Lines, errors: Lines, debug: boolean): Log {
  const told = new Story();
  const tell = (lines: readonly string[]): void => lines.forEach((line) => story.story(line));
  return {
    chapter: (title) => story.line(story.style(forLog(title), 'bold')),
    check: (check) => tell(told.check(check)),
    pull: (pull) => tell(told.pull(pull)),
    finding: (finding) => tell(findingLine(finding)),
    waiting: (waiting) => story.passing(waitingLine(waiting)),
    debug: (line) => {
      if (debug) errors.line(errors.style(`debug: ${forLog(line)}`, 'dim'));
    },
    secret: (value) => {
      story.hide(value);
      errors.hide(value);
    },
  };
}

function tell(
  { report, reportPath, reportProblem, outputs, notRemoved, succeeded }: Outcome,
  story: Lines,
): void {
  story.line();
  closingLines(report).forEach((line) => story.story(line));
  if (report.result === 'passed' && !succeeded)
    story.story('! findings or warnings fail this run, because of fail-on warn');
  if (reportProblem !== undefined) story.story(`! the report could not be written: ${forLog(reportProblem)}`);
  else story.line(`  report: ${reportPath}`);
  if (outputs.plan !== '') story.line(`  plan: ${outputs.plan}`);
  if (notRemoved.length > 0) {
    story.story(
      '! the probe left something behind; the cluster removes it by itself later, or remove it now:',
    );
    notRemoved.forEach((line) => story.line(`    ${forLog(line)}`));
  }
}

function exitCodeOf({ report, succeeded }: Outcome): number {
  if (report.result === 'passed') return succeeded ? EXIT.passed : EXIT.failed;
  return EXIT[report.result];
}

const FAILURE_CODES = {
  unusable: EXIT.unusable,
  cancelled: EXIT.interrupted,
  ended: EXIT.unknown,
} as const;

function tellFailure(error: unknown, redact: Redact, errors: Lines): number {
  const { kind, problems, fix } = redact(describeFailure(error));
  for (const problem of problems) errors.story(`✗ ${forLog(problem)}`);
  for (const line of fix?.split('\n') ?? []) errors.line(`    ${forLog(line)}`);
  return FAILURE_CODES[kind];
}
