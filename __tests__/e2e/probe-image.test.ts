/** A registry with nothing to pull, or too much: the probe image that is imported, and the image that is chosen. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Check } from '../../src/core/report.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { armWrites, scenario } from './scene.js';
import type { Assigned } from './scene.js';

const login = (...roles: [string, string][]): Assigned[] =>
  roles.map(([role, scope]) => ({ principal: 'deployer', role, scope }));
const USER: [string, string] = ['Azure Kubernetes Service Cluster User Role', 'cluster:shop'];
const GRANTS: [string, string] = ['Role Based Access Control Administrator', 'registry:contoso'];
const IMPORTS: [string, string] = ['Container Registry Data Importer and Data Reader', 'registry:contoso'];
const MICROSOFT = {
  host: 'mcr.microsoft.com',
  repositories: [
    {
      name: 'oss/kubernetes/pause',
      images: [{ tag: '3.9', platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'] }],
    },
  ],
};
const POOLS = [{ name: 'system' }, { name: 'arm', architecture: 'arm64' }, { name: 'win', os: 'Windows' }];
const PROBE = 'contoso.azurecr.io/aks-acr-pull/probe:3.9';

let ground: Ground;
afterEach(() => ground.end());

const open = async (parts: Parameters<typeof scenario>[0]): Promise<void> => {
  ground = await openGround(
    scenario({
      cluster: { pools: POOLS },
      publicRegistries: [MICROSOFT],
      ...parts,
      registry: { repositories: [], ...parts?.registry },
    }),
  );
};
const connecting = (more: Record<string, string> = {}): Promise<WholeRun> =>
  ground.run({ mode: 'connect', 'import-probe-image': 'true', ...more });
const checkOf = ({ report }: WholeRun, id: string): Check | undefined =>
  report?.connections[0]?.checks.find((check) => check.id === id);
/** What was written in Azure, in order: the last part of each path. */
const written = ({ requests }: WholeRun): string[] =>
  armWrites(requests).map(({ path }) =>
    path.includes('/roleAssignments/') ? 'grant' : (path.split('?')[0]?.split('/').at(-1) ?? ''),
  );
const repositories = (): string[] | undefined =>
  ground.simulator.state.registries[0]?.repositories.map(({ name }) => name);

describe.each(['legacy', 'abac'])('import-probe-image on an empty registry (%s)', (mode) => {
  it('imports first, grants then, and every pool pulls it; a second run writes nothing', async () => {
    await open({ login: login(USER, GRANTS, IMPORTS), registry: { mode } });
    const first = await connecting();
    expect(first.problems).toEqual([]);
    expect(first.report?.result).toBe('passed');
    expect(written(first)).toEqual(['importImage', 'grant']);
    expect(repositories()).toEqual(['aks-acr-pull/probe']);
    const pulls = first.report?.connections[0]?.pulls ?? [];
    expect(pulls.map(({ nodePool, image, status }) => [nodePool, image, status])).toEqual(
      ['system', 'arm', 'win'].map((pool) => [pool, PROBE, 'pass']),
    );
    expect(checkOf(first, 'probe-image')?.evidence).toContain(
      'it stays there, and az acr repository delete -n contoso --repository aks-acr-pull/probe --yes removes it',
    );
    expect(first.report?.connections[0]?.findings).toEqual([]);

    const second = await connecting();
    expect(second.report?.result).toBe('passed');
    expect(written(second)).toEqual([]);
    expect(second.report?.connections[0]?.changed).toBe(false);
  });
});

describe('import-probe-image', () => {
  it('without the right writes nothing, names it and gives the role', async () => {
    await open({ login: login(USER, GRANTS) });
    const ran = await connecting();
    expect(ran.report?.result).toBe('unknown');
    expect(written(ran)).toEqual(['importImage']);
    expect(armWrites(ran.requests).map(({ status }) => status)).toEqual([403]);
    expect(repositories()).toEqual([]);
    const check = checkOf(ran, 'probe-image');
    expect(check).toMatchObject({ status: 'unknown', cause: 'arm-authorization-missing' });
    expect(check?.evidence).toContain('Microsoft.ContainerRegistry/registries/importImage/action');
    expect(check?.fix?.summary).toContain('Container Registry Data Importer and Data Reader');
  });

  it('imports nothing where the cluster can not be reached', async () => {
    await open({ login: login(GRANTS, IMPORTS, ['Reader', 'cluster:shop']) });
    const ran = await connecting();
    expect(ran.report?.result).toBe('unknown');
    expect(written(ran)).toEqual([]);
  });

  it('explains a source that the registry can not read', async () => {
    await open({ login: login(USER, GRANTS, IMPORTS), publicRegistries: [] });
    const ran = await connecting();
    expect(written(ran)).toEqual(['importImage']);
    expect(checkOf(ran, 'probe-image')).toMatchObject({
      status: 'unknown',
      cause: 'probe-image-not-imported',
    });
  });

  it('is refused in mode check before anything is called', async () => {
    await open({ login: login(USER) });
    const ran = await connecting({ mode: 'check' });
    expect(ran.problems.join()).toMatch(
      /import-probe-image is "true": nothing in mode check, which writes nothing/,
    );
    expect(ran.requests).toEqual([]);
  });

  it('goes with repositories that hold it', async () => {
    await open({ login: login(USER, GRANTS, IMPORTS), registry: { mode: 'abac' } });
    const ran = await connecting({ repositories: 'team/*\naks-acr-pull/*' });
    expect(ran.report?.result).toBe('passed');
  });
});

describe('the image that is chosen', () => {
  it('takes a bounded number of requests of a registry with thousands of repositories', async () => {
    const many = Array.from({ length: 2000 }, (_, at) => ({
      name: `team${at % 50}/app${at}`,
      images: [{ tag: '1', platforms: ['linux/amd64', 'linux/arm64'], layers: (at % 4) + 1 }],
    }));
    await open({
      cluster: { pools: POOLS.slice(0, 2) },
      login: login(USER, ['AcrPull', 'registry:contoso'], ['Reader', 'registry:contoso']),
      assigned: [{ principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' }],
      registry: { repositories: many },
    });
    const ran = await ground.run({ mode: 'check' });
    expect(ran.report?.result).toBe('passed');
    const ours = ran.requests.filter(
      ({ host, caller }) => host === 'contoso.azurecr.io' && caller === 'deployer',
    );
    expect(ours.length).toBeGreaterThan(20);
    // Sign-in, 13 tokens, the catalog, 12 lists of tags, 12 indexes and 6 images of these.
    expect(ours.length).toBeLessThanOrEqual(45);
    expect(checkOf(ran, 'image')?.evidence).toMatch(
      /^chosen because none was named: the best of 12 images looked at: for every pool, \d+ /,
    );
    const again = await ground.run({ mode: 'check' });
    expect(again.report?.connections[0]?.image).toBe(ran.report?.connections[0]?.image);
  });

  it('can not be one on an ABAC-enabled registry without its catalog lister, which is said', async () => {
    await open({
      login: login(
        USER,
        ['Container Registry Repository Reader', 'registry:contoso'],
        ['Reader', 'registry:contoso'],
      ),
      registry: { mode: 'abac', repositories: [{ name: 'shop/web', images: [{ tag: '1' }] }] },
    });
    const ran = await ground.run({ mode: 'connect' });
    expect(ran.problems.join('\n')).toMatch(
      /input image is missing: name an image of contoso\.azurecr\.io, .*import-probe-image: true.*Container Registry Repository Catalog Lister/,
    );
    expect(written(ran)).toEqual([]);
  });
});
