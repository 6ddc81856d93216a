/** What an audit finds: credentials of every kind, who uses them, whether they work; and that it tells none of them. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { AuditedCredential } from '../../src/core/audit/model.js';
import { formsOf, openAuditGround, TOKEN_USER } from './audit-ground.js';
import type { Audited, AuditGround } from './audit-ground.js';
import { scenario } from './scene.js';

const PRINCIPAL = '5b0b1a0c-2f4d-4d7f-9a55-111111111111';
const SECRETS = {
  principal: 'Secr3t~of+the/principal="quoted"&more',
  unknown: 'a-password-of-nobody-knows-whom',
  helm: 'password in the values of helm',
  manifest: 'password in the "manifest" of helm',
  pattern: 'password-for-many-registries',
};
let ground: AuditGround;
let audited: Audited;
let token: string;

const CLOUD = scenario({
  identities: [
    { name: 'deployer', federated: 'github' },
    { name: 'nobody', federated: 'github' },
    { name: 'legacy', clientId: PRINCIPAL, secrets: [SECRETS.principal] },
  ],
  cluster: { namespaces: ['apps', 'batch', 'idle'] },
  login: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
    { principal: 'legacy', role: 'AcrPull', scope: 'registry:contoso' },
  ],
});

const pods = (more: object = {}) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'contoso.azurecr.io/shop/web:1.4' }], ...more },
});

async function made(path: string, body: object): Promise<void> {
  const { status, body: said } = await ground.kubernetes('POST', path, body);
  if (status !== 201) throw new Error(JSON.stringify(said));
}

beforeAll(async () => {
  ground = await openAuditGround(CLOUD);
  token = await ground.exposedToken();
  await ground.pullSecret('apps', 'acr', TOKEN_USER, token);
  await ground.pullSecret(
    'apps',
    'principal',
    PRINCIPAL,
    SECRETS.principal,
    'https://contoso.azurecr.io/v1/',
  );
  await ground.pullSecret('batch', 'odd', 'contoso', SECRETS.unknown);
  await ground.pullSecret('idle', 'elsewhere', 'me', 'not ours', 'other.azurecr.io');
  await ground.pullSecret('idle', 'pattern', 'puller', SECRETS.pattern, '*.azurecr.io');
  await ground.kubernetes(
    'PATCH',
    '/api/v1/namespaces/batch/serviceaccounts/default',
    [{ op: 'add', path: '/imagePullSecrets', value: [{ name: 'odd' }] }],
    'application/json-patch+json',
  );
  const secrets = { imagePullSecrets: [{ name: 'acr' }] };
  await made('/apis/apps/v1/namespaces/apps/deployments', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: pods(secrets) },
  });
  await made('/apis/batch/v1/namespaces/batch/cronjobs', {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: {
      schedule: '0 3 * * *',
      jobTemplate: { spec: { template: pods({ restartPolicy: 'Never' }) } },
    },
  });
  const release = {
    name: 'shop',
    namespace: 'apps',
    version: 1,
    chart: { metadata: { name: 'shop', version: '1.0.0' } },
    config: {
      imagePullSecrets: [{ name: 'acr' }],
      imageCredentials: { registry: 'contoso.azurecr.io', username: 'puller', password: SECRETS.helm },
    },
    manifest: `---\n# Source: shop/templates/secret.yaml\n${JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'rendered' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: {
        '.dockerconfigjson': JSON.stringify({
          auths: { 'contoso.azurecr.io': { username: 'rendered-by-helm', password: SECRETS.manifest } },
        }),
      },
    })}\n`,
  };
  const packed = gzipSync(JSON.stringify(release)).toString('base64');
  await made('/api/v1/namespaces/apps/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'helm.sh/release.v1',
    metadata: {
      name: 'sh.helm.release.v1.shop.v1',
      labels: { owner: 'helm', status: 'deployed', name: 'shop', version: '1' },
    },
    data: { release: Buffer.from(packed).toString('base64') },
  });
  audited = await ground.run();
});

afterAll(() => ground.end());

function credential(name: string): AuditedCredential | undefined {
  return audited.report?.connections[0]?.audit?.credentials.find((one) => one.in.name === name);
}

describe('an audit', () => {
  it('writes a report as the schema says', () => {
    const ajv = new Ajv2020({ strict: true, allErrors: true });
    formats(ajv);
    const schema = readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8');
    const validate = ajv.compile(JSON.parse(schema) as object);
    validate(JSON.parse(JSON.stringify(audited.report)));
    expect(validate.errors).toBeNull();
  });

  it('passes, because it could read everything', () => {
    expect(audited.problems).toEqual([]);
    expect(audited.report?.result).toBe('passed');
  });

  it('names a token of --expose-token, the minutes it has left, and who uses it', () => {
    const found = credential('acr');
    expect(found).toMatchObject({
      kind: 'expose-token',
      in: { kind: 'Secret', namespace: 'apps', name: 'acr' },
      works: true,
      usedBy: [
        { kind: 'Deployment', namespace: 'apps', name: 'web', via: 'imagePullSecrets' },
        { kind: 'HelmRelease', namespace: 'apps', name: 'shop', via: 'imagePullSecrets[0].name' },
      ],
    });
    // Tokens live for 195 minutes; some of them pass while the cloud is made.
    expect(found?.minutesLeft).toBeGreaterThan(180);
    expect(found?.minutesLeft).toBeLessThan(195);
    expect(audited.told).toMatch(
      /Secret apps\/acr holds a token of az acr login --expose-token for contoso\.azurecr\.io, which expires in 3 hours/,
    );
  });

  it('tells the other kinds apart, and whether they work', () => {
    expect(credential('principal')).toMatchObject({
      kind: 'service-principal',
      user: PRINCIPAL,
      works: true,
      usedBy: [],
    });
    expect(credential('odd')).toMatchObject({
      kind: 'admin-user',
      works: false,
      usedBy: [
        { kind: 'ServiceAccount', name: 'default' },
        { kind: 'CronJob', name: 'nightly', via: 'service account default' },
      ],
    });
    expect(credential('shop')).toMatchObject({
      kind: 'repository-token',
      in: { kind: 'HelmRelease', path: 'imageCredentials' },
      user: 'puller',
      works: false,
    });
    expect(
      audited.report?.connections[0]?.audit?.credentials.find(({ user }) => user === 'rendered-by-helm'),
    ).toMatchObject({
      kind: 'repository-token',
      in: { kind: 'HelmRelease', name: 'shop', path: 'manifest, Secret rendered' },
      works: false,
    });
    expect(credential('elsewhere')).toBeUndefined();
    expect(credential('pattern')).toMatchObject({
      kind: 'repository-token',
      works: 'unknown',
      because: 'not tried: *.azurecr.io may be meant for other registries',
    });
  });

  it('sends what it found to the registry alone, once each', () => {
    const asked = audited.requests.filter(({ path }) => path.startsWith('/oauth2/token'));
    expect(new Set(asked.map(({ host }) => host))).toEqual(new Set(['contoso.azurecr.io']));
    expect(asked.filter(({ method }) => method === 'GET')).toHaveLength(5);
  });

  it('tells none of them, in no form', () => {
    for (const secret of [token, ...Object.values(SECRETS)])
      for (const form of formsOf(secret)) expect(audited.told).not.toContain(form);
    // Nor to the CI system, to be masked: that would write it to a stream too.
    for (const secret of [token, ...Object.values(SECRETS)]) expect(audited.masked).not.toContain(secret);
    const signed = token.split('.').at(-1) ?? '';
    expect(audited.told).not.toContain(signed);
  });

  it('asks for nothing but what it looks at, side by side, and says in how many lists', () => {
    const lists = audited.requests.filter(
      ({ path, method }) => method === 'GET' && /^\/(api|apis)\//.test(path),
    );
    expect(audited.report?.connections[0]?.audit?.requests).toBe(lists.length);
    expect(lists).toHaveLength(11);
  });
});
