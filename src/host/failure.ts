/** What a host says when a run ended without a report. */
import type { OutputName } from '../core/inputs.js';
import { SignInError } from '../core/ports.js';
import { InputErrors, Refused, describeProblem } from '../core/request.js';

/** The step was cancelled, or the terminal interrupted. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
  constructor(by: string) {
    super(`the run was cancelled (${by})`);
  }
}

/** The run took longer than the input timeout allows. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
  constructor(limitMs: number) {
    super(`the run is not done after ${limitMs / 1000} s, the limit that input timeout sets`);
  }
}

/** What ended a run that could not remove all it had made; its lines say what is left, and how to remove it. */
export class LeftBehind extends Error {
  override readonly name = 'LeftBehind';
  constructor(
    readonly ended: unknown,
    readonly lines: readonly string[],
  ) {
    super(ended instanceof Error ? ended.message : String(ended), { cause: ended });
  }
}

/** A run without a report, for people and for exit codes. Its texts may hold foreign words: escape them. */
export interface Failure {
  /** `unusable`: nothing was called. `ended`: it could not be carried through, so its result is unknown. */
  kind: 'unusable' | 'cancelled' | 'ended';
  /** One line each. */
  problems: string[];
  /** What to do; may have several lines. */
  fix?: string;
  cause?: string;
}

/** Tells what ended a run. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof LeftBehind) {
    const failure = describeFailure(error.ended);
    const lines = [
      'The cluster removes by itself later what the probe left; or remove it now:',
      ...error.lines,
    ];
    return { ...failure, fix: [...(failure.fix === undefined ? [] : [failure.fix]), ...lines].join('\n') };
  }
  if (error instanceof InputErrors)
    return { kind: 'unusable', problems: error.problems.map(describeProblem) };
  if (error instanceof Refused) return { kind: 'unusable', problems: [error.message] };
  if (error instanceof Cancelled) return { kind: 'cancelled', problems: [error.message] };
  if (error instanceof SignInError) {
    return { kind: 'ended', problems: [error.message], fix: error.fix, cause: error.causeId };
  }
  return { kind: 'ended', problems: [error instanceof Error ? error.message : String(error)] };
}

/** What a CI system is told of a run without a report. Its texts may hold foreign words: escape them. */
export interface FailureTold {
  /** Why the step failed, in one line. */
  headline: string;
  /** Texts of errors, beside the headline; none when the headline says it all. */
  errors: string[];
  /** The outputs that are known; all others are empty. */
  outputs: Partial<Record<OutputName, string>>;
}

const HEADLINES: Readonly<Record<Failure['kind'], string>> = {
  unusable: 'nothing was called',
  cancelled: 'cancelled',
  ended: 'could not be carried through',
};

export function tellFailure({ kind, problems, fix, cause }: Failure): FailureTold {
  const [only = '', ...more] = problems;
  const fixed = fix === undefined ? problems : [...problems.slice(0, -1), `${problems.at(-1) ?? ''}\n${fix}`];
  const count = more.length > 0 ? `${problems.length} problems` : (only.split('\n')[0] ?? '');
  return {
    headline: `${HEADLINES[kind]}: ${count}`,
    errors: more.length > 0 || fix !== undefined ? fixed : [],
    outputs: { result: 'unknown', verified: 'false', 'would-change': 'unknown', cause: cause ?? '' },
  };
}
