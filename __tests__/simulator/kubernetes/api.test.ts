import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NotModelled } from '../../../src/simulator/net/exchange.js';
import { Store } from '../../../src/simulator/kubernetes/store.js';
import { listExpired } from '../../../src/simulator/kubernetes/errors.js';
import { TestCloud } from './support.js';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } };

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await TestCloud.start();
});
afterEach(() => cloud.stop());

const make = (name: string, labels: Record<string, string> = {}) =>
  cloud.api('POST', ACCOUNTS, { metadata: { name, labels } });

describe('lists', () => {
  it('select by labels and fields, and come in pages', async () => {
    await make('a', { tier: 'web' });
    await make('b', { tier: 'api' });
    await make('c', { tier: 'api', canary: 'yes' });
    const names = async (query: string) =>
      (await cloud.api('GET', `${ACCOUNTS}?${query}`)).json.items.map(({ metadata }) => metadata.name);
    expect(await names('labelSelector=tier%3Dapi')).toEqual(['b', 'c']);
    expect(await names('labelSelector=tier%20in%20(web,api),!canary')).toEqual(['a', 'b']);
    expect(await names('labelSelector=tier!=api')).toEqual(['a', 'default']);
    expect(await names('fieldSelector=metadata.name=b')).toEqual(['b']);
    expect((await cloud.api('GET', `${ACCOUNTS}?fieldSelector=spec.x=1`)).status).toBe(400);
    const { metadata } = (await cloud.api('GET', `${ACCOUNTS}?limit=3`)).json;
    expect(await names(`limit=3&continue=${metadata.continue ?? ''}`)).toEqual(['default']);
  });

  it('make names out of generateName, refuse duplicates, and say what a dry run would make', async () => {
    const { json } = await cloud.api('POST', ACCOUNTS, { metadata: { generateName: 'probe-' } });
    expect(json.metadata.name).toMatch(/^probe-[a-z0-9]{5}$/);
    expect((await make('a')).status).toBe(201);
    expect((await make('a')).json.reason).toBe('AlreadyExists');
    const dry = await cloud.api('POST', `${ACCOUNTS}?dryRun=All`, { metadata: { name: 'dry' } });
    expect([dry.status, dry.json.metadata.resourceVersion]).toEqual([201, undefined]);
    expect((await cloud.api('GET', `${ACCOUNTS}/dry`)).status).toBe(404);
  });

  it('delete together', async () => {
    await make('a', { tier: 'web' });
    await make('b', { tier: 'api' });
    await cloud.api('DELETE', `${ACCOUNTS}?labelSelector=tier`);
    expect((await cloud.api('GET', ACCOUNTS)).json.items.map(({ metadata }) => metadata.name)).toEqual([
      'default',
    ]);
  });
});

describe('watches', () => {
  const collect = async (path: string, count: number) => {
    const seen: string[] = [];
    const stop = new AbortController();
    for await (const { type, object } of cloud.watch(path, stop.signal)) {
      seen.push(`${type} ${object.metadata.name ?? ''}`.trim());
      if (seen.length === count) stop.abort();
    }
    return seen;
  };

  it('begin with what there is, or after a version, and follow a selector', async () => {
    const { metadata } = (await make('a', { tier: 'web' })).json;
    await make('b', { tier: 'api' });
    expect(await collect(`${ACCOUNTS}?watch=1&fieldSelector=metadata.name!=default`, 2)).toEqual([
      'ADDED a',
      'ADDED b',
    ]);
    const following = collect(`${ACCOUNTS}?watch=1&resourceVersion=${metadata.resourceVersion}`, 2);
    await cloud.api('DELETE', `${ACCOUNTS}/a`);
    expect(await following).toEqual(['ADDED b', 'DELETED a']);
    const { json } = await cloud.api('GET', ACCOUNTS);
    const selected = collect(
      `${ACCOUNTS}?watch=1&labelSelector=tier=web&resourceVersion=${json.metadata.resourceVersion}`,
      1,
    );
    await make('c', { tier: 'api' });
    await make('d', { tier: 'web' });
    expect(await selected).toEqual(['ADDED d']);
  });

  it('mark the end of the initial events when asked to, and end at their timeout', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    expect(await collect(`${ACCOUNTS}?${query}`, 2)).toEqual(['ADDED default', 'BOOKMARK']);
    const began = Date.now();
    expect(await collect(`${ACCOUNTS}?watch=1&timeoutSeconds=1`, 99)).toEqual(['ADDED default']);
    expect(Date.now() - began).toBeGreaterThan(900);
  });

  it('end when the cluster stops', async () => {
    const watching = cloud.watch(`${ACCOUNTS}?watch=1`);
    expect((await watching.next()).value).toMatchObject({ type: 'ADDED' });
    cloud.stop();
    expect(await watching.next()).toEqual({ done: true, value: undefined });
    await expect(cloud.api('GET', ACCOUNTS)).rejects.toThrow('stopped');
  });

  it('can not go back further than the history', () => {
    const store = new Store(Date.now);
    for (let index = 0; index < 2_100; index++) {
      store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `n${index}` } });
    }
    expect(() => store.since(1)).toThrow(`too old resource version: 1 (`);
    expect(store.since(store.version - 1)).toHaveLength(1);
  });
});

describe('versions', () => {
  const list = async (query: string) => (await cloud.api('GET', `${ACCOUNTS}?${query}`)).json;

  it('are kept apart: a list at one of them, and its pages, show what was then', async () => {
    await make('a');
    await make('b');
    const page = (await list('limit=2')).metadata;
    await make('aa');
    await cloud.api('DELETE', `${ACCOUNTS}/default`);
    const rest = await list(`limit=2&continue=${page.continue ?? ''}`);
    expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['default']);
    expect(rest.metadata.resourceVersion).toBe(page.resourceVersion);
    const then = await list(`resourceVersion=${page.resourceVersion}&resourceVersionMatch=Exact`);
    expect(then.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'default']);
    expect((await list('resourceVersion=0')).items.map(({ metadata }) => metadata.name)).toEqual([
      'a',
      'aa',
      'b',
    ]);
  });

  it.each([
    ['resourceVersion=abc', 400, 'invalid resource version'],
    ['resourceVersion=999999', 504, 'Too large resource version: 999999'],
    ['continue=nonsense', 400, 'continue key is not valid'],
    ['resourceVersionMatch=Exact', 422, 'forbidden unless resourceVersion is provided'],
    ['resourceVersionMatch=Older&resourceVersion=2', 422, 'supported values: "Exact", "NotOlderThan", ""'],
    ['watch=1&resourceVersionMatch=Exact', 422, 'forbidden for watch unless sendInitialEvents is provided'],
    ['watch=1&sendInitialEvents=true', 422, 'requires setting resourceVersionMatch to NotOlderThan'],
    [
      'fieldSelector=spec.x=1',
      400,
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ])('%s is refused', async (query, code, words) => {
    const { status, json } = await cloud.api('GET', `${ACCOUNTS}?${query}`);
    expect([status, json.message]).toEqual([code, expect.stringContaining(words)]);
  });

  it('are forgotten one day: what asks for them is told so', () => {
    const store = new Store(Date.now);
    const change = () =>
      store.create('namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: `n${store.version}` },
      });
    change();
    const then = store.version;
    change();
    store.compact();
    change();
    expect(() => store.since(then)).toThrow(`too old resource version: ${then} (${then + 1})`);
    expect(() => store.listAt(then, 'namespaces', undefined, listExpired)).toThrow(
      'The resourceVersion for the provided list is too old.',
    );
    expect(store.listAt(then + 1, 'namespaces', undefined, listExpired)).toHaveLength(2);
    expect(store.since(then + 1)).toHaveLength(1);
  });
});

describe('bookmarks', () => {
  it('come shortly before a watch ends, with the version it has come to', async () => {
    const { metadata } = (await make('a')).json;
    const seen: string[] = [];
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${metadata.resourceVersion}`;
    for await (const { type, object } of cloud.watch(`${ACCOUNTS}?${query}`))
      seen.push(`${type} ${object.metadata.resourceVersion}`);
    expect(seen).toEqual([`BOOKMARK ${metadata.resourceVersion}`]);
  });
});

describe('a watch of tables', () => {
  it('says what the columns are once', async () => {
    await make('a');
    const stop = new AbortController();
    const tables: { columnDefinitions: unknown; rows: { cells: unknown[] }[] }[] = [];
    for await (const { object } of cloud.watch(`${ACCOUNTS}?watch=1`, stop.signal, TABLE)) {
      tables.push(object as unknown as (typeof tables)[number]);
      if (tables.length === 2) stop.abort();
    }
    expect(tables.map(({ columnDefinitions }) => columnDefinitions === null)).toEqual([false, true]);
    expect(tables.map(({ rows }) => rows[0]?.cells[0])).toEqual(['a', 'default']);
  });
});

describe('a changed object', () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const create = async () =>
    (await cloud.api('POST', path, { metadata: { name: 'c', labels: { a: '1' } }, data: { k: 'v' } })).json;

  it('is replaced as a whole, unless it was changed meanwhile', async () => {
    const made = await create();
    const put = (body: object) => cloud.api('PUT', `${path}/c`, body);
    const { metadata } = made;
    const { name, resourceVersion } = metadata;
    const replaced = await put({ metadata: { name, resourceVersion }, data: { n: 'w' } });
    expect(replaced.json).toMatchObject({ data: { n: 'w' }, metadata: { uid: metadata.uid } });
    expect(replaced.json.metadata.labels).toBeUndefined();
    expect((await put({ metadata: { name, resourceVersion }, data: {} })).json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'c', kind: 'configmaps' },
    });
    expect((await put({ metadata: { name, uid: 'other' } })).json.message).toContain(
      `Precondition failed: UID in precondition: other, UID in object meta: ${metadata.uid}`,
    );
    expect((await put({ metadata: { name: 'd' } })).json.message).toBe(
      'the name of the object (d) does not match the name on the URL (c)',
    );
  });

  it('keeps its version when nothing changes, and what a dry run would change', async () => {
    const { metadata } = await create();
    const patch = (body: object, query = '') => cloud.api('PATCH', `${path}/c${query}`, body, MERGE);
    await patch({ data: { k: 'v' } });
    expect((await patch({ data: { k: 'x' } }, '?dryRun=All')).json).toMatchObject({ data: { k: 'x' } });
    const { json } = await cloud.api('GET', `${path}/c`);
    expect(json.metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(json).toMatchObject({ data: { k: 'v' } });
  });

  it.each([
    ['application/json', 415],
    ['application/xml', 415],
  ])('is not patched by %s', async (type, code) => {
    await create();
    const { status } = await cloud.api('PATCH', `${path}/c`, {}, { headers: { 'content-type': type } });
    expect(status).toBe(code);
  });

  it('counts changes of its specification, and keeps its status apart', async () => {
    const jobs = '/apis/batch/v1/namespaces/default/jobs';
    const body = {
      metadata: { name: 'j' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } },
      },
    };
    await cloud.api('POST', jobs, body);
    const patch = async (change: object, part = '') =>
      (await cloud.api('PATCH', `${jobs}/j${part}`, change, MERGE)).json;
    expect((await patch({ metadata: { labels: { a: 'b' } } })).metadata.generation).toBe(1);
    const changed = await patch({ spec: { backoffLimit: 1 }, status: { active: 9 } });
    expect([changed.metadata.generation, changed.status?.active]).toEqual([2, undefined]);
    const status = await patch({ spec: { backoffLimit: 2 }, status: { active: 9 } }, '/status');
    expect([status.spec['backoffLimit'], status.status?.active]).toEqual([1, 9]);
    expect((await patch({ spec: { template: { spec: { restartPolicy: 'OnFailure' } } } })).message).toMatch(
      /^Job\.batch "j" is invalid: spec\.template: Invalid value: .*: field is immutable$/,
    );
  });

  it('may not change where it may not', async () => {
    await cloud.api('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 's' },
      immutable: true,
    });
    const secret = await cloud.api(
      'PATCH',
      '/api/v1/namespaces/default/secrets/s',
      { stringData: { a: 'b' } },
      MERGE,
    );
    expect(secret.json.message).toBe(
      'Secret "s" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    );
  });
});

describe('deletions', () => {
  it('heed preconditions and policies', async () => {
    const { metadata } = (await make('a')).json;
    const remove = async (body: object) => (await cloud.api('DELETE', `${ACCOUNTS}/a`, body)).json;
    expect((await remove({ preconditions: { uid: 'other' } })).reason).toBe('Conflict');
    expect((await remove({ propagationPolicy: 'Later' })).message).toContain(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Later"',
    );
    expect((await remove({ dryRun: ['All'] })).metadata.uid).toBe(metadata.uid);
    expect((await remove({ preconditions: { uid: metadata.uid } })).metadata.name).toBe('a');
    expect((await cloud.api('GET', `${ACCOUNTS}/a`)).status).toBe(404);
  });
});

describe('what is not there', () => {
  it.each([
    ['POST', '/api/v1/namespaces/default/pods/x/exec'],
    ['POST', '/api/v1/namespaces/default/serviceaccounts/x/token'],
    ['POST', '/api/v1/nodes'],
    ['GET', '/apis/networking.k8s.io/v1/ingresses'],
    ['GET', '/metrics'],
  ])('%s %s is not guessed', async (method, path) => {
    await expect(cloud.api(method, path)).rejects.toBeInstanceOf(NotModelled);
  });

  it('refuses a Job whose effect it would have to guess', async () => {
    const job = {
      metadata: { name: 'x' },
      spec: { template: { spec: { initContainers: [{ name: 'i' }], containers: [] } } },
    };
    const posted = cloud.api('POST', '/apis/batch/v1/namespaces/default/jobs', job);
    await expect(posted).rejects.toThrow('Job with spec.template.spec.initContainers');
  });

  it.each([
    ['/version', 'v1.'],
    ['/api', 'APIVersions'],
    ['/apis', 'rbac.authorization.k8s.io/v1'],
    ['/api/v1', 'configmaps'],
    ['/apis/apps/v1', 'deployments/scale'],
    ['/openapi/v2', '#/definitions/PodSpec'],
    ['/openapi/v3/apis/batch/v1', '#/components/schemas/JobSpec'],
    ['/readyz', 'ok'],
  ])('%s is', async (path, words) => {
    const { status, text } = await cloud.api('GET', path);
    expect([status, text]).toEqual([200, expect.stringContaining(words)]);
  });

  it('lists all groups at once for who asks for that', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const { json, headers } = await cloud.api('GET', '/apis', undefined, { headers: { accept } });
    expect(json.kind).toBe('APIGroupDiscoveryList');
    expect(headers['content-type']).toContain('as=APIGroupDiscoveryList');
  });
});
