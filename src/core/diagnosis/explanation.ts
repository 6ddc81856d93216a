/** What is answered when somebody asks what a message means. */
import { CAUSES, familyOf } from './causes.js';
import type { CauseId, Family } from './causes.js';
import type { Facts } from './ranking/facts.js';
import { nextSteps } from './ranking/next.js';
import { rank } from './ranking/rank.js';
import type { Evidence } from './ranking/rank.js';
import { subjectsIn } from './symptoms/input.js';
import { joined, parseSymptom } from './symptoms/parse.js';

export interface ExplainedCause {
  id: CauseId;
  family: Family;
  /** From 0 to 1. */
  confidence: number;
  evidence: readonly Evidence[];
}

/** What one failure means. */
export interface Explanation {
  /** Pods and images that fail so; empty for plain text. */
  subjects: readonly string[];
  /** The first cause is the cause. */
  determined: boolean;
  /** The likeliest first. */
  causes: readonly ExplainedCause[];
  /** What to do: the fix where the cause is determined, else what to look at. */
  next: readonly string[];
}

/**
 * Explains everything that a text says of pulls; failures that are alike once, the most frequent first.
 *
 * @returns nothing when the text says nothing of a pull, such as a pod that runs
 */
export function explainText(text: string, facts: Facts = {}): Explanation[] {
  const alike = new Map<string, Explanation>();
  for (const { pod, image, messages } of subjectsIn(text)) {
    const symptom = joined(messages.map((message) => parseSymptom(message)));
    const verdict = rank(symptom, facts);
    const key = JSON.stringify([
      verdict.determined,
      verdict.causes.map(({ id }) => id),
      symptom.speaks?.host,
    ]);
    const subject = [pod, image].filter((part) => part !== undefined).join(' ');
    const known = alike.get(key);
    alike.set(key, {
      ...(known ?? {
        determined: verdict.determined,
        causes: verdict.causes.map((cause) => ({ ...cause, family: familyOf(cause.id) })),
        next: nextSteps(symptom, verdict),
      }),
      subjects: [...(known?.subjects ?? []), ...(subject === '' ? [] : [subject])],
    });
  }
  return [...alike.values()].sort((one, other) => other.subjects.length - one.subjects.length);
}

/** The cause's own words, for whoever renders an explanation. */
export function wordsOf(id: CauseId): { title: string; why: string; fix: string } {
  const { title, why, fix } = CAUSES[id];
  return { title, why, fix: fix({}).summary };
}
