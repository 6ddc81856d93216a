/** From what a message tells, and what else is known, to the causes it may have. */
import type { CauseId } from '../causes.js';
import type { Symptom } from '../symptoms/symptom.js';
import { CANDIDATES } from './candidates.js';
import type { Candidate } from './candidates.js';
import { FACT_RULES, factsAbout } from './facts.js';
import type { Facts } from './facts.js';
import type { Sign } from '../symptoms/rules.js';

export interface Evidence {
  side: 'for' | 'against';
  text: string;
}

export interface Ranked {
  id: CauseId;
  /** From 0 to 1, over all that are offered: how it compares with the others, not how often it is right. */
  confidence: number;
  evidence: readonly Evidence[];
}

export interface Verdict {
  /** The first cause is the cause: nothing else fits what was said and what is known. */
  determined: boolean;
  /** The likeliest first; empty where the words are none that are known. */
  causes: readonly Ranked[];
}

/** What a fact that decides leaves to the others. */
const DECIDED = 0.95;
/** What words that leave no other cause leave to chance. */
const SURE = 0.9;
/** How much a fact that speaks against a cause leaves of its weight. */
const LEFT = 0.1;

/**
 * Ranks the causes. Facts come before words: a fact that decides is the answer, and one that contradicts sure words makes
 * them undecided. What the words don't tell stays undetermined.
 *
 * @param candidates others than all, to measure what each source taught
 */
export function rank(
  symptom: Symptom,
  facts: Facts = {},
  candidates: Readonly<Partial<Record<Sign, readonly Candidate[]>>> = CANDIDATES,
): Verdict {
  const { speaks } = symptom;
  if (speaks?.sign === undefined) return { determined: false, causes: [] };
  const offered = (candidates[speaks.sign] ?? []).filter(({ of }) => of?.(speaks, symptom) !== false);
  const known = factsAbout(symptom, facts);
  const applying = FACT_RULES.filter((rule) => rule.of(symptom) && rule.when(known, symptom));
  const decider = applying.find(({ effect }) => effect === 'decides');
  const against = (id: CauseId): boolean =>
    applying.some(({ cause, effect }) => cause === id && effect === 'against');

  const weights = new Map(
    offered.map(({ cause, weight }) => [cause, against(cause) ? weight * LEFT : weight] as const),
  );
  if (decider !== undefined) weights.set(decider.cause, weights.get(decider.cause) ?? 1);
  const certain = decider?.cause ?? offered.find((one) => one.sure === true && !against(one.cause))?.cause;
  const share = decider === undefined ? SURE : DECIDED;
  const rest = sum([...weights].filter(([id]) => id !== certain).map(([, weight]) => weight));
  const confidence = (id: CauseId, weight: number): number => {
    if (certain === undefined) return rest === 0 ? 0 : weight / rest;
    return id === certain ? share : ((1 - share) * weight) / rest;
  };
  const causes = [...weights]
    .map(([id, weight]) => ({
      id,
      confidence: Math.round(confidence(id, weight) * 100) / 100,
      evidence: evidenceFor(id, symptom, applying),
    }))
    .sort((one, other) => other.confidence - one.confidence);
  return { determined: certain !== undefined, causes };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function evidenceFor(
  id: CauseId,
  { speaks, attempts }: Symptom,
  applying: readonly { cause: CauseId; effect: string; says: string }[],
): Evidence[] {
  const where = [
    speaks?.stage === undefined ? '' : `it came as far as: ${speaks.stage}`,
    speaks?.host === undefined ? '' : `host ${speaks.host.name}`,
    speaks?.address === undefined
      ? ''
      : `${speaks.address.kind === 'unknown' ? '' : `${speaks.address.kind} `}address ${speaks.address.text}`,
    attempts.length > 1 ? `furthest of ${attempts.length} attempts` : '',
  ].filter((part) => part !== '');
  return [
    {
      side: 'for',
      text: `the message says: ${(speaks?.words ?? '').replace(/\b(REF|URL|HOST)\b/g, '…')}${where.length === 0 ? '' : ` (${where.join('; ')})`}`,
    },
    ...applying
      .filter(({ cause }) => cause === id)
      .map(({ effect, says }) => ({
        side: effect === 'against' ? ('against' as const) : ('for' as const),
        text: says,
      })),
  ];
}
