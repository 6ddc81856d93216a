/** The shape of a fault rule in a scenario, and what doesn't fit together in one. */
import {
  choice,
  count,
  described,
  duration,
  either,
  list,
  object,
  optional,
  text,
  withDefault,
} from '../cloud/schema.js';
import type { Problem, Value } from '../cloud/schema.js';
import { KINDS, settingOf, stageOf } from './kinds.js';
import type { FaultKind, Setting } from './kinds.js';

const kindWords = Object.keys(KINDS) as [FaultKind, ...FaultKind[]];

/**
 * One rule: a kind of fault, the requests it is put on (all that is given must fit), and which of those it strikes (all
 * that is given must hold; nothing given: every one). The first rule that strikes a request is the only one that does.
 */
export const faultRule = object({
  fault: choice(...kindWords),

  service: described(
    'entra, arm, acr, kubernetes, github, azure-devops: as in the request log.',
    optional(text({ pattern: /^[a-z-]+$/, form: 'the name of a service such as arm' })),
  ),
  host: described(
    'A glob such as `*.azurecr.io`.',
    optional(text({ pattern: /\S/, form: 'a host name, with * for any letters' })),
  ),
  method: optional(text({ pattern: /^[A-Z]+$/, form: 'a method in upper case' })),
  path: described(
    "A glob of the path without its query: `*` is any part of a name, `**` any number of names. Letters' case counts for nothing.",
    optional(text({ pattern: /^(\/|\*)/, form: 'a path such as /v2/**' })),
  ),
  route: described(
    'Name of a route as the request log has it.',
    optional(text({ pattern: /\S/, form: 'the name of a route' })),
  ),
  from: described(
    "Whose requests: those of the nodes' kubelets, those of everyone outside, or both.",
    withDefault(choice('clients', 'nodes', 'all'), 'clients'),
  ),

  nth: described(
    'The how-manieth of the requests that fit, counted from 1.',
    optional(either(count(), (value) => !Array.isArray(value), list(count()))),
  ),
  first: described('So many from the first on.', optional(count())),
  percent: described("Each with this probability, 1 to 100, by the scenario's seed.", optional(count())),
  after: described(
    'Since the start: those before and those from then on are left alone, and not counted.',
    optional(duration()),
  ),
  until: optional(duration()),

  retryAfter: described(
    "What the answer asks to wait, and how it says so; in ARM's words in the body alone: `body`.",
    optional(duration()),
  ),
  retryAfterForm: optional(choice('seconds', 'date', 'body')),
  by: optional(duration()),
  lag: optional(duration()),
  over: optional(duration()),
});

/** One rule as it was read: times in milliseconds. */
export type FaultRule = Value<typeof faultRule>;

type Durations = 'after' | 'until' | 'retryAfter' | 'by' | 'lag' | 'over';

/** One rule as a scenario has it: what isn't given has its default, and times are such as `10s`. */
export type FaultDocument = { fault: FaultKind } & Partial<
  { [K in Exclude<keyof FaultRule, Durations | 'fault'>]: FaultRule[K] } & { [K in Durations]: string }
>;

const SETTINGS: readonly Setting[] = ['retryAfter', 'retryAfterForm', 'by', 'lag', 'over'];

/** Notes what doesn't fit together in a rule whose keys have been read. */
export function checkFaultRule(rule: FaultRule, path: string, problems: Problem[]): void {
  const note = (key: string, message: string): void =>
    void problems.push({ path: `${path}.${key}`, message });
  for (const setting of SETTINGS) {
    const has = settingOf(rule.fault, setting);
    if (rule[setting] !== undefined && has === undefined) note(setting, `is no setting of ${rule.fault}`);
    if (rule[setting] === undefined && has === 'must') note(setting, `is missing: ${rule.fault} needs it`);
  }
  if (rule.retryAfterForm !== undefined && rule.retryAfter === undefined)
    note('retryAfter', 'is missing: retryAfterForm says how it is told');
  if (rule.retryAfterForm === 'body' && (rule.service !== 'arm' || rule.fault !== 'throttled'))
    note('retryAfterForm', 'may be body only for throttled with service arm');
  const early = ['look-up', 'handshake'].includes(stageOf(rule.fault));
  for (const key of ['method', 'path', 'route'] as const) {
    if (early && rule[key] !== undefined)
      note(key, `can't be told yet when ${rule.fault} strikes; only service, host and from can`);
  }
  if (rule.after !== undefined && rule.until !== undefined && rule.until <= rule.after)
    note('until', 'must be later than after');
  if (rule.percent !== undefined && (rule.percent < 1 || rule.percent > 100))
    note('percent', 'must be from 1 to 100');
  if ([rule.nth].flat().includes(0) || rule.first === 0)
    note(rule.first === 0 ? 'first' : 'nth', 'counts from 1');
}
