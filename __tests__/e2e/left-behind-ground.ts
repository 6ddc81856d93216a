/**
 * The three shipped bundles, each as its host runs it, on a simulated cloud that stands still at a chosen moment: what every
 * test of what is left behind begins with.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProxyAgent, request as exchange } from 'undici';
import { createRandom } from '../../src/simulator/cloud/random.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { Held, Hold, Simulator } from '../../src/simulator/index.js';
import { SHIPPED } from './runner.js';
import type { RunningStep, StepResult } from './runner.js';
import { openScene, scenario } from './scene.js';
import { openTaskScene } from './task-scene.js';

/** In seconds; docs/how-it-works.md states them. */
export const DEADLINE = 210;
export const TTL = 60;

/** Milliseconds that a cancelled run has until nothing of it is left in the cluster. */
export const LIMIT_MS = 5_000;
/** Milliseconds from one of the host's signals to the next (actions/runner and azure-pipelines-agent, ProcessInvoker). */
export const TO_SIGTERM_MS = 7_500;
const TO_SIGKILL_MS = 2_500;

const SECRET = 'S3cret~of/the.deployer+that=is-long';
const MARK = 'LEFT_BEHIND_TEST';
/** Milliseconds for anything that a busy machine does in a moment. */
const PATIENCE_MS = 30_000;

/** So often is something tried whose time is a host's: a process that waits for a processor is late by no fault of its own. */
const TRIES = 3;

/**
 * Does what must be over in a host's own time. On a machine that is busy with other tests it may be late, so it is tried
 * again, and must hold once; what breaks it at every try is the product.
 */
export async function inItsTime(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES) throw error;
      console.log(`tried again: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`);
    }
  }
}

export type HostName = 'action' | 'task' | 'command';

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** All that was written, what masks included. */
  text: string;
}

export interface Started {
  kill: (signal: NodeJS.Signals) => void;
  /** As the host cancels, from this signal on, until the process is gone. */
  cancel(from: 'SIGINT' | 'SIGTERM'): void;
  done: Promise<Ended>;
}

export interface Ground {
  readonly host: HostName;
  readonly simulator: Simulator;
  readonly trap: Trap;
  /** Begins `connect`, in a namespace in which nothing else is, with the grant missing unless it is to stay. */
  start: (more?: Record<string, string>, grant?: 'stays') => Started & { namespace: string };
  /** The action's post step of what was started last; throws for other hosts. */
  post: () => Promise<StepResult>;
  startPost: () => Promise<RunningStep>;
  /** Jobs, pods and service accounts of ours, as `job n1/aks-acr-pull-…`; in one namespace, or in all. */
  contents: (namespace?: string) => Promise<string[]>;
  /** Waits until they are as wanted; gives them as they are then, or as they still are when that takes too long. */
  settled: (wanted: (contents: string[]) => boolean, namespace?: string) => Promise<string[]>;
  /** Lets the cluster's time pass: first until every deadline is over, then every time to live. */
  passLifetimes: () => Promise<string[]>;
  /** What runs or lies about and shouldn't, one line each. */
  remains: () => Promise<string[]>;
  end: () => Promise<void>;
}

const NAMESPACES = Array.from({ length: 200 }, (_, nth) => `n${nth}`);

/** @param cluster replaces parts of the scenario's cluster */
export async function openGround(host: HostName, cluster: object = {}): Promise<Ground> {
  const trap = new Trap();
  const yaml = scenario({
    identities: [
      {
        name: 'deployer',
        ...(host === 'command' ? {} : { federated: host === 'action' ? 'github' : 'azure-pipelines' }),
        secrets: [SECRET],
      },
    ],
    cluster: { namespaces: NAMESPACES, ...cluster },
    login: [
      { principal: 'deployer', role: 'Azure Kubernetes Service Contributor Role', scope: 'cluster:shop' },
      { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
    ],
  });
  const mark = `${host}-${process.pid}-${Math.random()}`;
  const folder = await mkdtemp(join(tmpdir(), 'left behind '));
  const side = await OPEN[host](yaml, trap.hold, { [MARK]: mark, TMPDIR: folder }, folder);
  const { simulator } = side;
  const initial = simulator.state.roleAssignments;
  const look = await lookInto(simulator);
  let namespaces = 0;
  const contents: Ground['contents'] = async (namespace) => (await look(namespace)).map(({ name }) => name);

  async function until(
    wanted: (found: Found[]) => boolean,
    namespace?: string,
    limitMs = PATIENCE_MS,
  ): Promise<Found[]> {
    for (const late = Date.now() + limitMs; ; await delay(50)) {
      const found = await look(namespace);
      if (wanted(found) || Date.now() > late) return found;
    }
  }

  return {
    host,
    simulator,
    trap,
    start(more = {}, grant) {
      if (grant === undefined) simulator.state.roleAssignments = [...initial];
      const namespace = NAMESPACES[namespaces++];
      if (namespace === undefined) throw new Error('the scenario has not enough namespaces');
      return { ...side.start({ namespace, ...more }), namespace };
    },
    post: async () => (await side.startPost()).done,
    startPost: side.startPost,
    contents,
    settled: async (wanted, namespace) =>
      (await until((found) => wanted(found.map(({ name }) => name)), namespace)).map(({ name }) => name),
    async passLifetimes() {
      simulator.pass(DEADLINE * 1000);
      await until((found) => found.every(({ working }) => !working));
      // Jobs end in whole seconds.
      simulator.pass((TTL + 1) * 1000);
      return (await until((found) => found.length === 0)).map(({ name }) => name);
    },
    remains: async () => [
      ...(await processesWith(mark)),
      ...(await filesIn(folder)),
      ...(await side.files()),
    ],
    async end() {
      await look.end();
      await side.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Side extends Pick<Ground, 'simulator' | 'startPost' | 'end'> {
  start(inputs: Record<string, string>): Started;
  /** What lies about besides what the host itself puts there. */
  files(): Promise<string[]>;
}

type Open = (yaml: string, hold: Hold, machine: Record<string, string>, folder: string) => Promise<Side>;

const OPEN: Readonly<Record<HostName, Open>> = {
  async action(yaml, hold, machine) {
    const scene = await openScene(yaml, { hold });
    const { simulator, job } = scene;
    const how = { machine: { ...simulator.environment(), ...machine } };
    let last: { inputs: Record<string, string>; done: Promise<StepResult> } | undefined;
    return {
      simulator,
      start(inputs) {
        const step = scene.start(inputs, how);
        last = { inputs, done: step.done };
        return {
          kill: (signal) => step.kill(signal),
          ...cancelling((signal) => step.kill(signal), step.done),
          done: step.done.then(({ exitCode, signal, stdout, stderr }) => ({
            exitCode,
            signal,
            text: stdout + stderr,
          })),
        };
      },
      async startPost() {
        if (last === undefined) throw new Error('nothing was started');
        return job.startPost(scene.options(last.inputs, how), await last.done);
      },
      files: () => strange(job.temp, /^step \d+\/_temp\/(?:(?:set|save|step|add)_\w+|event\.json)$/),
      end: () => scene.end(),
    };
  },

  async task(yaml, hold, machine) {
    const scene = await openTaskScene(yaml, { hold });
    const { simulator, agent } = scene;
    const how = { machine: { ...simulator.environment(), ...machine } };
    return {
      simulator,
      start(inputs) {
        const task = scene.start(camelCased(inputs), how);
        return {
          kill: (signal) => task.kill(signal),
          cancel: (from) =>
            from === 'SIGINT'
              ? task.cancel()
              : cancelling((signal) => task.kill(signal), task.done).cancel(from),
          done: task.done.then(({ exitCode, signal, stdout, stderr }) => ({
            exitCode,
            signal,
            text: stdout + stderr,
          })),
        };
      },
      startPost: () => Promise.reject(new Error('a task has no post step')),
      // The agent uploads the page once the task is over, and removes both then.
      // So it does with the key that its own library keeps secrets with (azure-pipelines-task-lib, vault.js).
      files: () =>
        strange(agent.temp, /^(?:\.taskkey|aks-acr-pull\/[0-9a-f]{8}\/summary-\w+(?:\/AKS and ACR\.md)?)$/),
      end: () => scene.end(),
    };
  },

  async command(yaml, hold, machine, folder) {
    const simulator = await startSimulator(yaml, { hold });
    const { state } = simulator;
    const environment = {
      PATH: '/nowhere',
      HOME: folder,
      ...simulator.environment(),
      AZURE_TENANT_ID: state.tenantId,
      AZURE_CLIENT_ID: state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
      AZURE_CLIENT_SECRET: SECRET,
      AZURE_SUBSCRIPTION_ID: state.subscriptions[0]?.id ?? '',
      ...machine,
    };
    const inputs = {
      cluster: 'shop',
      'resource-group': 'apps',
      registry: 'contoso.azurecr.io',
      image: 'shop/web:1.4',
    };
    return {
      simulator,
      start(more) {
        const flags = Object.entries({ ...inputs, ...more }).flatMap(([name, value]) => [`--${name}`, value]);
        const child = spawn(
          process.execPath,
          [join(SHIPPED, 'dist', 'cli', 'index.js'), 'connect', ...flags],
          { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
        );
        let text = '';
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        const done = new Promise<Ended>((resolve, reject) => {
          child.on('error', reject);
          child.on('close', (exitCode, signal) => resolve({ exitCode, signal, text }));
        });
        const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
        return { kill, ...cancelling(kill, done), done };
      },
      startPost: () => Promise.reject(new Error('the command has no post step')),
      files: () => Promise.resolve([]),
      end: () => simulator.stop(),
    };
  },
};

/** What is sent while the process doesn't end. */
function cancelling(kill: (signal: NodeJS.Signals) => void, done: Promise<unknown>): Pick<Started, 'cancel'> {
  return {
    cancel(from) {
      const timers = [setTimeout(() => kill('SIGKILL'), TO_SIGTERM_MS + TO_SIGKILL_MS)];
      if (from === 'SIGINT') timers.push(setTimeout(() => kill('SIGTERM'), TO_SIGTERM_MS));
      const stop = (): void => timers.forEach(clearTimeout);
      kill(from);
      done.then(stop, stop);
    },
  };
}

function camelCased(inputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** A moment that has come: the request is held until it is let go. */
export interface Reached {
  held: Held;
  /**
   * Resolves when all is done about it.
   *
   * @param how `drop`: its connection ends, and nothing more is done
   */
  letGo(how: 'carry out' | 'drop'): Promise<void>;
}

/** Holds one request of the bundle's own, and no other. */
export class Trap {
  #set: { fits: (held: Held) => boolean; left: number; caught: (held: Held) => Promise<void> } | undefined;
  #carriedOut: { name: string; tell: () => void } | undefined;
  /** Every request that came, at its first stage. */
  readonly #seen: Held[] = [];

  readonly hold: Hold = async (held) => {
    if (held.from !== 'clients') return;
    if (held.stage === 'request') this.#seen.push(held);
    else if (this.#carriedOut?.name === `${held.method} ${held.path}`) this.#carriedOut.tell();
    const set = this.#set;
    if (set === undefined || !set.fits(held)) return;
    set.left -= 1;
    if (set.left > 0) return;
    this.#set = undefined;
    await set.caught(held);
  };

  /** Resolves with the nth request that fits. Only one can be waited for. */
  next(nth: number, fits: (held: Held) => boolean): Promise<Reached> {
    const carriedOut = (name: string): Promise<void> =>
      new Promise((tell) => (this.#carriedOut = { name, tell }));
    return new Promise((resolve) => {
      const caught = (held: Held): Promise<void> =>
        new Promise((goOn, give) => {
          resolve({
            held,
            async letGo(how) {
              if (how === 'drop') return give(new Error('dropped'));
              const over = held.stage === 'request' ? carriedOut(`${held.method} ${held.path}`) : undefined;
              goOn();
              await over;
            },
          });
        });
      this.#set = { fits, left: nth, caught };
    });
  }

  clear(): void {
    this.#set = undefined;
  }

  /** All that is asked from now on, until the answer is called. */
  record(): () => Held[] {
    const from = this.#seen.length;
    return () => this.#seen.slice(from);
  }
}

/** A request without what differs from run to run. */
export function nameOf({ method, host, path }: Pick<Held, 'method' | 'host' | 'path'>): string {
  const plain = path
    .replace(/\?.*$/, '')
    .replace(/\/namespaces\/n\d+\//, '/namespaces/*/')
    .replace(/aks-acr-pull-[\w-]+/, '*')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*');
  return `${method} ${host}${plain}`;
}

/** Requests that write, or are made as if they would: each by its name and how many of that name came before it. */
export function writesOf(seen: readonly Held[]): { name: string; nth: number }[] {
  const counts = new Map<string, number>();
  return seen
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map((held) => {
      const name = nameOf(held);
      const nth = (counts.get(name) ?? 0) + 1;
      counts.set(name, nth);
      return { name, nth };
    });
}

/** A moment of a run: one of its requests, held there or let go and some milliseconds later. */
export interface Moment {
  nth: number;
  stage: Held['stage'];
  how: 'drop' | 'carry out' | 'let go';
  laterMs: number;
}

/** @param requests how many a run makes */
export function seededMoments(seed: number, count: number, requests: number, ...words: string[]): Moment[] {
  const random = createRandom(seed, 'moments', ...words);
  const one = <T>(of: readonly [T, ...T[]]): T => of[Math.floor(random.fraction() * of.length)] ?? of[0];
  return Array.from({ length: count }, () => ({
    nth: 1 + Math.floor(random.fraction() * requests),
    stage: one(['request', 'answer']),
    how: one(['drop', 'carry out', 'let go']),
    laterMs: Math.floor(random.fraction() * 200),
  }));
}

interface Found {
  name: string;
  working: boolean;
}

interface Item {
  metadata: { namespace?: string; name: string };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

/** Everything a probe may consist of, and what tells that it still works. */
const KINDS: Readonly<Record<string, { group: string; kind: string; working: (item: Item) => boolean }>> = {
  job: {
    group: '/apis/batch/v1',
    kind: 'jobs',
    working: ({ status }) =>
      !(status?.conditions ?? []).some(
        ({ type, status: is }) => /^(Complete|Failed)$/.test(type) && is === 'True',
      ),
  },
  pod: {
    group: '/api/v1',
    kind: 'pods',
    working: ({ status }) => !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  },
  'service account': { group: '/api/v1', kind: 'serviceaccounts', working: () => false },
  secret: { group: '/api/v1', kind: 'secrets', working: () => false },
};

/** Looks into the cluster as an administrator of its own. What AKS' run command leaves is AKS' own. */
async function lookInto(
  simulator: Simulator,
): Promise<((namespace?: string) => Promise<Found[]>) & { end(): Promise<void> }> {
  const [cluster] = simulator.state.clusters;
  if (cluster === undefined) throw new Error('the scenario has no cluster');
  const authority = await simulator.context.clusterAuthority(cluster);
  const { certificate, key } = await authority.client('look', ['system:masters']);
  const agent = new ProxyAgent({
    uri: simulator.proxyUrl,
    requestTls: { ca: authority.certificate, cert: certificate, key },
  });
  const list = async (path: string): Promise<Item[]> => {
    const { statusCode, body } = await exchange(`https://${cluster.fqdn}${path}`, { dispatcher: agent });
    if (statusCode !== 200) throw new Error(`the cluster answered ${statusCode} to ${path}`);
    return ((await body.json()) as { items: Item[] }).items;
  };
  const look = async (namespace?: string): Promise<Found[]> => {
    const where = namespace === undefined ? '' : `/namespaces/${namespace}`;
    const found = await Promise.all(
      Object.entries(KINDS).map(async ([what, { group, kind, working }]) =>
        (await list(`${group}${where}/${kind}`))
          .filter(
            ({ metadata }) => NAMESPACES.includes(metadata.namespace ?? '') && metadata.name !== 'default',
          )
          .map((item) => ({
            name: `${what} ${item.metadata.namespace ?? ''}/${item.metadata.name}`,
            working: working(item),
          })),
      ),
    );
    return found.flat();
  };
  return Object.assign(look, { end: () => agent.destroy() });
}

/** Processes that a bundle left running, on systems that can tell. */
async function processesWith(mark: string): Promise<string[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const environment = await readFile(`/proc/${id}/environ`, 'latin1').catch(() => '');
      return environment.includes(`${MARK}=${mark}`) ? [`process ${id}`] : [];
    }),
  );
  return found.flat();
}

/** Files of a run's report, and the folders they lie in, for this user alone. */
const REPORT = /(?:^|\/)aks-acr-pull(?:\/[0-9a-f]{8}(?:\/report\.json)?)?$/;

/** All that lies in a folder and is no report. */
async function filesIn(folder: string): Promise<string[]> {
  return strange(folder, /^$/);
}

async function strange(folder: string, known: RegExp): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const { mode } = await stat(join(folder, name));
    const isFolder = (mode & 0o170000) === 0o040000;
    if (REPORT.test(name)) {
      const wanted = isFolder ? 0o700 : 0o600;
      if ((mode & 0o777) !== wanted) wrong.push(`${name} may be read by others`);
    } else if (!known.test(name) && !(isFolder && /^step \d+(?:\/(?:_temp|workspace|home))?$/.test(name)))
      wrong.push(name);
  }
  return wrong;
}
