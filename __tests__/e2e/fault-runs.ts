/**
 * Whole runs of the shipped core and host in this process, against a simulated cloud with a fault in it, in a time that
 * passes faster; and what must hold of every one of them, whatever the fault.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProxyAgent, request as exchange } from 'undici';
import type { RawInputs } from '../../src/core/inputs.js';
import { HttpFault } from '../../src/core/ports.js';
import type { Clock, HttpRequest, HttpResponse, Log } from '../../src/core/ports.js';
import type { Report } from '../../src/core/report.js';
import { gitHubOidcCredential } from '../../src/host/credentials.js';
import { describeFailure } from '../../src/host/failure.js';
import { createHttp } from '../../src/host/http.js';
import type { ClosableHttp } from '../../src/host/http.js';
import { runPreflight } from '../../src/host/run.js';
import type { Machine } from '../../src/host/run.js';
import { issuesOf } from '../../src/render/issues.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { FaultDocument, RequestRecord, Simulator } from '../../src/simulator/index.js';
import { scenario } from './scene.js';

/** So many times faster than the machine's time passes for the core. */
const SPEED = 10;
/** For an answer that doesn't come, the core's 30 s are shorter still. */
const PATIENCE = 40;
/** Longer than any run takes, in the core's time: its own limit is 15 minutes. One that isn't over by then hangs. */
const HANGS_MS = 20 * 60_000;

export type Mode = 'connect' | 'check';

/** One cloud in which one case runs after the other. */
export interface Slot {
  simulator: Simulator;
  mode: Mode;
  administrator: Administrator;
  /** Tags that no node has pulled yet. */
  freshTag(): string;
  end(): Promise<void>;
}

const TAGS = 80;
const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
/** What lets it see the image and choose one: more than the least, so that more routes are taken. */
const SEES_IMAGES = { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' };
const LEAST = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
];

export function faultScenario(mode: Mode, more: object = {}): string {
  return scenario({
    login: [...LEAST, SEES_IMAGES],
    assigned: mode === 'check' ? [PULLS] : [],
    registry: {
      repositories: [
        {
          name: 'shop/web',
          images: Array.from({ length: TAGS }, (_, index) => ({ tag: `1.${index}`, index: false })),
        },
      ],
    },
    ...more,
  });
}

export async function openSlot(mode: Mode): Promise<Slot> {
  const simulator = await startSimulator(faultScenario(mode));
  const administrator = await administratorOf(simulator);
  let tags = 0;
  return {
    simulator,
    mode,
    administrator,
    freshTag: () => `1.${tags++ % TAGS}`,
    async end() {
      await administrator.end();
      await simulator.stop();
    },
  };
}

/** What became of a run. */
export interface Ran {
  result: 'passed' | 'failed' | 'unknown' | 'hung';
  report?: Report;
  /** What people are told where there is no report. */
  failure: string[];
  /** Everything that was told, in every form. */
  told: string;
  /** kubectl lines for what could not be removed. */
  notRemoved: string[];
  requests: RequestRecord[];
  secrets: string[];
  left: Left;
  access: boolean;
}

/** What the run left in the cluster. */
interface Left {
  jobs: { name: string; ends: boolean }[];
  /** Pods and service accounts that no Job which is still there owns. */
  orphans: string[];
}

export interface RunOptions {
  rules?: readonly FaultDocument[];
  tag?: string;
  /** Stands between the core and the network: for cores that are broken on purpose. */
  breaks?: (http: ClosableHttp, log: Log) => ClosableHttp;
  speed?: number;
}

/** One run in a slot that nothing else runs in, from the state that the scenario says. */
export async function runOnce(slot: Slot, options: RunOptions = {}): Promise<Ran> {
  const { simulator, mode } = slot;
  const { state } = simulator;
  const speed = options.speed ?? SPEED;
  const before = [...state.roleAssignments];
  const from = simulator.requests.length;
  const told: unknown[] = [];
  const seen = new Set<string>([simulator.github.requestToken]);
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'fault-run-'));
  const withdraw = (options.rules ?? []).map((rule) => simulator.addFault(rule));
  const log = collectingLog(told);
  const host = {
    environment: simulator.environment(),
    log,
    signIn: (ground: Parameters<Parameters<typeof runPreflight>[2]['signIn']>[0]) =>
      gitHubOidcCredential({
        ...ground,
        cloud: ground.cloud,
        clientId: state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
        tenantId: state.tenantId,
        requestUrl: simulator.github.requestUrl,
        requestToken: simulator.github.requestToken,
      }),
    remember: () => undefined,
    temporaryFolder,
    signal: new AbortController().signal,
  };
  const inputs: RawInputs = {
    mode,
    cluster: 'shop',
    'resource-group': 'apps',
    registry: 'contoso.azurecr.io',
    'subscription-id': state.subscriptions[0]?.id ?? '',
    // connect chooses one by itself, which takes more requests.
    ...(mode === 'check' || options.tag !== undefined ? { image: `shop/web:${options.tag ?? '1.0'}` } : {}),
    'propagation-timeout': '10s',
  };
  const breaks = options.breaks ?? ((http: ClosableHttp) => http);
  const machine: Machine = {
    clock: fasterClock(speed),
    createHttp: (environment) => breaks(watched(environment, simulator, seen, speed), log),
  };
  let result: Ran['result'] = 'hung';
  let report: Report | undefined;
  let failure: string[] = [];
  let notRemoved: string[] = [];
  const run = runPreflight(inputs, {}, host, machine).then(
    (outcome) => {
      ({ report, notRemoved } = outcome);
      result = outcome.report.result;
      told.push(outcome.outputs, notRemoved);
    },
    (error: unknown) => {
      const described = describeFailure(error);
      result = 'unknown';
      failure = described.problems;
      told.push(described, error instanceof Error ? error.stack : error);
    },
  );
  const over = new AbortController();
  await Promise.race([run, machine.clock.sleep(HANGS_MS, over.signal).catch(() => undefined)]);
  over.abort();
  if (report !== undefined) {
    const whole: Report = report;
    told.push(
      whole,
      closingLines(whole),
      issuesOf(whole),
      summaryMarkdown(whole),
      summaryMarkdown(whole, { mermaid: false }),
    );
  }
  for (const one of withdraw) one();
  const requests = simulator.requests.slice(from);
  const kubelet = state.clusters[0]?.kubeletIdentity?.objectId;
  const access = state.roleAssignments.some(
    ({ principalId, roleDefinitionId }) =>
      principalId === kubelet && roleDefinitionId.endsWith('7f951dda-4ed3-4680-a7ca-43fe172d538d'),
  );
  const left = await leftBehind(slot.administrator);
  state.roleAssignments = before;
  await rm(temporaryFolder, { recursive: true, force: true });
  return {
    result,
    ...(report === undefined ? {} : { report }),
    failure,
    told: told.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'),
    notRemoved,
    requests,
    secrets: [...seen],
    left,
    access,
  };
}

/** What a fault struck. */
interface Struck {
  service: string;
  /** A single request. */
  once?: boolean;
}

/** What is wrong with a run, whatever its fault was: one line each, none when all is as it must be. */
export function wrongs(ran: Ran, faulty: Struck): string[] {
  const wrong: string[] = [];
  const pulled = ran.requests.filter(
    ({ host, path, status, caller }) =>
      host === 'contoso.azurecr.io' &&
      path.includes('/manifests/') &&
      status === 200 &&
      (caller ?? '').startsWith('kubelet of'),
  );
  if (ran.result === 'hung') wrong.push(`not over after ${HANGS_MS / 60_000} minutes of its time`);
  if (ran.result === 'passed' && !ran.access) wrong.push('passed, though no role lets the identity pull');
  if (ran.result === 'passed' && pulled.length === 0) wrong.push('passed, though no node pulled');
  if (ran.result === 'failed' || ran.result === 'unknown') {
    const messages = messagesOf(ran);
    if (messages.length === 0) wrong.push(`${ran.result} without a word`);
    for (const message of messages) {
      if (!isClear(message)) wrong.push(`a message that names nothing: ${JSON.stringify(message)}`);
    }
  }
  for (const { name, ends } of ran.left.jobs) {
    const findings = ran.report?.connections.flatMap((one) => one.findings) ?? [];
    const saidSo = [...findings.map((one) => JSON.stringify(one)), ...ran.notRemoved, ran.told].some((text) =>
      text.includes(`kubectl delete job -n default ${name}`),
    );
    if (!ends) wrong.push(`the Job ${name} is left behind and never ends by itself`);
    if (!saidSo) wrong.push(`the Job ${name} is left behind and nobody is told`);
    // Where the cluster answers, what was made in it is removed.
    if (faulty.service !== 'kubernetes' || faulty.once === true) wrong.push(`the Job ${name} is left behind`);
  }
  for (const one of ran.left.orphans) wrong.push(`${one} is left behind`);
  for (const secret of ran.secrets) {
    const form = forms(secret).find((text) => ran.told.includes(text));
    if (form !== undefined)
      wrong.push(
        `a secret is told: …${ran.told.slice(Math.max(0, ran.told.indexOf(form) - 80), ran.told.indexOf(form) + 12)}…`,
      );
  }
  return wrong;
}

/** Why a run isn't good, as people are told. */
export function messagesOf({ report, failure }: Pick<Ran, 'report' | 'failure'>): string[] {
  if (report === undefined) return failure;
  return report.connections.flatMap(({ checks, pulls }) => [
    ...checks
      .filter(({ status }) => status === 'fail' || status === 'unknown')
      .map(({ title, evidence }) => `${title}: ${evidence}`),
    ...pulls
      .filter(({ status }) => status === 'fail' || status === 'unknown')
      .map(({ nodePool, image, message = '' }) => (message === '' ? '' : `${nodePool} ${image}: ${message}`)),
  ]);
}

/** Names what was attempted, or on what: a verb of the core's, or a thing by its name. */
function isClear(message: string): boolean {
  const names =
    /azurecr\.io|azure\.com|microsoftonline\.com|githubusercontent\.com|azmk8s\.io|\bshop\b|\bcontoso\b/;
  return message.length > 30 && names.test(message) && !/undefined|\[object|NaN/.test(message);
}

/** As it is, as base64 (from each of the three offsets a text may stand at), and as in an address. */
function forms(secret: string): string[] {
  const inside = (offset: number): string =>
    Buffer.from(`${'x'.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(offset === 0 ? 0 : 4, -2);
  return [secret, encodeURIComponent(secret), inside(0), inside(1), inside(2)];
}

const TICK_MS = 5;
let ticks = 0;

/**
 * Counts how often this process was called on time. On a machine that is too busy to do so, time passes slower: limits then
 * strike as they would on an idle one.
 */
function startTicking(): void {
  if (ticks > 0) return;
  ticks = 1;
  setInterval(() => (ticks += 1), TICK_MS).unref();
}

/** A clock so many times faster than the machine, as long as the machine keeps up. */
export function fasterClock(speed: number): Clock {
  startTicking();
  const began = Date.now() - ticks * TICK_MS * speed;
  const now = (): number => began + ticks * TICK_MS * speed;
  return {
    now,
    async sleep(ms, signal) {
      const until = now() + ms;
      do {
        // Short enough to notice how late it is.
        const rest = Math.min(Math.max(0, until - now()) / speed, 50);
        await delay(rest, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
          throw signal?.aborted === true ? signal.reason : error;
        });
      } while (now() < until);
    },
  };
}

const TOKEN_FIELDS = /"(?:access_token|refresh_token|value)":\s*"([^"]{20,})"/g;

/** The host's own network, in less patience; every secret that comes through it is kept for the search. */
function watched(
  environment: NodeJS.ProcessEnv,
  simulator: Simulator,
  seen: Set<string>,
  speed: number,
): ClosableHttp {
  const clock = fasterClock((PATIENCE / SPEED) * speed);
  const network = createHttp(environment, { bodyIdleMs: 10_000 });
  return {
    close: () => network.close(),
    async send(request: HttpRequest): Promise<HttpResponse> {
      const bearer = /^Bearer (.+)$/.exec(request.headers?.authorization ?? '')?.[1];
      if (bearer !== undefined) keep(bearer);
      const answer = await inTime(request);
      const isWatch = /[?&]watch=(1|true)/.test(request.url);
      return { ...answer, body: isWatch ? answer.body : kept(answer.body) };
    },
  };
  /** The limit of an answer's head, by the clock of the core. */
  async function inTime(request: HttpRequest): Promise<HttpResponse> {
    const limitMs = request.timeoutMs ?? 60_000;
    const late = new AbortController();
    const done = new AbortController();
    const host = new URL(request.url).host;
    const fault = new HttpFault(
      'timeout',
      host,
      `attempted ${request.method} on ${host}: no answer within ${limitMs} ms`,
    );
    void clock.sleep(limitMs, done.signal).then(
      () => late.abort(fault),
      () => undefined,
    );
    try {
      return await network.send({
        ...request,
        tls: { ca: simulator.caPem, ...request.tls },
        signal: request.signal === undefined ? late.signal : AbortSignal.any([request.signal, late.signal]),
        timeoutMs: HANGS_MS,
      });
    } catch (error) {
      throw late.signal.aborted ? fault : error;
    } finally {
      done.abort();
    }
  }
  function keep(value: string): void {
    seen.add(value);
  }
  async function* kept(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let text = '';
    for await (const chunk of body) {
      text += Buffer.from(chunk).toString();
      yield chunk;
    }
    for (const [, value = ''] of text.matchAll(TOKEN_FIELDS)) {
      const decoded = Buffer.from(value, 'base64').toString();
      if (value.startsWith('ey')) keep(value);
      if (!decoded.includes('apiVersion')) continue;
      // A kubeconfig: its beginning stands for the whole, and the key in it for itself.
      keep(value.slice(0, 24));
      const key = /client-key-data: (\S+)/.exec(decoded)?.[1];
      if (key !== undefined) keep(key);
    }
    // Cut off, a token is a secret still.
    const half = /"(?:access_token|refresh_token|value)":\s*"([^"]{60,})$/.exec(text)?.[1];
    if (half !== undefined) keep(half.slice(0, 24));
  }
}

function collectingLog(told: unknown[]): Log {
  const keep = (one: unknown): void => void told.push(one);
  return {
    chapter: keep,
    check: keep,
    pull: keep,
    finding: keep,
    waiting: keep,
    debug: keep,
    secret: () => undefined,
  };
}

interface Meta {
  name: string;
  uid: string;
  deletionTimestamp?: string;
  ownerReferences?: { uid: string }[];
}
interface Listed {
  items: { metadata: Meta; spec?: { activeDeadlineSeconds?: number; ttlSecondsAfterFinished?: number } }[];
}

/** Asks a cluster's API server, as its own administrator and not as the product. */
interface Administrator {
  ask: (path: string, method?: 'GET' | 'DELETE') => Promise<Listed>;
  end(): Promise<void>;
}

async function administratorOf(simulator: Simulator): Promise<Administrator> {
  const [cluster] = simulator.state.clusters;
  if (cluster === undefined) throw new Error('the scenario has no cluster');
  const authority = await simulator.context.clusterAuthority(cluster);
  const { certificate, key } = await authority.client('look', ['system:masters']);
  const agent = new ProxyAgent({
    uri: simulator.proxyUrl,
    requestTls: { ca: authority.certificate, cert: certificate, key },
  });
  return {
    async ask(path, method = 'GET') {
      const { statusCode, body } = await exchange(`https://${cluster.fqdn}${path}`, {
        dispatcher: agent,
        method,
      });
      if (statusCode !== 200) throw new Error(`the cluster answered ${statusCode} to ${method} ${path}`);
      return (await body.json()) as Listed;
    },
    end: () => agent.destroy(),
  };
}

const JOBS = '/apis/batch/v1/namespaces/default/jobs';

/** Looks what is there, and then removes it. */
async function leftBehind({ ask }: Administrator): Promise<Left> {
  const jobs = (await ask(JOBS)).items;
  const owners = new Set(jobs.map(({ metadata }) => metadata.uid));
  const orphans = async (): Promise<string[]> => {
    const lists = await Promise.all(
      ['pods', 'serviceaccounts'].map(async (kind) => ({
        kind,
        items: (await ask(`/api/v1/namespaces/default/${kind}`)).items,
      })),
    );
    return lists.flatMap(({ kind, items }) =>
      items
        .filter(({ metadata }) => metadata.name !== 'default')
        .filter(({ metadata }) => !(metadata.ownerReferences ?? []).some(({ uid }) => owners.has(uid)))
        .map(({ metadata }) => `${kind}/${metadata.name}`),
    );
  };
  // The garbage collector takes its time.
  let found = await orphans();
  for (let tries = 0; found.length > 0 && tries < 60; tries++) {
    await delay(50);
    found = await orphans();
  }
  for (const { metadata } of jobs)
    await ask(`${JOBS}/${metadata.name}?propagationPolicy=Background`, 'DELETE');
  return {
    jobs: jobs.map(({ metadata, spec }) => ({
      name: metadata.name,
      ends: (spec?.activeDeadlineSeconds ?? 0) > 0 && (spec?.ttlSecondsAfterFinished ?? 0) > 0,
    })),
    orphans: found,
  };
}
