/** Which faults are put on which requests: made from what a run without any fault asked for, never typed by hand. */
import { KINDS } from '../../src/simulator/faults/kinds.js';
import type { FaultDocument, FaultKind, RequestRecord } from '../../src/simulator/index.js';
import { openSlot, runOnce, wrongs } from './fault-runs.js';
import type { Mode, Ran, RunOptions, Slot } from './fault-runs.js';

/** One fault on one route. */
export interface Case {
  name: string;
  mode: Mode;
  rule: FaultDocument;
  service: string;
  /** For runs whose node must not have the image yet. */
  fresh?: true;
}

type Setting = Omit<FaultDocument, 'fault'>;

/** Settings that a kind is tried with. One that isn't here is tried as it is, once. */
const SETTINGS: Partial<Record<FaultKind, readonly Setting[]>> = {
  throttled: [{}, { retryAfter: '2s' }, { retryAfter: '2s', retryAfterForm: 'date' }],
  'slow-body': [{ over: '1s' }],
  'clock-ahead': [{ by: '2h' }],
  'clock-behind': [{ by: '2h' }],
  'list-lag': [{ lag: '1h' }],
};
/** Only the directory hands out these tokens. */
const OF_TOKENS: readonly FaultKind[] = ['expired-token', 'wrong-audience', 'clock-ahead', 'clock-behind'];

const kinds = (stages: readonly string[]): FaultKind[] =>
  (Object.keys(KINDS) as FaultKind[]).filter((kind) => stages.includes(KINDS[kind].stage));

/** Kinds that fit a route, each with its settings. */
function faultsFor({ service, route = '' }: RequestRecord): FaultDocument[] {
  return kinds(['request', 'answer'])
    .filter((kind) => !OF_TOKENS.includes(kind) || (service === 'entra' && route.startsWith('POST')))
    .filter((kind) => kind !== 'list-lag' || route === 'GET {scope}/roleAssignments')
    .flatMap((kind) =>
      (SETTINGS[kind] ?? [{}]).map((setting): FaultDocument => ({ fault: kind, ...setting })),
    );
}

/** The first request of each route that clients (or nodes) asked for. */
export function routesOf(requests: readonly RequestRecord[], from: 'clients' | 'nodes'): RequestRecord[] {
  const seen = new Set<string>();
  return requests.filter(({ service, route, ...record }) => {
    const key = `${service ?? ''} ${route ?? ''}`;
    if (service === undefined || route === undefined || isNode(record) !== (from === 'nodes')) return false;
    return !seen.has(key) && seen.add(key);
  });
}

/** Blob hosts see no identity; only nodes fetch blobs in these runs. */
function isNode({ caller, host }: Pick<RequestRecord, 'caller' | 'host'>): boolean {
  const anonymous = caller === undefined || caller === 'anonymous';
  return (caller ?? '').startsWith('kubelet of') || (anonymous && /azurecr\.io$|blob\.core/.test(host));
}

/** Each kind on each route. */
export function onRoutes(
  mode: Mode,
  routes: readonly RequestRecord[],
  more: Setting,
  wanted: (kind: FaultKind) => boolean = () => true,
): Case[] {
  return routes.flatMap((record) =>
    faultsFor(record)
      .filter(({ fault }) => wanted(fault))
      .map((fault): Case => {
        const { service = '', route = '' } = record;
        const rule: FaultDocument = {
          ...fault,
          service,
          route,
          ...more,
          ...(fault.retryAfterForm === undefined ? {} : { retryAfterForm: fault.retryAfterForm }),
        };
        const settings = Object.values({ ...fault, ...more }).join(' ');
        return {
          name: `${mode}: ${service} ${route}: ${settings}`,
          mode,
          rule,
          service,
          ...(more.from === 'nodes' ? { fresh: true as const } : {}),
        };
      }),
  );
}

/** Each kind that keeps a connection from being made, on each host. */
export function onHosts(mode: Mode, routes: readonly RequestRecord[], more: Setting): Case[] {
  const hosts = new Map(routes.map(({ host, service = '' }) => [host, service]));
  return [...hosts].flatMap(([host, service]) =>
    kinds(['look-up', 'handshake']).map((fault): Case => ({
      name: `${mode}: ${service} ${host}: ${[fault, ...Object.values(more)].join(' ')}`,
      mode,
      rule: { fault, host, ...more },
      service,
    })),
  );
}

export interface CaseResult {
  one: Case;
  ran: Ran;
  wrongs: string[];
}

/** How many clouds stand side by side: runs mostly wait. */
const SLOTS = 18;

/**
 * Runs every case, many side by side. One that something is wrong with is run once more, alone and in a slower time, for
 * on a busy machine time limits strike that have nothing to do with the fault; what it then says counts.
 */
export async function runCases(cases: readonly Case[]): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  // Those that take longest begin first.
  const waiting = [...cases].sort((one, other) => Number(waits(other)) - Number(waits(one)));
  const work = async (): Promise<void> => {
    const slots = new Map<Mode, Slot>();
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      // Nodes remember what they asked for, so a fault of theirs strikes only in a cloud that is new.
      if (one.rule.from === 'nodes') {
        results.push(await inSlot(one.mode, (slot) => runCase(slot, one)));
        continue;
      }
      const slot = slots.get(one.mode) ?? (await openSlot(one.mode));
      slots.set(one.mode, slot);
      results.push(await runCase(slot, one));
    }
    for (const slot of slots.values()) await slot.end();
  };
  await Promise.all(Array.from({ length: Math.min(SLOTS, cases.length) }, work));
  const settled: CaseResult[] = [];
  for (const result of results) {
    settled.push(
      result.wrongs.length === 0
        ? result
        : await inSlot(result.one.mode, (slot) => runCase(slot, result.one, { speed: 3 })),
    );
  }
  return settled;
}

function waits({ rule }: Case): boolean {
  return rule.fault.startsWith('stall');
}

/** In a cloud of its own. */
export async function inSlot<T>(mode: Mode, work: (slot: Slot) => Promise<T>): Promise<T> {
  const slot = await openSlot(mode);
  try {
    return await work(slot);
  } finally {
    await slot.end();
  }
}

export async function runCase(
  slot: Slot,
  one: Case,
  options: Pick<RunOptions, 'breaks' | 'speed'> = {},
): Promise<CaseResult> {
  const ran = await runOnce(slot, {
    rules: [one.rule],
    ...(one.fresh === true ? { tag: slot.freshTag() } : {}),
    ...options,
  });
  const wrong = wrongs(ran, { service: one.service, once: one.rule.first === 1 });
  if (!ran.requests.some(({ fault }) => fault !== undefined)) wrong.push('the fault never struck');
  return { one, ran, wrongs: wrong };
}

/** `passed 12, failed 3`. */
export function counted(results: readonly CaseResult[]): string {
  const words = ['passed', 'failed', 'unknown', 'hung'] as const;
  return words.map((word) => `${results.filter(({ ran }) => ran.result === word).length} ${word}`).join(', ');
}

/** What to show of cases that went wrong. */
export function shown(results: readonly CaseResult[]): string[] {
  return results
    .filter((one) => one.wrongs.length > 0)
    .map((one) => `${one.one.name} → ${one.ran.result}: ${one.wrongs.join('; ')}`);
}
