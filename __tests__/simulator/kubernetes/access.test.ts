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

describe('roles and bindings that are stored', () => {
  const RBAC = '/apis/rbac.authorization.k8s.io/v1';
  const as = (user: string) => ({ headers: { 'impersonate-user': user } });
  const SYSTEM = 'system:serviceaccount:default:bot';

  const bind = async (rules: object[], subject: object) => {
    await cloud.api('POST', `${RBAC}/namespaces/default/roles`, { metadata: { name: 'r' }, rules });
    await cloud.api('POST', `${RBAC}/namespaces/default/rolebindings`, {
      metadata: { name: 'b' },
      subjects: [subject],
      roleRef: { kind: 'Role', name: 'r' },
    });
  };

  it('give what they say, where they say it, to whom they say it', async () => {
    cloud = await TestCloud.start();
    expect((await cloud.api('GET', PODS, undefined, as(SYSTEM))).status).toBe(403);
    const rules = [
      { verbs: ['list'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get'], apiGroups: [''], resources: ['pods/log'] },
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
    ];
    await bind(rules, { kind: 'ServiceAccount', name: 'bot', namespace: 'default' });
    const status = async (path: string, user = SYSTEM) =>
      (await cloud.api('GET', `/api/v1/namespaces/${path}`, undefined, as(user))).status;
    expect(await status('default/pods')).toBe(200);
    expect(await status('default/pods', 'jane')).toBe(403);
    expect(await status('kube-system/pods')).toBe(403);
    expect([await status('default/pods/x'), await status('default/pods/x/log')]).toEqual([403, 404]);
    expect([await status('default/secrets/mine'), await status('default/secrets/other')]).toEqual([404, 403]);
    const review = async (resourceAttributes: object) => {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      return (await cloud.api('POST', path, { spec: { resourceAttributes } }, as(SYSTEM))).json.status;
    };
    expect(await review({ verb: 'list', resource: 'pods', namespace: 'default' })).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of Role "r" to ServiceAccount "bot/default"',
    });
    expect(
      await review({ verb: 'get', resource: 'pods', subresource: 'log', namespace: 'default' }),
    ).toMatchObject({
      allowed: true,
    });
  });

  it('are needed to ask as someone else', async () => {
    cloud = await TestCloud.start();
    await bind([{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }], { kind: 'User', name: 'jane' });
    const groups = { headers: { 'impersonate-user': 'masterclient', 'impersonate-group': 'system:masters' } };
    cloud.cluster.entra = { azureRbac: false, adminGroupObjectIds: [] };
    const { json } = await cloud.api('GET', PODS, undefined, {
      headers: { ...bearer().headers, ...groups.headers },
    });
    expect(json.message).toBe(
      `users "masterclient" is forbidden: User "${cloud.deployer.objectId}" cannot impersonate resource "users" in API group "" at the cluster scope`,
    );
    expect((await cloud.api('GET', PODS, undefined, as('jane'))).status).toBe(200);
  });

  it('are wrong without a role that could be', async () => {
    cloud = await TestCloud.start();
    const { json } = await cloud.api('POST', `${RBAC}/clusterrolebindings`, {
      metadata: { name: 'b' },
      subjects: [{ kind: 'Robot', name: 'x' }],
      roleRef: { kind: 'Role', name: '' },
    });
    expect(json.details?.causes?.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'roleRef.name: Required value',
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ]);
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
