/** Kubelet identities of every kind, in whole runs: who pulls, how it is known, and what is amiss with it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Check } from '../../src/core/report.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { openScene, scenario } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

const IMAGE = { image: 'shop/web:1.4' };
const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '1d' };
const NODES = { principal: 'deployer', role: 'Reader', scope: 'rg:nodes' };
const deployer = (more: object = {}): object => ({ name: 'deployer', federated: 'github', ...more });

function checkOf({ report }: WholeRun, id: string): Check | undefined {
  return report?.connections[0]?.checks.find((check) => check.id === id);
}

function graphAsked({ requests }: WholeRun): string[] {
  return requests.filter(({ service }) => service === 'graph').map(({ path }) => path);
}

describe('a cluster with a service principal', () => {
  const SP = {
    identities: [deployer(), { name: 'nodes', secrets: ['a secret of the nodes'] }],
    cluster: { identity: { kind: 'service-principal', name: 'nodes' } },
  };
  const readsDirectory = { ...SP, identities: [deployer({ readsDirectory: true }), SP.identities[1]] };

  it('is connected without its object id where the login may ask the directory, with one request', async () => {
    ground = await openGround(scenario(readsDirectory));
    const run = await ground.run(IMAGE);
    expect(run.report).toMatchObject({ result: 'passed', connections: [{ changed: true }] });
    const nodes = ground.simulator.state.principals.find(({ name }) => name === 'nodes');
    expect(run.report?.connections[0]?.identity).toEqual({
      kind: 'service-principal',
      clientId: nodes?.clientId,
      objectId: nodes?.objectId,
    });
    expect(checkOf(run, 'kubelet-identity')?.evidence).toContain('as the directory says');
    expect(graphAsked(run)).toHaveLength(1);
  });

  it('is asked for by name otherwise, and the missing right is a skipped check', async () => {
    ground = await openGround(scenario(SP));
    const run = await ground.run(IMAGE);
    expect(run.report).toMatchObject({ result: 'unknown', cause: 'service-principal-cluster' });
    expect(checkOf(run, 'directory')).toMatchObject({
      status: 'skip',
      evidence: expect.stringMatching(
        /Authorization_RequestDenied.*Application\.Read\.All.*Directory Readers/,
      ),
    });
    expect(checkOf(run, 'kubelet-identity')?.fix?.summary).toContain('kubelet-object-id');
  });

  it('is never looked up where the object id is given', async () => {
    ground = await openGround(scenario(readsDirectory));
    const nodes = ground.simulator.state.principals.find(({ name }) => name === 'nodes');
    const run = await ground.run({ ...IMAGE, 'kubelet-object-id': nodes?.objectId ?? '' });
    expect(run.report?.result).toBe('passed');
    expect(graphAsked(run)).toEqual([]);
  });

  it('fails where the directory knows no such application', async () => {
    ground = await openGround(scenario(readsDirectory));
    const { principals } = ground.simulator.state;
    principals.splice(
      principals.findIndex(({ name }) => name === 'nodes'),
      1,
    );
    const run = await ground.run(IMAGE);
    expect(run.report).toMatchObject({ result: 'failed', cause: 'kubelet-identity-missing' });
    expect(run.report?.connections[0]?.changed).toBe(false);
  });
});

describe('nodes that are refused though access is right', () => {
  const CHECK = { ...IMAGE, mode: 'check' };
  const withNodes = (
    held: string | undefined,
    login: object = deployer(),
    more: object[] = [NODES],
  ): string =>
    scenario({
      identities: [login],
      cluster: { pools: [{ name: 'system', ...(held === undefined ? {} : { heldIdentity: held }) }] },
      assigned: [PULLS, ...more] as never,
      subscriptions: [{ resourceGroups: [{ name: 'nodes' }] }],
    });
  /** The node resource group is what the scenario's rights are at. */
  async function open(yaml: string): Promise<Ground> {
    const opened = await openGround(yaml);
    const [cluster] = opened.simulator.state.clusters;
    if (cluster === undefined) throw new Error('no cluster');
    cluster.nodeResourceGroup = 'nodes';
    return opened;
  }

  it.each(['none', 'former-service-principal'])('their scale sets are looked at: %s', async (held) => {
    ground = await open(withNodes(held));
    const run = await ground.run(CHECK);
    expect(run.report).toMatchObject({ result: 'failed', cause: 'kubelet-identity-missing' });
    expect(run.report?.connections[0]?.pulls[0]?.cause).toBe('kubelet-identity-missing');
    expect(checkOf(run, 'identity-on-nodes')).toMatchObject({
      status: 'fail',
      evidence: expect.stringContaining('aks-system-'),
    });
    const commands = checkOf(run, 'identity-on-nodes')?.fix?.commands.join('\n') ?? '';
    expect(commands).toContain('az aks upgrade');
    expect(commands).toContain('--node-image-only');
  });

  it('where the login may not look, both looks are skipped and name their right', async () => {
    ground = await open(withNodes('none', deployer(), []));
    const run = await ground.run(CHECK);
    expect(run.report).toMatchObject({ result: 'failed', cause: 'unauthorized-unresolved' });
    expect(checkOf(run, 'identity-on-nodes')).toMatchObject({
      status: 'skip',
      evidence: expect.stringContaining('Microsoft.Compute/virtualMachineScaleSets/read'),
    });
    expect(checkOf(run, 'identity-in-directory')).toMatchObject({
      status: 'skip',
      evidence: expect.stringContaining('Application.Read.All'),
    });
  });

  it('an identity that was deleted is told by the directory', async () => {
    ground = await open(withNodes(undefined, deployer({ readsDirectory: true })));
    const { principals } = ground.simulator.state;
    principals.splice(
      principals.findIndex(({ name }) => name === 'kubelet of shop'),
      1,
    );
    const run = await ground.run(CHECK);
    expect(run.report).toMatchObject({ result: 'failed', cause: 'kubelet-identity-missing' });
    expect(checkOf(run, 'identity-in-directory')).toMatchObject({ status: 'fail' });
  });

  it('costs a run that goes well nothing', async () => {
    ground = await open(withNodes(undefined));
    const run = await ground.run(CHECK);
    expect(run.report?.result).toBe('passed');
    expect(graphAsked(run)).toEqual([]);
    expect(run.requests.filter(({ path }) => path.includes('virtualMachineScaleSets'))).toEqual([]);
  });
});

describe('the identity that AKS made', () => {
  it('stands among the nodes, so nobody else can have it and nobody is asked', async () => {
    ground = await openGround(scenario());
    const [cluster] = ground.simulator.state.clusters;
    const run = await ground.run(IMAGE);
    const identity = run.report?.connections[0]?.identity;
    expect(run.report).toMatchObject({ result: 'passed', connections: [{ changed: true }] });
    expect(identity).toMatchObject({
      kind: 'managed-identity',
      objectId: cluster?.kubeletIdentity?.objectId,
      clientId: cluster?.kubeletIdentity?.clientId,
    });
    expect(identity?.resourceId?.toLowerCase()).toContain(
      `/${cluster?.nodeResourceGroup.toLowerCase() ?? '?'}/`,
    );
    expect(run.requests.filter(({ path }) => path.includes('ResourceGraph'))).toEqual([]);
  });
});

describe('an identity of one’s own', () => {
  const OWN = {
    identities: [deployer(), { name: 'fleet', kind: 'managed-identity' }],
    clusters: ['shop', 'till'].map((name) => ({
      name,
      resourceGroup: 'apps',
      pools: [{ name: 'system' }],
      identity: { name: 'fleet' },
    })),
  };
  const ID =
    '/subscriptions/99999999-0000-4000-8000-000000000001/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fleet';
  async function open(more: object = {}): Promise<Ground> {
    const opened = await openGround(scenario({ ...OWN, ...more }));
    for (const cluster of opened.simulator.state.clusters)
      if (cluster.kubeletIdentity !== undefined) cluster.kubeletIdentity.resourceId = ID;
    return opened;
  }
  const SEES_BOTH = [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'rg:apps' },
    { principal: 'deployer', role: 'Role Based Access Control Administrator', scope: 'registry:contoso' },
  ];

  it('in another group and subscription is granted the role, and who shares it is said once it is', async () => {
    ground = await open({ login: SEES_BOTH });
    const run = await ground.run(IMAGE);
    expect(run.report).toMatchObject({ result: 'passed', connections: [{ changed: true }] });
    expect(run.report?.connections[0]?.identity.resourceId).toBe(ID);
    const shared = run.report?.connections[0]?.findings.find(({ id }) => id === 'identity-shared');
    expect(shared?.evidence).toBe('till (resource group apps)');

    const again = await ground.run(IMAGE);
    expect(again.requests.filter(({ path }) => path.includes('ResourceGraph'))).toEqual([]);
  });

  it('that a plan is about is told to be shared: whoever carries it out lets the others pull too', async () => {
    const reads = ['rg:apps', 'registry:contoso'].map((scope) => ({
      principal: 'deployer',
      role: 'Reader',
      scope,
    }));
    ground = await open({ login: reads });
    const run = await ground.run({ mode: 'plan' });
    expect(run.report?.result).toBe('passed');
    const shared = run.report?.connections[0]?.findings.find(({ id }) => id === 'identity-shared');
    expect(shared?.evidence).toBe('till (resource group apps)');
  });

  it('that no visible cluster shares is no finding', async () => {
    ground = await open();
    const run = await ground.run(IMAGE);
    expect(run.report?.result).toBe('passed');
    expect(run.report?.connections[0]?.findings.map(({ id }) => id)).not.toContain('identity-shared');
  });
});

describe('through the bundle', () => {
  it('a service principal is found in the directory', async () => {
    const scene = await openScene(
      scenario({
        identities: [
          deployer({ readsDirectory: true }),
          { name: 'nodes', secrets: ['a secret of the nodes'] },
        ],
        cluster: { identity: { kind: 'service-principal', name: 'nodes' } },
      }),
    );
    try {
      const run = await scene.run();
      expect(run.outputs).toMatchObject({ result: 'passed', changed: 'true' });
    } finally {
      await scene.end();
    }
  });
});
