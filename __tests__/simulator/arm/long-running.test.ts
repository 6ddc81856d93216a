import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { createOperations } from '../../../src/simulator/arm/operations.js';
import type { Registry } from '../../../src/simulator/cloud/model.js';
import { armClient, openClient } from '../net/client.js';
import type { ArmAnswer, ArmClient, Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;
let owner: ArmClient;
let subscription: string;

beforeEach(async () => {
  simulator = await startSimulator(`
name: long-running
identities: [{ name: owner }, { name: importer }, { name: reader }]
clusters: [{ name: shop, resourceGroup: shop-rg, pools: [{ name: system, count: 2 }] }]
registries:
  - { name: contoso, resourceGroup: registry-rg, repositories: [{ name: shop/web, images: [{ tag: old }] }] }
  - name: source
    resourceGroup: source-rg
    repositories: [{ name: team/app, images: [{ tag: v1, platforms: [linux/amd64, linux/arm64] }] }]
  - name: sourceabac
    mode: abac
    resourceGroup: source-rg
    repositories: [{ name: team/app, images: [{ tag: v1 }] }]
publicRegistries:
  - { host: mcr.microsoft.com, repositories: [{ name: oss/pause, images: [{ tag: '3.6' }, { tag: latest }] }] }
roleAssignments:
  - { principal: owner, role: Owner, scope: subscription }
  - { principal: owner, role: Container Registry Repository Reader, scope: 'registry:sourceabac' }
  - { principal: importer, role: Container Registry Data Importer and Data Reader, scope: 'registry:contoso' }
  - { principal: reader, role: Reader, scope: subscription }
`);
  client = openClient(simulator);
  owner = armClient(client, simulator, 'owner');
  subscription = `/subscriptions/${simulator.state.subscriptions[0]?.id ?? ''}`;
});
afterEach(async () => {
  await client.close();
  await simulator.stop();
});

/** Asks after an operation until it is over, as a client would that has no time to wait. */
async function polled(address: string, as: ArmClient = owner): Promise<ArmAnswer> {
  const { pathname, search } = new URL(address);
  for (;;) {
    const answer = await as('GET', pathname + search);
    const { status } = (answer.body ?? {}) as { status?: string };
    if (answer.status !== 202 && status !== 'InProgress') return answer;
  }
}

describe('a managed cluster that is written back', () => {
  const version = '?api-version=2022-11-01';
  const path = (): string =>
    `${subscription}/resourceGroups/shop-rg/providers/Microsoft.ContainerService/managedClusters/shop${version}`;
  const read = async (): Promise<{ properties: Record<string, unknown> }> =>
    (await owner('GET', path())).body as { properties: Record<string, unknown> };

  it('is updated for a while, and then as it was', async () => {
    const before = await read();
    // What is left out or null is no change.
    const written = { ...before, properties: { ...before.properties, fqdn: undefined, aadProfile: null } };
    const put = await owner('PUT', path(), written);
    expect(put).toMatchObject({ status: 200, body: { properties: { provisioningState: 'Updating' } } });
    const address = put.headers['azure-asyncoperation'] ?? '';
    expect(address).toMatch(
      /\/providers\/Microsoft\.ContainerService\/locations\/westeurope\/operations\/[0-9a-f-]{36}\?api-version=2016-03-30$/,
    );
    expect((await polled(address)).body).toEqual({
      name: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'Succeeded',
      startTime: expect.any(String),
      endTime: expect.any(String),
    });
    expect(await read()).toEqual(before);
  });

  it.each([
    ['a property', { kubernetesVersion: '1.33.0' }],
    ['a property that is not known', { bootstrapProfile: { artifactSource: 'Cache' } }],
    ['a pool', { agentPoolProfiles: [{ name: 'system', count: 3 }] }],
    ['the number of pools', { agentPoolProfiles: [] }],
  ])('is not modelled with another value of %s', async (_, properties) => {
    const before = await read();
    expect((await owner('PUT', path(), { ...before, properties })).status).toBe(501);
    expect(await read()).toEqual(before);
  });

  it('needs the right to write', async () => {
    const put = await armClient(client, simulator, 'reader')('PUT', path(), {});
    expect(put).toMatchObject({
      status: 403,
      body: {
        error: { message: expect.stringContaining('Microsoft.ContainerService/managedClusters/write') },
      },
    });
  });
});

describe('an import', () => {
  const registry = (name: string): Registry => {
    const found = simulator.state.registries.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no registry is called ${name}`);
    return found;
  };
  const id = (name: string, group = 'registry-rg'): string =>
    `${subscription}/resourceGroups/${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
  const begin = (body: object, as: ArmClient = owner): Promise<ArmAnswer> =>
    as('POST', `${id('contoso')}/importImage?api-version=2023-07-01`, body);
  const imported = async (body: object, as: ArmClient = owner): Promise<ArmAnswer> =>
    polled((await begin(body, as)).headers.location ?? '', as);
  const fromPublic = (image: string): object => ({ registryUri: 'mcr.microsoft.com', sourceImage: image });
  const tags = (repository: string): string[] => [
    ...(registry('contoso')
      .repositories.find(({ name }) => name === repository)
      ?.tags.keys() ?? []),
  ];

  it('is accepted, goes on, and ends with the image in the registry', async () => {
    const importer = armClient(client, simulator, 'importer');
    const accepted = await begin({ source: fromPublic('oss/pause:3.6'), targetTags: ['probe:1'] }, importer);
    expect(accepted).toMatchObject({ status: 202, headers: { 'retry-after': '10' } });
    expect(accepted.headers.location).toMatch(
      /\/providers\/Microsoft\.ContainerRegistry\/locations\/WESTEUROPE\/operationResults\/registries-[0-9a-f-]{36}\?/,
    );
    const end = await polled(accepted.headers.location ?? '', importer);
    expect(end).toMatchObject({ status: 200, body: { status: 'Succeeded' } });
    const [source] = simulator.state.publicRegistries[0]?.repositories ?? [];
    const made = registry('contoso').repositories.find(({ name }) => name === 'probe');
    expect(made?.tags.get('1')).toBe(source?.tags.get('3.6'));
  });

  it('copies all that an image holds, and nothing else', async () => {
    await imported({
      source: { resourceId: id('source', 'source-rg'), sourceImage: 'team/app:v1' },
      targetTags: ['app:v1', 'app:latest'],
    });
    const [from] = registry('source').repositories;
    const made = registry('contoso').repositories.find(({ name }) => name === 'app');
    expect(made?.manifests).toEqual(from?.manifests);
    expect(made?.blobs).toEqual(from?.blobs);
    await imported({ source: fromPublic('oss/pause'), targetTags: ['pause'] });
    expect(tags('pause')).toEqual(['latest']);
    const pause = registry('contoso').repositories.find(({ name }) => name === 'pause');
    // The image called latest alone: an index and its one manifest.
    expect(pause?.manifests.size).toBe(2);
  });

  it('takes a digest, and makes no tag where none is wanted', async () => {
    const digest = simulator.state.publicRegistries[0]?.repositories[0]?.tags.get('3.6') ?? '';
    const body = { source: fromPublic(`oss/pause@${digest}`), untaggedTargetRepositories: ['pinned'] };
    expect((await imported(body)).status).toBe(200);
    const made = registry('contoso').repositories.find(({ name }) => name === 'pinned');
    expect(made?.manifests.has(digest)).toBe(true);
    expect(tags('pinned')).toEqual([]);
  });

  it('replaces a tag only by force', async () => {
    const body = { source: fromPublic('oss/pause:3.6'), targetTags: ['new:1', 'shop/web:old'] };
    expect(await imported(body)).toMatchObject({
      status: 409,
      body: {
        error: {
          code: 'Conflict',
          message: expect.stringMatching(/Tag shop\/web:old already exists in target/),
        },
      },
    });
    expect(tags('new')).toEqual([]);
    expect((await imported({ ...body, mode: 'Force' })).status).toBe(200);
    expect(registry('contoso').repositories[0]?.tags.get('old')).toBe(
      simulator.state.publicRegistries[0]?.repositories[0]?.tags.get('3.6'),
    );
  });

  it.each([
    ['an image that is not there', () => fromPublic('oss/pause:none')],
    ['a registry that is not there', () => ({ registryUri: 'docker.io', sourceImage: 'library/alpine:3' })],
    [
      'a private registry by its name',
      () => ({ registryUri: 'source.azurecr.io', sourceImage: 'team/app:v1' }),
    ],
  ])('fails for %s', async (_, source) => {
    const end = await imported({ source: source(), targetTags: ['x:1'] });
    expect(end.status).toBe(400);
    expect(tags('x')).toEqual([]);
  });

  it.each([
    ['source', 'importer', 400],
    ['source', 'owner', 200],
    ['sourceabac', 'importer', 400],
    ['sourceabac', 'owner', 200],
  ])('from %s needs the right to pull there, which %s may have', async (name, who, status) => {
    const body = {
      source: { resourceId: id(name, 'source-rg'), sourceImage: 'team/app:v1' },
      targetTags: ['x:1'],
    };
    expect((await imported(body, armClient(client, simulator, who))).status).toBe(status);
  });

  it('needs the right to import', async () => {
    const { body } = await begin(
      { source: fromPublic('oss/pause:3.6') },
      armClient(client, simulator, 'reader'),
    );
    expect(body).toMatchObject({
      error: {
        code: 'AuthorizationFailed',
        message: expect.stringContaining('registries/importImage/action'),
      },
    });
  });
});

it('serves a public registry to everyone', async () => {
  const headers = { accept: '*/*' };
  const manifest = await client.send('https://mcr.microsoft.com/v2/oss/pause/manifests/3.6', { headers });
  expect(manifest.status).toBe(200);
  const [source] = simulator.state.publicRegistries[0]?.repositories ?? [];
  expect(manifest.headers.get('docker-content-digest')).toBe(source?.tags.get('3.6'));
  const [digest = '', blob] = [...(source?.blobs ?? [])][0] ?? [];
  const redirected = await client.send(`https://mcr.microsoft.com/v2/oss/pause/blobs/${digest}`);
  const bytes = await client.send(redirected.headers.get('location') ?? '');
  expect(Buffer.from(await bytes.arrayBuffer())).toEqual(blob);
});

describe('operations', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('go on until their work is done, which begins when its time has come', async () => {
    let release = (): void => undefined;
    const work = (): Promise<string> => new Promise((resolve) => (release = () => resolve('done')));
    const operations = createOperations<string>(() => 1000);
    const { id } = operations.start(work);
    const late = operations.start(() => 'done', 3_600_000);
    await turn();
    expect(operations.find(id)?.end).toBeUndefined();
    release();
    await turn();
    expect(operations.find(id.toUpperCase())?.end).toEqual({ at: 1000, result: 'done' });
    expect(operations.find(late.id)?.end).toBeUndefined();
  });

  it('throw a fault of their work when they are asked after', async () => {
    const operations = createOperations(() => 0);
    const { id } = operations.start(() => {
      throw new Error('a fault');
    });
    await turn();
    expect(() => operations.find(id)).toThrow('a fault');
    expect(operations.find('another')).toBeUndefined();
  });
});
