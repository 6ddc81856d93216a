/** The report → what a CI system shows where nothing has to be unfolded: its annotations, its list of issues. */
import { brokenLinks } from '../core/broken-links.js';
import type { BrokenLink } from '../core/broken-links.js';
import { optional } from '../core/json.js';
import type { Check, Place, Report } from '../core/report.js';
import { placedIssues } from './deployed.js';
import { checkLine, linkLines } from './story.js';
import { wrongWords } from './words.js';
import { forLog } from './escape.js';

/** Lines are harmless in a log. */
export interface Issue {
  kind: 'error' | 'warning';
  /** What is wrong in a few words; of a warning, what was asserted. */
  title: string;
  /** What was asserted, unless the title says it; what was seen, why, and what to do. */
  message: string;
  /** The line of a file that it belongs to. */
  place?: Place;
}

/** GitHub and Azure Pipelines show no more of one kind for a step (docs.github.com, "Workflow commands" limits; ten issues a step in azure-pipelines-agent, ExecutionContext.cs). */
const MOST_OF_A_KIND = 10;

/**
 * Errors for what is wrong, the one to mend first before the others; warnings for the rest. Each has what was seen, why and
 * what to do. Ten of each at most; what fails alike is told once.
 */
export function issuesOf(report: Report): Issue[] {
  const { connections } = report;
  const links = connections.flatMap(brokenLinks);
  const errors = [
    ...links.filter(({ status }) => status === 'fail'),
    ...links.filter(({ status }) => status === 'unknown'),
  ].map((link) => ({ key: keyOf(link), title: forLog(wrongWords(link)), lines: linkLines(link) }));
  const warnings = connections.flatMap(({ checks, result }) =>
    checks
      .filter((check) => warns(check, result === 'passed'))
      .map((check) => ({
        key: `${check.id} ${check.title}`,
        title: forLog(check.title),
        lines: checkLine(check),
      })),
  );
  const placed: readonly Issue[] = placedIssues(report);
  return (['error', 'warning'] as const).flatMap((kind) =>
    [
      ...issues(kind, kind === 'error' ? errors : warnings),
      ...placed.filter((issue) => issue.kind === kind),
    ].slice(0, MOST_OF_A_KIND),
  );
}

/** Of a connection that passed, what failed beside it is worth no more than a warning. */
function warns({ status }: Check, passed: boolean): boolean {
  return status === 'warn' || (passed && (status === 'fail' || status === 'unknown'));
}

/** Several clusters may lack the same thing. */
function keyOf({ status, title, cause, fix, check }: BrokenLink): string {
  return JSON.stringify([status, cause ?? title, { ...optional('fix', fix) }, check]);
}

function issues(
  kind: Issue['kind'],
  all: readonly { key: string; title: string; lines: readonly string[] }[],
): Issue[] {
  const first = new Map<string, Issue>();
  for (const { key, title, lines } of all) {
    const [head = '', ...rest] = lines;
    const told = head.replace(/^\S+ /, '').startsWith(title) && rest.length > 0 ? rest : lines;
    if (!first.has(key)) first.set(key, { kind, title, message: told.map((line) => line.trim()).join('\n') });
  }
  return [...first.values()].slice(0, MOST_OF_A_KIND);
}
