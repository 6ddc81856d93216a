/** What is answered when somebody asks what a message means. */
import { CAUSES, familyOf } from './causes.js';
import { optional } from '../json.js';
import type { FixFacts } from './cause.js';
import type { CauseId, Family } from './causes.js';
import type { Facts } from './ranking/facts.js';
import { nextSteps } from './ranking/next.js';
import { rank } from './ranking/rank.js';
import type { Evidence } from './ranking/rank.js';
import { subjectsIn } from './symptoms/input.js';
import type { Subject } from './symptoms/input.js';
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

/** What is known besides the text. */
export interface Known {
  /** Of what is said of one image of one pod. */
  factsOf: (subject: Subject) => Facts;
  /** For the commands. */
  fix: FixFacts;
}

/**
 * Explains everything that a text says of pulls; failures that are alike once, the most frequent first.
 *
 * @returns nothing when the text says nothing of a pull, such as a pod that runs
 */
export function explainText(text: string, known: Known = { factsOf: () => ({}), fix: {} }): Explanation[] {
  const alike = new Map<string, Explanation>();
  for (const about of subjectsIn(text)) {
    const { pod, image, node, messages } = about;
    const symptom = joined(messages.map((message) => parseSymptom(message)));
    const verdict = rank(symptom, known.factsOf(about));
    const key = JSON.stringify([
      verdict.determined,
      verdict.causes.map(({ id }) => id),
      symptom.speaks?.host,
    ]);
    const subject = [pod, image].filter((part) => part !== undefined).join(' ');
    const earlier = alike.get(key);
    alike.set(key, {
      ...(earlier ?? {
        determined: verdict.determined,
        causes: verdict.causes.map((cause) => ({ ...cause, family: familyOf(cause.id) })),
        next: nextSteps(symptom, verdict, {
          ...known.fix,
          ...optional('node', node),
          ...optional('pod', pod),
        }),
      }),
      subjects: [...(earlier?.subjects ?? []), ...(subject === '' ? [] : [subject])],
    });
  }
  return [...alike.values()].sort((one, other) => other.subjects.length - one.subjects.length);
}

/** Images that a text names, as it names them: by whom they are told of, else in the words. */
export function imagesIn(text: string): string[] {
  const named = subjectsIn(text).flatMap(({ image, messages }) => [
    image,
    ...messages.map(
      (message) => parseSymptom(message).attempts.find((one) => one.image !== undefined)?.image,
    ),
  ]);
  return [...new Set(named.filter((image) => image !== undefined))];
}

/** The cause's own words, for whoever renders an explanation. */
export function wordsOf(id: CauseId): { title: string; why: string; fix: string } {
  const { title, why, fix } = CAUSES[id];
  return { title, why, fix: fix({}).summary };
}
