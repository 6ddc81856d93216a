import { afterEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { createAuthority } from '../../../src/simulator/net/authority.js';
import { first, ROLES, TestCloud } from './support.js';

const PODS = '/api/v1/namespaces/default/pods';
const AKS_SERVER = '6dae42f8-4368-4678-94ff-3960e28e3630';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const bearer = (audience = AKS_SERVER): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${cloud.context.tokens.issue(cloud.deployer, audience)}` },
});

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: {
    name: string;
    user: {
      'client-certificate-data'?: string;
      'client-key-data'?: string;
      token?: string;
      exec?: { command: string; args: string[] };
    };
  }[];
}

describe('signing in to a cluster without Entra', () => {
  it('works with what the user kubeconfig holds: the certificate, or the token', async () => {
    cloud = await TestCloud.start();
    const config = parse(await cloud.servers.userKubeconfig(cloud.cluster)) as Kubeconfig;
    expect(first(config.clusters).cluster.server).toBe(`https://${cloud.cluster.fqdn}:443`);
    const { name, user } = first(config.users);
    expect(name).toBe('clusterUser_shop-rg_shop');
    const pem = Buffer.from(user['client-certificate-data'] ?? '', 'base64').toString();
    expect(new X509Certificate(pem).subject).toContain('O=system:masters');
    const authorization = `Bearer ${user.token ?? ''}`;
    expect((await cloud.api('GET', PODS, undefined, { headers: { authorization } })).status).toBe(200);
  });

  it("fails with nothing, an Entra token, another authority's certificate, and local accounts turned off", async () => {
    cloud = await TestCloud.start();
    expect((await cloud.api('GET', PODS, undefined, { anonymous: true })).status).toBe(401);
    expect((await cloud.api('GET', PODS, undefined, bearer())).status).toBe(401);
    const other = await (await createAuthority('other')).client('masterclient', ['system:masters']);
    const exchange = cloud.exchange(`https://${cloud.cluster.fqdn}${PODS}`, {
      certificate: new X509Certificate(other.certificate),
    });
    expect((await cloud.servers.answer(exchange)).status).toBe(401);
    cloud.cluster.disableLocalAccounts = true;
    expect((await cloud.api('GET', PODS)).status).toBe(401);
  });
});

describe('signing in to a cluster with Entra', () => {
  it('hands out no credential, and takes tokens for the AKS server application only', async () => {
    cloud = await TestCloud.start((state) => {
      first(state.clusters).entra = { azureRbac: true, adminGroupObjectIds: [] };
    });
    const config = parse(await cloud.servers.userKubeconfig(cloud.cluster)) as Kubeconfig;
    const { user } = first(config.users);
    expect(Object.keys(user)).toEqual(['exec']);
    expect(user.exec?.args).toContain(AKS_SERVER);
    expect((await cloud.api('GET', PODS, undefined, bearer('https://management.azure.com'))).status).toBe(
      401,
    );
    const refused = await cloud.api('GET', PODS, undefined, bearer());
    expect(refused.status).toBe(403);
    expect(refused.json.message).toBe(
      `pods is forbidden: User "${cloud.deployer.objectId}" cannot list resource "pods" in API group "" in the namespace "default": User does not have access to the resource in Azure. Update role assignment to allow access.`,
    );
    expect(refused.note).toMatchObject({ service: 'kubernetes', caller: 'deployer', route: 'list pods' });
  });

  it('maps verbs to data actions, at the cluster or at one namespace', async () => {
    cloud = await TestCloud.start((state) => {
      first(state.clusters).entra = { azureRbac: true, adminGroupObjectIds: [] };
    });
    const allowed = async (verb: string, resource: string, group = '', namespace?: string) => {
      const { json } = await cloud.api(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          spec: {
            resourceAttributes: { verb, resource, group, ...(namespace === undefined ? {} : { namespace }) },
          },
        },
        bearer(),
      );
      return json.status?.allowed;
    };
    cloud.grant(cloud.deployer, ROLES.aksReader, cloud.clusterId);
    expect(await allowed('watch', 'pods', '', 'default')).toBe(true);
    expect(await allowed('create', 'jobs', 'batch', 'default')).toBe(false);
    expect(await allowed('list', 'secrets', '', 'default')).toBe(false);
    cloud.grant(cloud.deployer, ROLES.aksWriter, `${cloud.clusterId}/namespaces/default`);
    expect(await allowed('create', 'jobs', 'batch', 'default')).toBe(true);
    expect(await allowed('deletecollection', 'pods', '', 'default')).toBe(true);
    expect(await allowed('create', 'jobs', 'batch', 'kube-system')).toBe(false);
    expect(await allowed('list', 'nodes')).toBe(false);
  });

  it("honours bindings and the administrators' group where Azure RBAC is off", async () => {
    const group = '11111111-1111-4111-8111-111111111111';
    cloud = await TestCloud.start((state) => {
      const cluster = first(state.clusters);
      cluster.entra = { azureRbac: false, adminGroupObjectIds: [group] };
      state.groups.push({ name: 'admins', objectId: group, members: [] });
    });
    const list = async (namespace: string) =>
      (await cloud.api('GET', `/api/v1/namespaces/${namespace}/pods`, undefined, bearer())).status;
    expect(await list('default')).toBe(403);
    cloud.cluster.kubernetesBindings.push({
      subject: cloud.deployer.objectId,
      namespace: 'default',
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    });
    expect([await list('default'), await list('kube-system')]).toEqual([200, 403]);
    first(cloud.state.groups).members.push(cloud.deployer.objectId);
    expect(await list('kube-system')).toBe(200);
  });
});

describe('a cluster that can not be reached', () => {
  it('is served while it runs and is public', async () => {
    cloud = await TestCloud.start();
    expect(cloud.servers.serves(cloud.cluster.fqdn)).toBe(true);
    cloud.cluster.powerState = 'Stopped';
    expect(cloud.servers.serves(cloud.cluster.fqdn)).toBe(false);
    cloud.cluster.powerState = 'Running';
    cloud.cluster.privateCluster = true;
    expect(cloud.servers.serves(cloud.cluster.fqdn)).toBe(false);
  });
});
