/** Telling one connection's story: each check is made, timed, kept in the report and told to the log, once. */
import { CAUSES, pageOf } from './diagnosis/causes.js';
import type { FixFacts } from './diagnosis/cause.js';
import type { CauseId } from './diagnosis/causes.js';
import type { Clock, Log } from './ports.js';
import type { Check, Connection, Finding, Fix, Status } from './report.js';

/** A check that can't be gone past: the story of this connection ends with it. It is told already. */
export class StoryEnds extends Error {
  override readonly name = 'StoryEnds';
  constructor(readonly check: Check) {
    super(check.title);
  }
}

/** What a check came to. */
export interface Told {
  status: Status;
  evidence: string;
  cause?: CauseId;
  fix?: Fix;
}

export class Telling {
  /** What is known so far, for the fixes. */
  readonly facts: FixFacts = {};

  constructor(
    readonly connection: Connection,
    readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** Milliseconds since the epoch, as checks are timed by. */
  now(): number {
    return this.clock.now();
  }

  /** A check that came out well. */
  pass(id: string, title: string, evidence: string, since = this.clock.now()): void {
    this.tell(id, title, { status: 'pass', evidence }, since);
  }

  /** Keeps and tells a check; a cause brings its fix and page unless a fix is given. */
  tell(id: string, title: string, told: Told, since = this.clock.now()): Check {
    const fix = told.fix ?? (told.cause === undefined ? undefined : CAUSES[told.cause].fix(this.facts));
    const check: Check = {
      id,
      title,
      status: told.status,
      evidence: told.evidence,
      ...(told.cause === undefined ? {} : { cause: told.cause, docs: pageOf(told.cause) }),
      ...(fix === undefined ? {} : { fix }),
      durationMs: this.clock.now() - since,
    };
    this.connection.checks.push(check);
    this.log.check(check);
    return check;
  }

  /** Tells a check that ends the story. @throws {StoryEnds} always */
  end(id: string, title: string, told: Told, since?: number): never {
    throw new StoryEnds(this.tell(id, title, told, since));
  }

  finding(finding: Finding): void {
    this.connection.findings.push(finding);
    this.log.finding(finding);
  }
}

/**
 * A call begun now whose outcome is asked for later: until then its failure is nobody's.
 * Lets independent calls run side by side while the story is told in order.
 */
export function begun<T>(call: Promise<T>): () => Promise<T> {
  call.catch(() => undefined);
  return () => call;
}
