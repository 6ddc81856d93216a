import { describe, expect, it } from '@jest/globals';
import { parseCluster } from '../../../src/core/azure/cluster.js';
import type { Cluster } from '../../../src/core/azure/cluster.js';
import { readScaleSets } from '../../../src/core/azure/scale-sets.js';
import { clustersSharing, mayBeShared } from '../../../src/core/azure/shared-identity.js';
import { CLUSTER_ID, inTurn, OBJECT_ID, SUBSCRIPTION, world } from '../support.js';
import { clusterBody } from './bodies.js';

const group = (name: string): string =>
  `/subscriptions/${SUBSCRIPTION}/resourcegroups/${name}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop-agentpool`;
const ID = group('MC_shop');

function cluster(resourceId = ID): Cluster {
  const parsed = parseCluster(
    clusterBody({
      nodeResourceGroup: 'mc_SHOP',
      identityProfile: { kubeletidentity: { objectId: OBJECT_ID, resourceId } },
    }),
  );
  if (parsed === undefined) throw new Error('no cluster');
  return parsed;
}

const scaleSet = (name: string, held: unknown): object => ({
  name,
  identity: { type: 'UserAssigned', userAssignedIdentities: held },
});

describe('readScaleSets', () => {
  it('tells which hold the identity: by its principal, and by its id only where that is all there is', async () => {
    const other = 'dddddddd-0000-4000-8000-000000000001';
    const http = inTurn({
      body: {
        value: [
          scaleSet('by principal', { '/x': { principalId: OBJECT_ID.toUpperCase() } }),
          scaleSet('by id', { [ID.toUpperCase()]: {} }),
          scaleSet('made again', { [ID]: { principalId: other } }),
          scaleSet('none', {}),
          { name: 'no identity at all' },
          {},
        ],
      },
    });
    const read = await readScaleSets(world(http).azure.arm, cluster());
    expect(Object.fromEntries((read ?? []).map(({ name, holdsIdentity }) => [name, holdsIdentity]))).toEqual({
      'by principal': true,
      'by id': true,
      'made again': false,
      none: false,
      'no identity at all': false,
    });
    expect(http.asked[0]).toContain('/resourceGroups/mc_SHOP/providers/Microsoft.Compute/');
  });

  it('asks nothing for a service principal, or where the group is not known', async () => {
    const { azure } = world(inTurn());
    expect(await readScaleSets(azure.arm, { ...cluster(), identity: { kind: 'unknown' } })).toBeUndefined();
    const { nodeResourceGroup: _group, ...unplaced } = cluster();
    expect(await readScaleSets(azure.arm, unplaced)).toBeUndefined();
  });
});

describe('an identity that several clusters share', () => {
  it('can only be one that AKS did not make for the cluster', () => {
    expect(mayBeShared(cluster())).toBe(false);
    expect(mayBeShared(cluster(group('identities')))).toBe(true);
  });

  it('is asked for by its object id, and the cluster itself is left out in any casing', async () => {
    const http = inTurn({
      body: {
        data: [
          { id: CLUSTER_ID.toUpperCase(), name: 'SHOP', resourceGroup: 'shops' },
          { id: CLUSTER_ID.replace(/shop$/, 'till'), name: 'till', resourceGroup: 'shops' },
          { name: 'without an id' },
        ],
      },
    });
    expect(await clustersSharing(world(http).azure.arm, cluster())).toEqual(['till (resource group shops)']);
    expect(http.requests[0]?.body).toContain(OBJECT_ID);
  });
});
