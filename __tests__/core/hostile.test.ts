/**
 * A whole preflight in which one answer is hostile: whatever it points to, no token, key or assertion goes there. The
 * rest of the cloud is scripted as it would be; every request that left is looked at.
 */
import { describe, expect, it } from '@jest/globals';
import { preflight } from '../../src/core/preflight.js';
import { readRequest } from '../../src/core/request.js';
import type { RawInputs } from '../../src/core/inputs.js';
import type { HttpRequest } from '../../src/core/ports.js';
import type { Report } from '../../src/core/report.js';
import { ARM_TOKEN, CLUSTER_ID, OBJECT_ID, REGISTRY_ID, routed, world } from './support.js';
import type { Reply, ScriptedHttp } from './support.js';

const EVIL = 'evil.example';
const API_SERVER = 'shop-1234.hcp.westeurope.azmk8s.io';
const REFRESH = 'a-refresh-token-of-the-registry';
const KEY = '-----BEGIN PRIVATE KEY-----\nthe key of the cluster user\n-----END PRIVATE KEY-----\n';
const SECRETS = [
  ARM_TOKEN,
  'entra-token-for-',
  REFRESH,
  'an-access-token-of-the-registry',
  'the key of the cluster user',
];

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfig(server: string): string {
  return `
apiVersion: v1
kind: Config
current-context: shop
contexts: [{ name: shop, context: { cluster: shop, user: me } }]
clusters: [{ name: shop, cluster: { server: '${server}' } }]
users:
  - name: me
    user:
      client-certificate-data: ${base64('-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n')}
      client-key-data: ${base64(KEY)}
`;
}

const CLUSTER = {
  id: CLUSTER_ID,
  name: 'shop',
  location: 'westeurope',
  properties: {
    provisioningState: 'Succeeded',
    powerState: { code: 'Running' },
    fqdn: API_SERVER,
    agentPoolProfiles: [{ name: 'system', count: 1, osType: 'Linux', vmSize: 'Standard_D2s_v5' }],
    identityProfile: { kubeletidentity: { objectId: OBJECT_ID } },
  },
};
const REGISTRY = {
  id: REGISTRY_ID,
  name: 'contoso',
  properties: { loginServer: 'contoso.azurecr.io', roleAssignmentMode: 'LegacyRegistryPermissions' },
};
const ASSIGNMENT = {
  id: `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/1`,
  name: '1',
  properties: {
    scope: REGISTRY_ID,
    principalId: OBJECT_ID,
    roleDefinitionId:
      '/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d',
  },
};

/** The cloud as it should be, with some routes replaced. Everything in the cluster is refused: the probe ends at once. */
function cloud(...hostile: [RegExp, Reply][]): ScriptedHttp {
  return routed(
    ...hostile,
    [/GET .*\/managedClusters\/shop\?/, { body: CLUSTER }],
    [
      /POST .*\/listClusterUserCredential/,
      { body: { kubeconfigs: [{ value: base64(kubeconfig(`https://${API_SERVER}:443`)) }] } },
    ],
    [/GET .*\/registries\/contoso\?/, { body: REGISTRY }],
    [/GET .*\/denyAssignments\?/, { body: { value: [] } }],
    [/GET .*\/permissions\?/, { body: { value: [{ actions: ['*'] }] } }],
    [/GET .*\/roleAssignments\?/, { body: { value: [ASSIGNMENT] } }],
    [/POST https:\/\/contoso\.azurecr\.io\/oauth2\/exchange/, { body: { refresh_token: REFRESH } }],
    [
      /POST https:\/\/contoso\.azurecr\.io\/oauth2\/token/,
      { body: { access_token: 'an-access-token-of-the-registry' } },
    ],
    [
      /GET https:\/\/contoso\.azurecr\.io\/(v2|acr\/v1)\//,
      { status: 404, body: { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'not here' }] } },
    ],
    [
      new RegExp(`https://${API_SERVER.replaceAll('.', '\\.')}`),
      { status: 403, body: { message: 'not you' } },
    ],
    [new RegExp(EVIL), { body: { value: [], refresh_token: 'x', access_token: 'x' } }],
  );
}

async function run(http: ScriptedHttp, inputs: RawInputs = {}): Promise<Report> {
  const { ports } = world(http);
  const request = readRequest({
    mode: 'check',
    cluster: CLUSTER_ID,
    registry: REGISTRY_ID,
    image: 'shop/web:1',
    ...inputs,
  });
  return preflight(request, ports, '0');
}

/** What went to hosts that were not part of the honest cloud. */
function sentElsewhere(http: ScriptedHttp): HttpRequest[] {
  const honest = ['management.azure.com', 'contoso.azurecr.io', API_SERVER];
  return http.requests.filter(({ url }) => !honest.includes(new URL(url).host));
}

function expectNothingSecretSent(http: ScriptedHttp): void {
  expect(http.requests.length).toBeGreaterThan(0);
  for (const request of sentElsewhere(http)) {
    const all = JSON.stringify(request);
    for (const secret of SECRETS) expect(all).not.toContain(secret);
    expect(request.headers?.authorization).toBeUndefined();
    expect(request.tls?.key).toBeUndefined();
  }
}

describe('no credential leaves', () => {
  it('the honest cloud itself is sent credentials: the test can see them', async () => {
    const http = cloud();
    await run(http);
    expect(sentElsewhere(http)).toEqual([]);
    const all = JSON.stringify(http.requests);
    for (const secret of [ARM_TOKEN, REFRESH]) expect(all).toContain(secret);
  });

  it.each([
    `contoso.azurecr.io.${EVIL}`,
    `contoso.azurecr.io@${EVIL}`,
    `${EVIL}/contoso.azurecr.io`,
    `https://${EVIL}`,
    `contoso.azurecr.io:8443`,
    `contoso.azurecr.io#.${EVIL}`,
  ])('for a registry called %s: nothing is called at all', async (registry) => {
    const http = cloud();
    await expect(run(http, { registry })).rejects.toMatchObject({ name: 'InputErrors' });
    expect(http.requests).toEqual([]);
  });

  it("to a login server's challenge realm", async () => {
    const challenge = `Bearer realm="https://${EVIL}/oauth2/token",service="contoso.azurecr.io"`;
    const refused: Reply = {
      status: 401,
      headers: { 'www-authenticate': challenge },
      body: { errors: [{ code: 'UNAUTHORIZED' }] },
    };
    const http = cloud([/https:\/\/contoso\.azurecr\.io\/(v2|acr\/v1)\//, refused]);
    await run(http);
    expect(sentElsewhere(http)).toEqual([]);
    expectNothingSecretSent(http);
  });

  it.each([301, 302, 307, 308])('to where a %i redirect points', async (status) => {
    const redirect: Reply = { status, headers: { location: `https://${EVIL}/` }, body: '' };
    for (const route of [
      /\/managedClusters\/shop\?/,
      /\/roleAssignments\?/,
      /contoso\.azurecr\.io\/oauth2/,
      /contoso\.azurecr\.io\/v2/,
    ]) {
      const http = cloud([route, redirect]);
      await run(http);
      expectNothingSecretSent(http);
      expect(sentElsewhere(http)).toEqual([]);
    }
  });

  it("to a list's nextLink", async () => {
    const page = { body: { value: [], nextLink: `https://${EVIL}/more` } };
    const http = cloud([/GET https:\/\/management.*\/roleAssignments\?/, page]);
    const report = await run(http);
    expectNothingSecretSent(http);
    expect(report.result).not.toBe('passed');
    const list = cloud([/GET https:\/\/management.*\/Microsoft\.ContainerRegistry\/registries\?/, page]);
    await run(list, { registry: 'contoso', 'subscription-id': '11111111-2222-4333-8444-555555555555' });
    expectNothingSecretSent(list);
  });

  it('to where a Location header points, on the answer of a grant', async () => {
    const created: Reply = {
      status: 202,
      headers: { location: `https://${EVIL}/operations/1`, 'azure-asyncoperation': `https://${EVIL}/2` },
      body: '',
    };
    const http = cloud(
      [/GET https:\/\/management.*\/roleAssignments\?/, { body: { value: [] } }],
      [/PUT .*\/roleAssignments\//, created],
      [
        /contoso\.azurecr\.io\/(v2|acr\/v1)\//,
        { headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` }, body: {} },
      ],
    );
    const { ports } = world(http);
    const request = readRequest({
      mode: 'connect',
      cluster: CLUSTER_ID,
      registry: REGISTRY_ID,
      image: 'shop/web:1',
    });
    await preflight(request, ports, '0').catch(() => undefined);
    expect(http.asked.some((line) => line.startsWith('PUT'))).toBe(true);
    expectNothingSecretSent(http);
    expect(sentElsewhere(http)).toEqual([]);
  });

  it.each([
    `https://${EVIL}:443`,
    `https://${API_SERVER}.${EVIL}`,
    `https://${API_SERVER}:8443`,
    `http://${API_SERVER}`,
    `https://x:y@${API_SERVER}`,
  ])("to a kubeconfig's server %s", async (server) => {
    const http = cloud(
      [
        /POST .*\/listClusterUserCredential/,
        { body: { kubeconfigs: [{ value: base64(kubeconfig(server)) }] } },
      ],
      [
        /contoso\.azurecr\.io\/(v2|acr\/v1)\//,
        { headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` }, body: {} },
      ],
    );
    const report = await run(http);
    expect(http.requests.filter(({ url }) => url.includes('/apis/') || url.includes(':8443'))).toEqual([]);
    expectNothingSecretSent(http);
    expect(report.result).toBe('unknown');
    expect(report.connections[0]?.checks.at(-1)).toMatchObject({ id: 'cluster-access', status: 'unknown' });
  });
});
