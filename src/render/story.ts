/**
 * The report as a log tells it, line by line as it happens: a mark and an assertion, and what was seen behind it. What
 * did not pass also says why and how to fix it. Lines are harmless to every CI system's log reader and hold no colour.
 */
import type { Waiting } from '../core/ports.js';
import { likeness } from '../core/broken-links.js';
import type { BrokenLink } from '../core/broken-links.js';
import type { Check, Connection, Finding, Fix, Pull, Report, Result } from '../core/report.js';
import { forLog } from './escape.js';
import { planCommands } from './plan/index.js';
import { auditLines } from './audit.js';
import {
  brokenSentence,
  count,
  duration,
  findingsOf,
  MARKS,
  provedWords,
  pullStatus,
  shortDigest,
  verdictSentence,
  whyWords,
} from './words.js';

const INDENT = '    ';
const LABEL_WIDTH = 7;

/** Lines of a text, each harmless, without empty ones. */
function lines(text: string): string[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => forLog(line.trimEnd()))
    .filter((line) => line.trim() !== '');
}

/** `label  first line`, further lines below the first. Nothing when there is nothing to say. */
function labelled(label: string, text: readonly string[]): string[] {
  return text.map((line, index) => INDENT + (index === 0 ? label : '').padEnd(LABEL_WIDTH) + line);
}

function explained(parts: {
  seen: string;
  cause?: string | undefined;
  fix?: Fix | undefined;
  docs?: string | undefined;
}): string[] {
  return [
    ...labelled('seen', lines(parts.seen)),
    ...whyLines(parts.cause),
    ...fixLines(parts.fix),
    ...labelled('docs', lines(parts.docs ?? '')),
  ];
}

function whyLines(cause: string | undefined): string[] {
  if (cause === undefined) return [];
  const why = whyWords(cause);
  return labelled('why', lines(why === undefined ? cause : `${why} (cause ${cause})`));
}

/** A fix: its sentence, then its commands alone on their lines, so that they can be copied. */
function fixLines(fix: Fix | undefined): string[] {
  if (fix === undefined) return [];
  return labelled('fix', [...lines(fix.summary), ...fix.commands.flatMap(lines)]);
}

/** `mark title: evidence` on one line when that is all there is; the evidence below when it has several lines. */
function told(mark: string, title: string, evidence: string): string[] {
  const [first, ...more] = lines(evidence);
  const head = `${mark} ${forLog(title)}`;
  if (first === undefined) return [head];
  if (more.length === 0) return [`${head}: ${first}`];
  return [head, ...[first, ...more].map((line) => INDENT + line)];
}

/**
 * One check. A pass is one line; what failed or could not be told says what was seen, why and how to fix it. The first
 * line begins with its mark: ✓ pass, ✗ fail, ! warn, ? unknown, - skip.
 */
export function checkLine(check: Check): string[] {
  const mark = MARKS[check.status];
  if (check.status === 'fail' || check.status === 'unknown') {
    return [`${mark} ${forLog(check.title)}`, ...explained({ ...check, seen: check.evidence })];
  }
  return [
    ...told(mark, check.title, check.evidence),
    ...(check.status === 'pass'
      ? []
      : [...whyLines(check.cause), ...fixLines(check.fix), ...labelled('docs', lines(check.docs ?? ''))]),
  ];
}

/** One thing that is wrong, be it of a check or of several pulls. */
export function linkLines(link: BrokenLink): string[] {
  return [`${MARKS[link.status]} ${forLog(link.title)}`, ...explained(link)];
}

/** A log's memory: what was explained once is named the next time, and pools that fail alike are told in a line each. */
export class Story {
  readonly #explained = new Set<string>();
  readonly #alike = new Map<string, string>();

  check(check: Check): string[] {
    if (check.status === 'fail' || check.status === 'unknown') this.#explained.add(explanationOf(check));
    return checkLine(check);
  }

  pull(pull: Pull): string[] {
    if (pull.status !== 'fail' && pull.status !== 'unknown') return pullLine(pull);
    const [head = ''] = pullLine(pull);
    const alike = this.#alike.get(likeness(pull));
    if (alike !== undefined) return [`${head}: like node pool ${forLog(alike)}`];
    this.#alike.set(likeness(pull), pull.nodePool);
    if (pull.cause === undefined || !this.#explained.has(explanationOf(pull))) {
      this.#explained.add(explanationOf(pull));
      return pullLine(pull);
    }
    const why = `as told above (cause ${pull.cause})`;
    return [head, ...labelled('seen', lines(pull.message ?? '')), ...labelled('why', lines(why))];
  }
}

const explanationOf = ({ cause, fix }: Pick<Check, 'cause' | 'fix'>): string => JSON.stringify([cause, fix]);

/** One pull: the pool, what it pulled, and what that proves. */
export function pullLine(pull: Pull): string[] {
  const status = pullStatus(pull);
  const mark = MARKS[status];
  const platform = `${pull.os}/${pull.architecture}`;
  const tried = pull.attempts > 1 ? `, ${count(pull.attempts, 'attempt')}` : '';
  const took = `${duration(pull.durationMs)}${tried}`;
  const digest = pull.digest === undefined ? '' : ` (${shortDigest(pull.digest)})`;
  if (pull.status === 'pass') {
    return [
      `${mark} ${forLog(`node pool ${pull.nodePool} (${platform}) pulled ${pull.image}${digest}: ${provedWords(pull)}`)} (${took})`,
    ];
  }
  if (pull.status === 'skip') {
    return told(
      mark,
      `node pool ${pull.nodePool} (${platform}) was not asked to pull ${pull.image}`,
      pull.message ?? '',
    );
  }
  const words = pull.status === 'fail' ? 'could not pull' : 'may or may not be able to pull';
  const where = pull.node === undefined ? '' : ` on node ${pull.node}`;
  return [
    `${mark} ${forLog(`node pool ${pull.nodePool} (${platform}) ${words} ${pull.image}${where}`)} (${took})`,
    ...explained({ ...pull, seen: pull.message ?? '' }),
  ];
}

/** Something worth changing that blocks nothing. */
export function findingLine(finding: Finding): string[] {
  return [
    ...told(MARKS.warn, `worth changing: ${finding.title}`, finding.evidence),
    ...fixLines(finding.fix),
  ];
}

/** What is waited for, how long already, and how much longer at most. */
export function waitingLine({ what, elapsedMs, limitMs }: Waiting): string {
  const left = Math.max(0, limitMs - elapsedMs);
  return `… waiting for ${forLog(what)}: ${duration(elapsedMs)} so far, ${duration(left)} left`;
}

const RESULT_WORDS: Readonly<Record<Result, string>> = {
  passed: `${MARKS.pass} PASSED:`,
  failed: `${MARKS.fail} FAILED:`,
  unknown: `${MARKS.unknown} UNKNOWN:`,
};

function closing(connection: Connection): string {
  return [
    RESULT_WORDS[connection.result],
    verdictSentence(connection, forLog),
    brokenSentence(connection, forLog),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The verdict: one line for each cluster with each registry, and a last one with the totals when they are several. */
export function closingLines(report: Report): string[] {
  const { connections } = report;
  const findings = findingsOf(report).length;
  const worth = findings === 0 ? '' : `, ${count(findings, 'finding')} worth a look`;
  const took = `took ${duration(report.durationMs)}${worth}`;
  const plan = [...planLines(report), ...auditLines(report)];
  if (connections.length === 1) return [...connections.map(closing), `  ${report.mode} ${took}`, ...plan];
  const good = connections.filter(({ result }) => result === 'passed').length;
  return [
    ...connections.map(closing),
    `${RESULT_WORDS[report.result]} ${good} of ${count(connections.length, 'connection')} passed; ${report.mode} ${took}`,
    ...plan,
  ];
}

/** What someone who may write it runs: commands alone on their lines, so that they can be copied. */
function planLines(report: Report): string[] {
  const commands = planCommands(report);
  return commands.length === 0
    ? []
    : [
        '  what connect would write, as az commands:',
        ...commands.flatMap(lines).map((line) => INDENT + line),
      ];
}
