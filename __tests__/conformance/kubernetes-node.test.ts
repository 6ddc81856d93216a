/** The simulated node against real ones: the same situations, the same words. Captures are in ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { buildRepository } from '../../src/simulator/cloud/images.js';
import type { Repository } from '../../src/simulator/cloud/model.js';
import { NodeImages } from '../../src/simulator/kubernetes/node-images.js';
import { pullImage } from '../../src/simulator/kubernetes/puller.js';
import { parseReference } from '../../src/simulator/kubernetes/references.js';
import { PullError } from '../../src/simulator/kubernetes/runtime/runtime.js';
import type { Exchange } from '../../src/simulator/net/exchange.js';
import { suiteUnless } from '../skip.js';
import { first, TestCloud } from '../simulator/kubernetes/support.js';
import type { DialAnswer, Json } from '../simulator/kubernetes/support.js';

const corpus = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));
const node = `${corpus}kubernetes/node-1.36.2-containerd-2.1.9/`;
const present = existsSync(corpus);
const missing = present ? undefined : '../shared/corpus is not there';
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const repositories: Repository[] = ['public/app', 'private/app'].map((name) =>
  buildRepository({
    name,
    images: [
      { tag: 'v1', platforms: ['linux/amd64'], index: false, layers: 1 },
      { tag: 'noent', platforms: ['linux/amd64'], index: false, layers: 1 },
      { tag: 'armbin', platforms: ['linux/arm64'], index: false, layers: 1 },
      { tag: 'armonly', platforms: ['linux/arm64'], index: false, layers: 1 },
      { tag: 'armidx', platforms: ['linux/arm64'], layers: 1 },
      { tag: 'multi', platforms: ['linux/amd64', 'linux/arm64'], layers: 1 },
    ],
  }),
);

const PASSWORD = 'right';

function reply(status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): DialAnswer {
  return { status, headers, body: Buffer.from(body) };
}

/** The registry of the captures: token authentication, public/, private/ and strict/ repositories, broken ports. */
async function trialRegistry({ url, method, headers, body }: Exchange): Promise<DialAnswer> {
  switch (url.port) {
    case '5999':
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '127.0.0.1' });
    case '5998':
      throw Object.assign(new Error('ssl'), { code: 'EPROTO' });
    case '5997':
      return reply(500);
    case '5996':
      return reply(429);
    case '5995':
      throw Object.assign(new Error('self-signed'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    case '5993':
      return new Promise(() => undefined);
    case '5444':
      return tokens(url, method, headers, body.toString());
    default:
      return content(url, headers['authorization']);
  }
}

function tokens(url: URL, method: string, headers: Record<string, string>, body: string): DialAnswer {
  const scope = url.searchParams.get('scope') ?? new URLSearchParams(body).get('scope') ?? '';
  const basic = Buffer.from((headers['authorization'] ?? '').replace('Basic ', ''), 'base64').toString();
  if (method === 'POST') return reply(404);
  if (basic !== '' && !basic.endsWith(`:${PASSWORD}`)) return reply(401);
  if (basic === '' && scope.includes(':strict/')) return reply(403);
  return reply(
    200,
    {},
    JSON.stringify({ token: basic !== '' || scope.includes(':public/') ? scope : 'nothing' }),
  );
}

function content(url: URL, authorization: string | undefined): DialAnswer {
  const [, name = '', kind, reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
  const scope = `repository:${name}:pull`;
  const challenge = `Bearer realm="https://reg.trial.test:5444/token",service="trial-registry",scope="${scope}"`;
  if (authorization === undefined) return reply(401, { 'www-authenticate': challenge });
  if (authorization !== `Bearer ${scope}`) {
    return reply(401, { 'www-authenticate': `${challenge},error="insufficient_scope"` });
  }
  const repository = repositories.find((one) => one.name === name);
  const digest = repository?.tags.get(reference) ?? reference;
  const manifest = repository?.manifests.get(digest);
  const bytes = kind === 'blobs' ? repository?.blobs.get(digest) : manifest?.bytes;
  if (bytes === undefined) return reply(404);
  return reply(200, { 'docker-content-digest': digest, 'content-type': manifest?.mediaType ?? '' }, bytes);
}

async function wrongName(): Promise<DialAnswer> {
  throw Object.assign(new Error('altname'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    cert: { subjectaltname: 'DNS:reg.trial.test, DNS:localhost' },
  });
}

/** Makes what depends on the machine alike: digests, durations, sizes, the resolver's address. */
function alike(text: string): string {
  return text
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:*')
    .replace(/\d+(\.\d+)?m?s\b/g, '*s')
    .replace(/Image size: \d+/, 'Image size: *')
    .replace(/ on [\d.]+:53:/, ' on *:53:');
}

suiteUnless(missing, 'containerd 2.1.9: PullImage', () => {
  interface Case {
    image: string;
    auth: string | null;
    code?: number;
    details?: string;
    ok?: object;
  }
  const results = present
    ? read<{ results: Record<string, Case> }>(`${corpus}containerd/cri-containerd-2.1.9.json`).results
    : {};

  it.each(Object.entries(results))('%s', async (title, { image, auth, code, details }) => {
    const reference = parseReference(image);
    if (typeof reference === 'string') {
      expect(`failed to parse image reference "${image}": ${reference}`).toBe(details);
      return;
    }
    const dial = async (
      url: string,
      request: { method?: string; headers?: Record<string, string>; body?: string } = {},
    ) => {
      const target = new URL(url);
      if (target.hostname === 'regtls.trial.test') return wrongName();
      if (target.hostname.endsWith('.invalid')) throw Object.assign(new Error('dns'), { code: 'ENOTFOUND' });
      return trialRegistry({
        url: target,
        method: request.method ?? 'GET',
        headers: request.headers ?? {},
        body: Buffer.from(request.body ?? ''),
        signal: new AbortController().signal,
        note: {},
      });
    };
    const password = title.includes('wrong password') ? 'wrong' : PASSWORD;
    const credential = auth === null ? undefined : { username: auth, password };
    const platform = { os: 'linux', architecture: 'amd64' };
    const pulled = pullImage(
      dial,
      new NodeImages(),
      reference,
      platform,
      credential,
      new AbortController().signal,
    );
    if (details === undefined) {
      await expect(pulled).resolves.toMatchObject({ layersFetched: 1 });
      return;
    }
    const error = await pulled.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(PullError);
    // The kubelet keeps the code in front of everything but Unknown.
    const prefix = code === 5 ? 'rpc error: code = NotFound desc = ' : '';
    expect(alike((error as PullError).message)).toBe(alike(prefix + details));
  });
});

interface CapturedEvent {
  involvedObject: { name: string; fieldPath?: string };
  type: string;
  reason: string;
  message: string;
}

suiteUnless(missing, 'kubelet 1.36.2: statuses and events', () => {
  const pods = present
    ? ['pods-t2.json', 'pods-t6.json', 'pods-t12.json', 'pods-t25.json', 'pods-t45.json'].flatMap(
        (file) =>
          read<{
            items: (Json & {
              spec: { containers: { image: string; imagePullPolicy: string }[]; imagePullSecrets?: object[] };
            })[];
          }>(node + file).items,
      )
    : [];
  const later = present ? read<{ items: typeof pods }>(`${node}pods-cache.json`).items : [];
  const events = present
    ? ['events-nocred.json', 'events-cache.json'].flatMap(
        (file) => read<{ items: CapturedEvent[] }>(node + file).items,
      )
    : [];
  const names = [...new Set(pods.map((pod) => pod.metadata.name))];
  /** Pods without a pull secret, for an image that another pod's secret brought to their node. */
  const cached = later.map((pod) => pod.metadata.name);
  let cloud: TestCloud;
  let ours: { pods: Json[]; events: Json[] };

  /** Container states as one line each; how far a container had got at a moment is left out. */
  const statesOf = (list: Json[], name: string): string[] => {
    const states = list
      .filter((pod) => pod.metadata.name === name)
      .flatMap((pod) => pod.status?.containerStatuses ?? [])
      .map(({ state }) => state.waiting ?? state.terminated)
      .map((state) =>
        state === undefined
          ? ''
          : alike(
              `${state.reason}${'exitCode' in state ? ` ${String(state.exitCode)}` : ''}: ${state.message ?? ''}`,
            ),
      )
      .filter((line) => line !== '' && !line.startsWith('ContainerCreating'));
    return [...new Set(states)].sort();
  };
  const eventsOf = (list: CapturedEvent[], name: string): string[] =>
    [
      ...new Set(
        list
          .filter(
            ({ involvedObject, reason }) => involvedObject.name === name && reason !== 'MissingClusterDNS',
          )
          .map(({ type, reason, message, involvedObject }) =>
            alike(`${type} ${reason} ${involvedObject.fieldPath?.replace(/\{.*/, '') ?? ''}: ${message}`),
          ),
      ),
    ].sort();

  beforeAll(async () => {
    cloud = await TestCloud.start();
    cloud.broken.set('reg.trial.test', trialRegistry);
    cloud.broken.set('regtls.trial.test', wrongName);
    const [apps] = (await cloud.api('GET', '/api/v1/nodes?labelSelector=agentpool=apps')).json.items;
    for (const [name, password] of [
      ['regcred', PASSWORD],
      ['regbad', 'wrong'],
    ]) {
      const config = { auths: { 'reg.trial.test:5443': { username: 'puller', password } } };
      await cloud.api('POST', '/api/v1/namespaces/default/secrets', {
        metadata: { name },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
      });
    }
    const seen: Json[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { object } of cloud.watch('/api/v1/namespaces/default/pods?watch=1', stop.signal))
        seen.push(object);
    })();
    const create = async (name: string): Promise<void> => {
      const { spec } = first([...pods, ...later].filter((pod) => pod.metadata.name === name));
      const { image, imagePullPolicy } = first(spec.containers);
      // The captured image has an entry point that isn't in it; ours gets it as its command.
      const command = name === 'bad-entrypoint' ? { command: ['/nonexistent'] } : {};
      // The content of the captured digest is not in the captures: any digest of ours will do.
      const ownDigest = repositories[0]?.tags.get('v1') ?? '';
      const ownImage = name === 'ok-multi-digest' ? image.replace(/sha256:.*/, ownDigest) : image;
      const made = await cloud.api('POST', '/api/v1/namespaces/default/pods', {
        metadata: { name },
        spec: {
          nodeName: apps?.metadata.name,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          ...(spec.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.imagePullSecrets }),
          containers: [{ name: 'check', image: ownImage, imagePullPolicy, ...command }],
        },
      });
      expect(made.status).toBe(201);
    };
    const eventSaying = async (name: string, reason: string): Promise<unknown> =>
      cloud.until(
        `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=${name},reason=${reason}`,
        ({ items }) => items.length > 0,
      );
    await Promise.all(names.map(create));
    await eventSaying('secret-right', 'Started');
    await Promise.all(cached.map(create));
    const settled = [...names, ...cached].filter((name) =>
      events.some(({ involvedObject, reason }) => involvedObject.name === name && reason === 'BackOff'),
    );
    await Promise.all(settled.map((name) => eventSaying(name, 'BackOff')));
    await new Promise((resolve) => setTimeout(resolve, 500));
    ours = { pods: seen, events: (await cloud.api('GET', '/api/v1/namespaces/default/events')).json.items };
    stop.abort();
    await watching;
  });
  afterAll(() => cloud.stop());

  it.each(names)('%s', (name) => {
    const captured = statesOf(pods, name);
    const seen = statesOf(ours.pods, name);
    expect(seen).toEqual(expect.arrayContaining(captured));
    // ErrImagePull lasts a second: not every moment of the captures hits it. The events have its text.
    expect(seen.filter((line) => !captured.includes(line) && !line.startsWith('ErrImagePull:'))).toEqual([]);
    expect(eventsOf(ours.events as unknown as CapturedEvent[], name)).toEqual(eventsOf(events, name));
  });

  it.each(cached)('%s', (name) => {
    expect(statesOf(ours.pods, name)).toEqual(expect.arrayContaining(statesOf(later, name)));
    expect(eventsOf(ours.events as unknown as CapturedEvent[], name)).toEqual(eventsOf(events, name));
  });
});

suiteUnless(missing, 'kubelet 1.36.2: how often it tries', () => {
  /** How often an event was counted, and from when to when. */
  interface Counted extends CapturedEvent {
    count: number;
    firstTimestamp: string;
    lastTimestamp: string;
  }
  const captured = present ? read<{ items: Counted[] }>(`${node}events-nocred.json`).items : [];
  const CASES: [string, string, string][] = [
    ['dns-failure', 'no-such-host.trial.invalid/app:v1', 'Always'],
    ['policy-never', 'reg.trial.test:5443/public/absent:v1', 'Never'],
    ['invalid-name', 'reg.trial.test:5443/UPPER:bad', 'Always'],
  ];
  const STEP_MS = 100;
  const ofKubelet = (list: Counted[], name: string): Counted[] =>
    list.filter(
      ({ involvedObject, reason }) =>
        involvedObject.name === name && !['MissingClusterDNS', 'Scheduled'].includes(reason),
    );
  const countsOf = (list: Counted[]): Record<string, number> =>
    Object.fromEntries(
      list.map(({ reason, message, count }) => [
        reason === 'Failed' ? `Failed ${message.split(' "')[0]}` : reason,
        count,
      ]),
    );
  /** From the first event of a pod in the capture to its last. */
  const duration = (list: Counted[]): number =>
    Math.max(...list.map(({ lastTimestamp }) => Date.parse(lastTimestamp))) -
    Math.min(...list.map(({ firstTimestamp }) => Date.parse(firstTimestamp)));

  afterEach(() => {
    jest.useRealTimers();
  });

  it.each(CASES)('%s', async (name, image, imagePullPolicy) => {
    const real = ofKubelet(captured, name);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
    const cloud = await TestCloud.start();
    try {
      const [apps] = (await cloud.api('GET', '/api/v1/nodes?labelSelector=agentpool=apps')).json.items;
      const made = await cloud.api('POST', '/api/v1/namespaces/default/pods', {
        metadata: { name },
        spec: {
          nodeName: apps?.metadata.name,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          containers: [{ name: 'check', image, imagePullPolicy }],
        },
      });
      expect(made.status).toBe(201);
      // The capture's times are whole seconds.
      for (let passed = 0; passed < duration(real) + 500; passed += STEP_MS) {
        await jest.advanceTimersByTimeAsync(STEP_MS);
      }
      const { items } = (await cloud.api('GET', '/api/v1/namespaces/default/events')).json;
      expect(countsOf(ofKubelet(items as unknown as Counted[], name))).toEqual(countsOf(real));
    } finally {
      cloud.stop();
    }
  });
});
