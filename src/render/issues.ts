/** The report → what a CI system shows where nothing has to be unfolded: its annotations, its list of issues. */
import type { Report, Status } from '../core/report.js';
import { checkLine, pullLine } from './story.js';

/** Lines are harmless in a log. */
export interface Issue {
  kind: 'error' | 'warning';
  /** What was asserted. */
  title: string;
  /** What was seen, why, and what to do; the title when there is no more to say. */
  message: string;
}

/** GitHub and Azure Pipelines show no more of one kind for a step (docs.github.com, "Workflow commands" limits; ten issues a step in azure-pipelines-agent, ExecutionContext.cs). */
const MOST_OF_A_KIND = 10;

/**
 * Errors for what failed or could not be told, warnings for the rest, each with what was seen, why and what to do. Ten of
 * each at most; many pulls that fail alike are told once.
 */
export function issuesOf(report: Report): Issue[] {
  return [...issues(report, 'error', ['fail', 'unknown']), ...issues(report, 'warning', ['warn'])];
}

function issues({ connections }: Report, kind: Issue['kind'], statuses: readonly Status[]): Issue[] {
  const all = connections.flatMap(({ checks, pulls }) => [
    ...checks
      .filter(({ status }) => statuses.includes(status))
      .map((check) => ({ key: `${check.id} ${check.title}`, lines: checkLine(check) })),
    ...pulls
      .filter(({ status }) => statuses.includes(status))
      .map((pull) => ({ key: `${pull.image} ${pull.cause ?? pull.message ?? ''}`, lines: pullLine(pull) })),
  ]);
  return [...new Map(all.reverse().map(({ key, lines }) => [key, lines])).values()]
    .reverse()
    .slice(0, MOST_OF_A_KIND)
    .map(([title = '', ...rest]) => ({
      kind,
      title: title.replace(/^\S+ /, ''),
      message: rest.length === 0 ? title : rest.map((line) => line.trim()).join('\n'),
    }));
}
