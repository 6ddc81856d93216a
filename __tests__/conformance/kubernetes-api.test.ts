/** The simulated API server against a real one: the same requests, the same answers. Captures are in ../shared. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Pod } from '../../src/simulator/kubernetes/objects.js';
import { resourceInfo, RESOURCES } from '../../src/simulator/kubernetes/resources.js';
import { decodeValue } from '../../src/simulator/kubernetes/schema/decode-json.js';
import { message } from '../../src/simulator/kubernetes/schema/schema.js';
import { Store } from '../../src/simulator/kubernetes/store.js';
import { humanDuration } from '../../src/simulator/kubernetes/tables/format.js';
import { asTable } from '../../src/simulator/kubernetes/tables/tables.js';
import { Timers } from '../../src/simulator/kubernetes/timers.js';
import { watchStream } from '../../src/simulator/kubernetes/watch.js';
import { suiteUnless } from '../skip.js';
import { first, TestCloud } from '../simulator/kubernetes/support.js';
import { tellCount } from './recordings.js';
import type { Json } from '../simulator/kubernetes/support.js';

const captures = fileURLToPath(new URL('../../../shared/corpus/kubernetes/api-1.36.2/', import.meta.url));
const present = existsSync(captures);
const missing = present ? undefined : '../shared/corpus is not there';

/** Whom the captures were made as, and what it might do. */
const TESTER = 'system:serviceaccount:ci:tester';

interface Captured {
  method: string;
  path: string;
  body?: string;
  authorization: string;
  status: number;
  headers: Record<string, string>;
  json: Record<string, unknown>;
}

/** A capture begins with the curl command; the answer follows as it came. */
function readCapture(name: string): Captured {
  const [command = '', ...answer] = readFileSync(captures + name, 'utf8').split('\n');
  const blank = answer.findIndex((line) => line.trim() === '');
  const url = new URL(/https:\/\/\S+/.exec(command)?.[0] ?? '');
  const body = / -d (\{.*\}) https:/.exec(command)?.[1];
  const headers = answer.slice(1, blank).map((line) => line.trim().split(/:\s*(.*)/s));
  return {
    method: / -X (\w+)/.exec(command)?.[1] ?? (body === undefined ? 'GET' : 'POST'),
    path: url.pathname + url.search,
    ...(body === undefined ? {} : { body }),
    authorization: /Authorization: Bearer (\S+)/.exec(command)?.[1] ?? '',
    status: Number(/\d{3}/.exec(answer[0]?.replace('HTTP/2', '') ?? '')?.[0]),
    headers: Object.fromEntries(headers.map(([key = '', value = '']) => [key, value])),
    json: JSON.parse(answer.slice(blank).join('\n')) as Record<string, unknown>,
  };
}

/** Leaves out managedFields, which aren't modelled, and makes ids, versions and times alike. */
function alike(value: unknown): unknown {
  const text = JSON.stringify(value, (key, one: unknown) => (key === 'managedFields' ? undefined : one));
  return JSON.parse(
    text
      .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, 'UID')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
      .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"VERSION"')
      .replace(/current: \d+/, 'current: VERSION'),
  );
}

suiteUnless(missing, 'the API server of 1.36.2', () => {
  let cloud: TestCloud;
  let certificate: X509Certificate;

  const ask = async ({ method, path, body, authorization }: Captured) => {
    const exchange = cloud.exchange(`https://${cloud.cluster.fqdn}${path}`, {
      method,
      headers:
        authorization === '' || authorization === 'TOKEN' ? {} : { authorization: `Bearer ${authorization}` },
      ...(authorization === 'TOKEN' ? { certificate } : {}),
      ...(body === undefined ? {} : { body }),
    });
    const { status, headers = {}, body: answer } = await cloud.servers.answer(exchange);
    return { status, headers, json: JSON.parse(answer as string) as Json };
  };

  beforeAll(async () => {
    cloud = await TestCloud.start((state) => {
      const cluster = first(state.clusters);
      cluster.namespaces.push('ci');
      cluster.kubernetesBindings.push({
        subject: TESTER,
        namespace: 'ci',
        rules: [
          { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] },
          { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'delete'] },
        ],
      });
    });
    const issued = await cloud.clusterAuthority.client(TESTER, []);
    certificate = new X509Certificate(issued.certificate);
  });
  afterAll(() => cloud.stop());

  // In this order: the duplicate comes after its first, the deletion last.
  it.each([
    '201-dryrun.http',
    '201-job-create.http',
    '409-job-dup.http',
    '201-unknown-field-warn.http',
    '400-unknown-field-strict.http',
    '422-job-name.http',
    '422-job-restartPolicy.http',
    '401-badtoken.http',
    '403-jobs-list.http',
    '403-secrets.http',
    '404-job.http',
    '404-namespace-create-forbidden.http',
    '504-rv-too-large.http',
    '200-delete-foreground.http',
  ])('%s', async (name) => {
    const captured = readCapture(name);
    const { status, headers, json } = await ask(captured);
    expect(status).toBe(captured.status);
    const ours = alike(json) as { status?: object };
    const theirs = alike(captured.json) as { status?: object };
    if (name === '200-delete-foreground.http') {
      // There, no controller had looked at the Job yet; here one is quicker.
      ours.status = {};
    }
    expect(ours).toEqual(theirs);
    for (const header of [
      'warning',
      'retry-after',
      'x-content-type-options',
      'cache-control',
      'content-type',
    ]) {
      expect([header, headers[header]]).toEqual([header, captured.headers[header]]);
    }
  });

  it('ssar.json', async () => {
    const captured = JSON.parse(readFileSync(`${captures}ssar.json`, 'utf8')) as { spec: object };
    const { json } = await ask({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: captured.spec,
      }),
      authorization: 'TOKEN',
      status: 201,
      headers: {},
      json: {},
    });
    expect(alike(json)).toEqual(alike(captured));
  });

  it('403-anonymous.http has the words of a refusal; who asks is told apart by the simulator', async () => {
    // AKS runs without anonymous requests (assumption of authentication.ts): there it is 401. The words are those of anyone.
    const captured = readCapture('403-anonymous.http');
    const issued = await cloud.clusterAuthority.client('system:anonymous', []);
    const exchange = cloud.exchange(`https://${cloud.cluster.fqdn}${captured.path}`, {
      certificate: new X509Certificate(issued.certificate),
    });
    const { status, body } = await cloud.servers.answer(exchange);
    expect([status, JSON.parse(body as string)]).toEqual([captured.status, captured.json]);
  });
});

suiteUnless(missing, 'the tables of API server 1.36.2', () => {
  interface Table {
    columnDefinitions: Record<string, unknown>[];
    rows: { cells: string[]; conditions?: object[]; object: { metadata: { name: string } } }[];
  }
  const NODE = fileURLToPath(
    new URL('../../../shared/corpus/kubernetes/node-1.36.2-containerd-2.1.9/', import.meta.url),
  );

  it('200-pods-list-table.http: columns but for their descriptions, rows of the same pods', () => {
    const { headers: _headers, json } = readCapture('200-pods-list-table.http');
    const captured = json as unknown as Table;
    // The same pods, a little before; their state was the same.
    const { items } = JSON.parse(readFileSync(`${NODE}pods-t45.json`, 'utf8')) as { items: Pod[] };
    const pods = captured.rows.map(({ object }) =>
      items.find(({ metadata }) => metadata.name === object.metadata.name),
    );
    const table = asTable('pods', pods as Pod[], 0, {}) as Table;
    const plain = ({ description: _description, ...column }: Record<string, unknown>) => column;
    expect(table.columnDefinitions.map(plain)).toEqual(captured.columnDefinitions.map(plain));
    const [AGE, IP] = [4, 5];
    // By the time of the table the pod that had ended had lost its address.
    const told = ({ cells, conditions }: Table['rows'][number]) => [
      cells.filter((_cell, at) => at !== AGE && (at !== IP || conditions === undefined)),
      conditions,
    ];
    expect(table.rows.map(told)).toEqual(captured.rows.map(told));
    expect(captured.rows.map(({ cells }) => cells[AGE])).toEqual([
      humanDuration(412_000),
      humanDuration(412_000),
    ]);
  });
});

suiteUnless(missing, 'the watches of API server 1.36.2', () => {
  const firstLine = (name: string): { type: string; object: Record<string, unknown> } =>
    JSON.parse(
      readFileSync(captures + name, 'utf8')
        .split('\n')
        .find((text) => text.startsWith('{')) ?? '{}',
    ) as ReturnType<typeof firstLine>;

  it('watch-410-expired.http: what is forgotten can not be gone on from', async () => {
    const store = new Store(Date.now);
    for (const name of ['a', 'b', 'c'])
      store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    store.compact();
    const signal = new AbortController().signal;
    const stream = watchStream(store, new Timers(), signal, {
      resource: resourceInfo('pods'),
      namespace: 'ci',
      matches: () => true,
      from: 1,
      bookmarks: false,
      initialEvents: undefined,
      timeoutSeconds: 2,
      signal,
      show: (object) => object,
      showBookmark: (object) => object,
    });
    const lines: unknown[] = [];
    for await (const line of stream) lines.push(JSON.parse(line.replace(/\(\d+\)/, '(2933)')));
    expect(lines).toEqual([firstLine('watch-410-expired.http')]);
  });

  it('200-watch-events.http: a line has the form of ours, and nothing that the table of kinds lacks', () => {
    const { type, object } = firstLine('200-watch-events.http');
    expect([type, object['kind'], object['apiVersion']]).toEqual(['ADDED', 'Event', 'v1']);
    expect(decodeValue(message('Event'), object).complaints).toEqual([]);
  });
});

suiteUnless(missing, 'the table of kinds, against all that real servers wrote', () => {
  const corpus = fileURLToPath(new URL('../../../shared/corpus/kubernetes/', import.meta.url));

  it('knows every field of every captured object, and its type', () => {
    const objects: { kind?: string }[] = [];
    for (const folder of readdirSync(corpus)) {
      for (const name of readdirSync(corpus + folder)) {
        const text = readFileSync(`${corpus}${folder}/${name}`, 'utf8');
        if (name.endsWith('.ndjson')) {
          const lines = text.split('\n').filter((line) => line !== '');
          objects.push(...lines.map((line) => (JSON.parse(line) as { object: object }).object));
        } else if (name.endsWith('.json')) {
          const value = JSON.parse(text) as { kind?: string; items?: { kind?: string }[] };
          const kind = value.kind?.replace(/List$/, '') ?? '';
          objects.push(...(value.items ?? [value]).map((item) => ({ ...item, kind: item.kind ?? kind })));
        }
      }
    }
    const known = objects.filter(({ kind }) => RESOURCES.some((resource) => resource.kind === kind));
    expect(known.length).toBeGreaterThan(300);
    const complaints = known.flatMap((object) => decodeValue(message(object.kind ?? ''), object).complaints);
    expect([...new Set(complaints)]).toEqual([]);
    tellCount('Kubernetes objects', known.length);
  });
});

interface WatchLine {
  type: string;
  object: Json;
}

suiteUnless(missing, 'a Job that ends at its deadline, as a watch saw it', () => {
  const lines = present
    ? readFileSync(`${captures}watch-pods-live.ndjson`, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as WatchLine)
    : [];

  /** What each line says of the pod's life, equal neighbours once: how many updates a step takes is chance. */
  const steps = (watched: WatchLine[]): string[] =>
    watched
      .map(({ type, object: { metadata, status } }) => {
        const state = status?.containerStatuses?.[0]?.state;
        // Whether the back-off shows in the status by then is chance: in the capture it doesn't.
        const shown = (
          state?.waiting?.reason ??
          state?.terminated?.reason ??
          (state?.running ? 'running' : 'none')
        ).replace('ImagePullBackOff', 'ErrImagePull');
        const grace = metadata.deletionGracePeriodSeconds;
        return `${type === 'DELETED' ? 'DELETED' : 'SEEN'} ${status?.phase} ${shown}${grace === undefined ? '' : ` grace ${grace}`}`;
      })
      .filter((step, index, all) => step !== all[index - 1]);

  it('live-notfound', async () => {
    const captured = steps(lines.filter(({ object }) => object.metadata.name.startsWith('live-notfound')));
    const cloud = await TestCloud.start();
    cloud.registry.anonymousPullEnabled = true;
    const stop = new AbortController();
    const seen: WatchLine[] = [];
    const watching = (async () => {
      for await (const line of cloud.watch('/api/v1/namespaces/default/pods?watch=1', stop.signal)) {
        seen.push(line);
        if (line.type === 'DELETED') stop.abort();
      }
    })();
    await cloud.api('POST', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'live-notfound' },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            nodeSelector: { agentpool: 'apps' },
            containers: [{ name: 'c', image: `${cloud.registry.loginServer}/shop/web:nope` }],
          },
        },
      },
    });
    await watching;
    const job = await cloud.until(
      '/apis/batch/v1/namespaces/default/jobs/live-notfound',
      ({ status }) => status?.conditions?.length === 2,
    );
    cloud.stop();
    expect(steps(seen)).toEqual(captured);
    expect(job.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'FailureTarget DeadlineExceeded',
      'Failed DeadlineExceeded',
    ]);
    expect(job.status?.failed).toBe(1);
  });
});
