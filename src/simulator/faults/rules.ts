/** Which requests a fault strikes: rules in order, counted, timed and rolled for by one seed. */
import { createRandom } from '../cloud/random.js';
import { stageOf } from './kinds.js';
import type { Stage } from './kinds.js';
import type { FaultRule } from './schema.js';

/** Where a request comes from: a node of a cluster, or anywhere outside. */
export type Origin = 'clients' | 'nodes';

/** What is known of a request at one stage. */
export interface Asked {
  from: Origin;
  host: string;
  /** Absent for a name that nobody serves. */
  service?: string | undefined;
  method?: string;
  /** With or without its query. */
  path?: string;
  /** Absent until the service has named it. */
  route?: string;
}

export interface RuleBook {
  /** The fault that strikes a request at a stage, if one does. To be asked once for each; see {@link Asked.route}. */
  strikes(stages: readonly Stage[], asked: Asked): FaultRule | undefined;
  /** Puts one more rule before the others, from now on; the answer takes it back. */
  add(rule: FaultRule): () => void;
}

interface Entry {
  rule: FaultRule;
  number: number;
  fits: (asked: Asked) => boolean;
  count: number;
}

/**
 * @param now milliseconds since the epoch
 */
export function createRuleBook(rules: readonly FaultRule[], seed: number, now: () => number): RuleBook {
  const began = now();
  const random = createRandom(seed, 'faults');
  let numbers = 0;
  const entry = (rule: FaultRule): Entry => ({ rule, number: ++numbers, fits: fitting(rule), count: 0 });
  let entries = rules.map(entry);

  return {
    strikes(stages, asked) {
      for (const one of entries) {
        const { rule, fits, number } = one;
        if (!stages.includes(stageOf(rule.fault)) || !fits(asked)) continue;
        const since = now() - began;
        if (since < (rule.after ?? 0) || since >= (rule.until ?? Infinity)) continue;
        one.count += 1;
        const rolled =
          rule.percent === undefined ||
          random.fraction(String(number), ...streamOf(asked)) * 100 < rule.percent;
        if (rolled && one.count <= (rule.first ?? Infinity) && isNth(rule, one.count)) return rule;
      }
      return undefined;
    },
    add(rule) {
      const added = entry(rule);
      entries = [added, ...entries];
      return () => {
        entries = entries.filter((one) => one !== added);
      };
    },
  };
}

/** Each request rolls its own die, so that what goes on beside it changes nothing. */
function streamOf({ host, method = '', path = '' }: Asked): string[] {
  return [host, method, path.split('?', 1)[0] ?? ''];
}

function isNth({ nth }: FaultRule, count: number): boolean {
  return nth === undefined || [nth].flat().includes(count);
}

/** Rules that name a route are asked once it is named, the others as soon as the request is there. */
function fitting(rule: FaultRule): (asked: Asked) => boolean {
  const host = rule.host === undefined ? undefined : glob(rule.host);
  const path = rule.path === undefined ? undefined : glob(rule.path);
  return (asked) =>
    (rule.from === 'all' || rule.from === asked.from) &&
    (rule.service === undefined || rule.service === asked.service) &&
    (host === undefined || host.test(asked.host)) &&
    (rule.method === undefined || rule.method === asked.method) &&
    (path === undefined || path.test(asked.path?.split('?', 1)[0] ?? '')) &&
    rule.route === asked.route;
}

/** `*` is anything but a slash, `**` anything at all. */
function glob(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      return part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, 'is');
}
