/** The core's {@link Log} as GitHub's runner reads it: groups, masks, and annotations at the end. */
import { debug, endGroup, error, info, setSecret, startGroup, warning } from '@actions/core';
import { optional } from '../core/json.js';
import type { Log } from '../core/ports.js';
import type { Report } from '../core/report.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { issuesOf } from '../render/issues.js';
import { findingLine, Story, waitingLine } from '../render/story.js';

/** A {@link Log} whose last group can be ended. */
export interface GitHubLog extends Log {
  endChapter(): void;
}

/** Tells the story on standard output. What others said is neutralised before it gets there. */
export function createLog(): GitHubLog {
  let inChapter = false;
  const told = new Story();
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
    check: (check) => tell(told.check(check)),
    pull: (pull) => tell(told.pull(pull)),
    finding: (finding) => tell(findingLine(finding)),
    waiting: (waiting) => tell([waitingLine(waiting)]),
    debug: (line) => debug(forLog(line)),
    secret(value) {
      if (value !== '') setSecret(value);
    },
  };
}

/** Puts what went wrong where it is seen without unfolding anything. */
export function annotate(report: Report): void {
  for (const { kind, title, message, place } of issuesOf(report)) {
    const annotation = kind === 'error' ? error : warning;
    annotation(forAnnotation(message), {
      title: forLog(title),
      ...(place === undefined ? {} : { file: forLog(place.file), ...optional('startLine', place.line) }),
    });
  }
}
