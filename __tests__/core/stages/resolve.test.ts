import { describe, expect, it } from '@jest/globals';
import { parseCluster } from '../../../src/core/azure/cluster.js';
import type { Cluster } from '../../../src/core/azure/cluster.js';
import type { Check, Connection } from '../../../src/core/report.js';
import { readRequest } from '../../../src/core/request.js';
import { checkIdentity, Resolver, resolveRegistry } from '../../../src/core/stages/resolve.js';
import { StoryEnds, Telling } from '../../../src/core/telling.js';
import { armError, clusterBody, registryBody } from '../azure/bodies.js';
import { CLUSTER_ID, inTurn, OBJECT_ID, REGISTRY_ID, routed, SUBSCRIPTION, world } from '../support.js';
import type { ScriptedHttp } from '../support.js';

const APPLICATION = 'bbbbbbbb-0000-4000-8000-000000000001';
const SERVICE_PRINCIPAL = { identityProfile: undefined, servicePrincipalProfile: { clientId: APPLICATION } };

function clusterWith(properties: Record<string, unknown>, top: Record<string, unknown> = {}): Cluster {
  const parsed = parseCluster(clusterBody(properties, top));
  if (parsed === undefined) throw new Error('no cluster');
  return parsed;
}

function stage(http: ScriptedHttp): { resolver: Resolver; telling: Telling; checks: Check[] } {
  const { azure, ports, log } = world(http);
  const connection = { checks: [], findings: [] } as unknown as Connection;
  const telling = new Telling(connection, log, ports.clock);
  return { resolver: new Resolver(azure, SUBSCRIPTION), telling, checks: connection.checks };
}

/** What the call came to, or the check that ended the story. */
async function outcome<T>(call: Promise<T>): Promise<T | Check> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof StoryEnds) return error.check;
    throw error;
  }
}

describe('checkIdentity', () => {
  const identity = async (http: ScriptedHttp, cluster: Cluster, inputs: Record<string, string> = {}) => {
    const { resolver, telling, checks } = stage(http);
    const request = readRequest({ cluster: CLUSTER_ID, registry: REGISTRY_ID, ...inputs });
    return { came: await outcome(checkIdentity(cluster, request, resolver, telling)), checks, telling };
  };
  const servicePrincipal = clusterWith(SERVICE_PRINCIPAL, { identity: undefined });

  it('takes a managed identity wherever it is, without a request', async () => {
    const resourceId =
      '/subscriptions/99999999-2222-4333-8444-555555555555/resourcegroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fleet';
    const cluster = clusterWith({
      identityProfile: { kubeletidentity: { objectId: OBJECT_ID, resourceId } },
    });
    const { came, telling } = await identity(inTurn(), cluster);
    expect(came).toBe(OBJECT_ID);
    expect(telling.connection.identity).toEqual({
      kind: 'managed-identity',
      objectId: OBJECT_ID,
      resourceId,
    });
  });

  it('asks the directory once, however many connections ask', async () => {
    const http = inTurn({ body: { id: OBJECT_ID } });
    const { resolver } = stage(http);
    const asked = [
      resolver.principal(servicePrincipal, undefined),
      resolver.principal(servicePrincipal, undefined),
    ];
    expect(await Promise.all(asked)).toEqual([
      { known: 'by-directory', objectId: OBJECT_ID },
      { known: 'by-directory', objectId: OBJECT_ID },
    ]);
    expect(http.requests).toHaveLength(1);
  });

  it('takes the object id that is given, and asks nobody', async () => {
    const { came, telling } = await identity(inTurn(), servicePrincipal, { 'kubelet-object-id': OBJECT_ID });
    expect(came).toBe(OBJECT_ID);
    expect(telling.facts.kubeletIsServicePrincipal).toBe(true);
  });

  it('a directory that may not be asked is skipped by its right, and the object id is asked for', async () => {
    const refused = { status: 403, body: armError('Authorization_RequestDenied', 'no') };
    const { came, checks } = await identity(inTurn(refused), servicePrincipal);
    expect(came).toMatchObject({ status: 'unknown', cause: 'service-principal-cluster' });
    expect(checks[0]).toMatchObject({
      id: 'directory',
      status: 'skip',
      evidence: expect.stringContaining('Application.Read.All'),
    });
  });

  it('an application without a service principal is a failure', async () => {
    const none = { status: 404, body: armError('Request_ResourceNotFound', 'no') };
    const { came } = await identity(inTurn(none), servicePrincipal);
    expect(came).toMatchObject({ status: 'fail', cause: 'kubelet-identity-missing' });
  });

  it('a cluster that is being made has none yet', async () => {
    const cluster = clusterWith({ identityProfile: undefined, provisioningState: 'Creating' });
    const { came } = await identity(inTurn(), cluster);
    expect(came).toMatchObject({ status: 'unknown', cause: 'cluster-being-made' });
  });
});

describe('resolveRegistry', () => {
  const registry = async (http: ScriptedHttp, given: string) => {
    const { resolver, telling } = stage(http);
    const [ref] = readRequest({ cluster: CLUSTER_ID, registry: given }).registries;
    if (ref === undefined) throw new Error('no registry');
    telling.facts.caller = { objectId: OBJECT_ID, type: 'ServicePrincipal' };
    if (ref.by !== 'id') telling.facts.wantedRegistry = ref.text;
    const came = await outcome(resolveRegistry(resolver, ref, telling, 0));
    return { came, evidence: telling.connection.checks[0]?.evidence };
  };

  it('says of another tenant’s which tenant, and what can pull from it', async () => {
    const tenant = 'dddddddd-0000-4000-8000-000000000001';
    const said = `The access token is from the wrong issuer 'https://sts.windows.net/x/'. It must match the tenant 'https://sts.windows.net/${tenant}/' associated with this subscription.`;
    const { came } = await registry(
      inTurn({ status: 401, body: armError('InvalidAuthenticationTokenTenant', said) }),
      REGISTRY_ID,
    );
    expect(came).toMatchObject({
      status: 'fail',
      cause: 'registry-in-another-tenant',
      fix: { summary: expect.stringContaining(tenant), commands: [expect.anything(), expect.anything()] },
    });
  });

  it.each([
    [true, 401, 'Bearer realm="https://contoso.azurecr.io/oauth2/token",service="contoso.azurecr.io"'],
    [false, 404, ''],
  ])('one that is nowhere to be seen answers all the same: %s', async (answers, status, challenge) => {
    const { came, evidence } = await registry(
      routed(
        [/ResourceGraph/, { body: { data: [] } }],
        [/management/, { body: { value: [] } }],
        [/contoso\.azurecr\.io\/v2\/$/, { status, headers: { 'www-authenticate': challenge } }],
      ),
      'contoso.azurecr.io',
    );
    expect(came).toMatchObject({ cause: 'registry-not-found' });
    expect(evidence?.includes('a container registry answers')).toBe(answers);
    expect((came as Check).fix?.summary.includes('another tenant')).toBe(answers);
  });

  it('tells the settings that few look at', async () => {
    const { evidence } = await registry(
      inTurn({
        body: registryBody({
          publicNetworkAccess: 'Disabled',
          privateEndpointConnections: [{}],
          dataEndpointEnabled: true,
          dataEndpointHostNames: ['contoso.westeurope.data.azurecr.io', 'contoso.eastus.data.azurecr.io'],
          policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } },
        }),
      }),
      REGISTRY_ID,
    );
    expect(evidence).toContain('public access is off: 1 private endpoint(s)');
    expect(evidence).toContain('contoso.westeurope.data.azurecr.io, contoso.eastus.data.azurecr.io');
    expect(evidence).toContain('no tokens that are meant for Azure Resource Manager');
  });
});
