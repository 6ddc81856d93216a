import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NotModelled } from '../../../src/simulator/net/exchange.js';
import { Store } from '../../../src/simulator/kubernetes/store.js';
import { TestCloud } from './support.js';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

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

describe('what is not there', () => {
  it.each([
    ['PUT', '/api/v1/namespaces/default/pods/x'],
    ['PATCH', '/apis/batch/v1/namespaces/default/jobs/x'],
    ['GET', '/api/v1/namespaces/default/pods/x/log'],
    ['GET', '/apis/apps/v1/deployments'],
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

  it.each(['/version', '/api', '/apis', '/api/v1', '/apis/batch/v1', '/openapi/v3/apis/batch/v1', '/readyz'])(
    '%s is',
    async (path) => {
      expect((await cloud.api('GET', path)).status).toBe(200);
    },
  );
});
