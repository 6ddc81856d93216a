/** The core's {@link Log} as GitHub's runner reads it: groups, masks, and annotations at the end. */
import { debug, endGroup, error, info, setSecret, startGroup, warning } from '@actions/core';
import type { Log } from '../core/ports.js';
import type { Connection, Report } from '../core/report.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { checkLine, findingLine, pullLine, waitingLine } from '../render/story.js';

/** A {@link Log} whose last group can be ended. */
export interface GitHubLog extends Log {
  endChapter(): void;
}

/** Tells the story on standard output. What others said is neutralised before it gets there. */
export function createLog(): GitHubLog {
  let inChapter = false;
  const tell = (lines: readonly string[]): void => lines.forEach((line) => info(line));
  const endChapter = (): void => {
    // GitHub has no groups within groups.
    if (inChapter) endGroup();
    inChapter = false;
  };
  return {
    chapter(title) {
      endChapter();
      startGroup(forLog(title));
      inChapter = true;
    },
    endChapter,
    check: (check) => tell(checkLine(check)),
    pull: (pull) => tell(pullLine(pull)),
    finding: (finding) => tell(findingLine(finding)),
    waiting: (waiting) => tell([waitingLine(waiting)]),
    debug: (line) => debug(forLog(line)),
    secret(value) {
      if (value !== '') setSecret(value);
    },
  };
}

/** GitHub shows no more annotations of one kind for a step (docs.github.com, "Workflow commands" limits). */
const MOST_ANNOTATIONS = 10;

interface Annotation {
  title: string;
  message: string;
}

/**
 * Puts what went wrong where it is seen without unfolding anything: errors for what failed or could not be told, warnings
 * for the rest, each with what was seen, why and what to do. Ten of each at most; many pulls that fail alike are told once.
 */
export function annotate(report: Report): void {
  for (const { title, message } of annotations(report.connections, ['fail', 'unknown'])) {
    error(forAnnotation(message), { title: forLog(title) });
  }
  for (const { title, message } of annotations(report.connections, ['warn'])) {
    warning(forAnnotation(message), { title: forLog(title) });
  }
}

function annotations(connections: readonly Connection[], statuses: readonly string[]): Annotation[] {
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
    .slice(0, MOST_ANNOTATIONS)
    .map(([title = '', ...rest]) => ({
      title: title.replace(/^\S+ /, ''),
      message: rest.length === 0 ? title : rest.map((line) => line.trim()).join('\n'),
    }));
}
