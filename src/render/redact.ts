/**
 * Ids shortened where anyone may read: in the log and on the page. report.json, outputs and what is to be pasted keep them
 * whole.
 */
import type { Log } from '../core/ports.js';

export type Redaction = 'ids' | 'none';

/** Shortens the ids of whatever is told, be it a text, a check or a whole report; the original stays as it is. */
export type Redact = <T>(told: T) => T;

/** What the input asks for; without it, ids are shortened where anyone can read the log. */
export function redactionOf(given: string | undefined, readByAnyone: boolean): Redaction {
  if (given === 'ids' || given === 'none') return given;
  return readByAnyone ? 'ids' : 'none';
}

export function redactor(redaction: Redaction): Redact {
  return redaction === 'ids' ? shortened : (told) => told;
}

const GUID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** What is to be pasted or followed: shortened, it would no longer work. */
const KEPT: ReadonlySet<string> = new Set(['commands', 'literalCommands', 'docs']);

/** Sentences on what to do. A line of theirs may end with a command, as a fix of a sign-in does. */
const ADVICE: ReadonlySet<string> = new Set(['summary', 'fix']);
const COMMAND = /\b(?:az|kubectl) [a-z]/;

/** GUIDs, and subscription ids are some, cut to their first eight digits. */
function shortenedText(text: string): string {
  return text.replace(GUID, '$1…');
}

function shortenedAdvice(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const command = COMMAND.exec(line)?.index ?? line.length;
      return shortenedText(line.slice(0, command)) + line.slice(command);
    })
    .join('\n');
}

function shortened<T>(told: T): T {
  return deep(told, '') as T;
}

function deep(value: unknown, key: string): unknown {
  if (KEPT.has(key)) return value;
  if (typeof value === 'string') return ADVICE.has(key) ? shortenedAdvice(value) : shortenedText(value);
  if (key === 'plan' && Array.isArray(value)) return value.map(shortenedPlan);
  if (Array.isArray(value)) return value.map((held) => deep(held, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]: [string, unknown]) => [name, deep(held, name)]),
  );
}

/** Of a planned grant its scope alone: the commands that are made of it ask for that by the registry's name. */
function shortenedPlan(grant: unknown): unknown {
  return typeof grant === 'object' && grant !== null && 'scope' in grant && typeof grant.scope === 'string'
    ? { ...grant, scope: shortenedText(grant.scope) }
    : grant;
}

/** A log that is told everything redacted. Secrets pass as they are: they are told so that they can be masked. */
export function redactedLog(log: Log, redact: Redact): Log {
  return {
    chapter: (title) => log.chapter(redact(title)),
    check: (check) => log.check(redact(check)),
    pull: (pull) => log.pull(redact(pull)),
    finding: (finding) => log.finding(redact(finding)),
    waiting: (waiting) => log.waiting(redact(waiting)),
    debug: (line) => log.debug(redact(line)),
    secret: (value) => log.secret(value),
  };
}
