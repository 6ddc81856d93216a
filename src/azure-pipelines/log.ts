/** The core's {@link Log} as Azure Pipelines' agent reads it: sections, progress, masks, and issues at the end. */
import type { Log } from '../core/ports.js';
import type { Place, Report } from '../core/report.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { issuesOf } from '../render/issues.js';
import { findingLine, Story, waitingLine } from '../render/story.js';
import type { Agent } from './agent.js';

/** A {@link Log} whose last section can be ended. */
export interface AzurePipelinesLog extends Log {
  endChapter(): void;
}

/** Of a text of several lines, shorter ones say nothing that must be hidden, and would blot out half the log. */
const SHORTEST_MASK = 8;

/** Tells the story. What others said is neutralised before it gets to the agent, which looks for commands in every line. */
export function createLog(agent: Agent): AzurePipelinesLog {
  let inChapter = false;
  const masked = new Set<string>();
  const told = new Story();
  const tell = (lines: readonly string[]): void => lines.forEach((line) => agent.line(line));
  const endChapter = (): void => {
    if (inChapter) agent.line('##[endgroup]');
    inChapter = false;
  };
  return {
    chapter(title) {
      endChapter();
      agent.line(`##[group]${forLog(title)}`);
      inChapter = true;
    },
    endChapter,
    check: (check) => tell(told.check(check)),
    pull: (pull) => tell(told.pull(pull)),
    finding: (finding) => tell(findingLine(finding)),
    waiting(waiting) {
      const { elapsedMs, limitMs } = waiting;
      const percent = limitMs > 0 ? Math.min(99, Math.floor((100 * elapsedMs) / limitMs)) : 0;
      tell([waitingLine(waiting)]);
      agent.command('task.setprogress', { value: String(percent) }, waitingLine(waiting));
    },
    debug(line) {
      if (agent.debugging) agent.command('task.debug', {}, forLog(line));
    },
    secret(value) {
      // The agent masks no text of several lines, such as a PEM's.
      const lines = value.split(/[\r\n]+/);
      const masks =
        lines.length === 1
          ? lines
          : lines.filter((line) => line.length >= SHORTEST_MASK && !line.startsWith('-----'));
      for (const mask of masks) {
        if (mask.trim() === '' || masked.has(mask)) continue;
        masked.add(mask);
        agent.command('task.setsecret', {}, mask);
      }
    },
  };
}

/** An error or a warning of the step: shown on the run's page as in its log. */
export function logIssue(agent: Agent, type: 'error' | 'warning', text: string, place?: Place): void {
  // https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands, LogIssue.
  const where: Record<string, string> =
    place === undefined
      ? {}
      : {
          sourcepath: forLog(place.file),
          ...(place.line === undefined ? {} : { linenumber: String(place.line) }),
        };
  agent.command('task.logissue', { type, ...where }, forAnnotation(text));
}

/** Puts what went wrong where it is seen without unfolding anything. Issues have no title of their own here. */
export function logIssues(agent: Agent, report: Report): void {
  for (const { kind, title, message, place } of issuesOf(report)) {
    logIssue(agent, kind, message.includes(title) ? message : `${title}\n${message}`, place);
  }
}
