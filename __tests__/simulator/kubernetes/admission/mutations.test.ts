import { afterEach, expect, it } from '@jest/globals';
import type { TestCloud } from '../support.js';
import { container, createJob, createPod, IMAGE, startWith } from './support.js';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const mutating = (mutation: string, more = '') =>
  startWith(`
namespaces:
  - name: ci
    serviceAccounts:
      - { name: default, imagePullSecrets: [of-default] }
      - name: other
        imagePullSecrets: [of-other]
        annotations: { azure.workload.identity/client-id: 11111111-1111-1111-1111-111111111111 }
mutations: [${mutation}]
${more}
`);

it("a pod gets its account's pull secrets and a token, unless it says otherwise", async () => {
  cloud = await mutating('');
  const { json } = await createPod(cloud);
  expect(json.spec).toMatchObject({
    serviceAccountName: 'default',
    serviceAccount: 'default',
    imagePullSecrets: [{ name: 'of-default' }],
    volumes: [{ name: expect.stringMatching(/^kube-api-access-[a-z0-9]{5}$/) }],
  });
  const own = await createPod(
    cloud,
    { imagePullSecrets: [{ name: 'own' }], automountServiceAccountToken: false },
    { metadata: { name: 'y' } },
  );
  expect(own.json.spec).toMatchObject({ imagePullSecrets: [{ name: 'own' }] });
  expect(own.json.spec['volumes']).toBeUndefined();
});

it("a pod whose account isn't there is refused by the name it has so far", async () => {
  cloud = await mutating('');
  const { status, json } = await createPod(cloud, { serviceAccountName: 'gone' });
  expect(status).toBe(403);
  expect(json.message).toBe(
    'pods "x" is forbidden: error looking up service account ci/gone: serviceaccount "gone" not found',
  );
});

it('a webhook adds a pull secret to what the account gave', async () => {
  cloud = await mutating('{ change: pullSecret, secret: injected }');
  expect((await createPod(cloud)).json.spec['imagePullSecrets']).toEqual([
    { name: 'of-default' },
    { name: 'injected' },
  ]);
});

it('a webhook leads images to a mirror, in pods that Jobs make too', async () => {
  cloud = await mutating('{ change: image, from: contoso.azurecr.io/, to: mirror.example/contoso/ }');
  await createJob(cloud);
  const { items } = await cloud.until('/api/v1/namespaces/ci/pods', (list) => list.items.length > 0);
  expect(items[0]?.spec['containers']).toMatchObject([{ image: 'mirror.example/contoso/shop/web:1.4.2' }]);
  const job = await cloud.api('GET', '/apis/batch/v1/namespaces/ci/jobs/x');
  expect(job.json.spec).toMatchObject({ template: { spec: { containers: [{ image: IMAGE }] } } });
});

it("a webhook changes the account, whose secrets come only to a pod that hasn't any", async () => {
  cloud = await mutating('{ change: serviceAccount, account: other }');
  expect((await createPod(cloud)).json.spec).toMatchObject({
    serviceAccountName: 'other',
    serviceAccount: 'other',
    imagePullSecrets: [{ name: 'of-default' }],
  });
  cloud.stop();
  cloud = await mutating('{ change: serviceAccount, account: gone }');
  expect((await createPod(cloud)).json.message).toContain('serviceaccount "gone" not found');
});

it('a sidecar gets defaults and a token as any container does', async () => {
  cloud = await mutating('{ change: sidecar, container: proxy, image: a.example/proxy:1 }');
  const { json } = await createPod(cloud);
  expect(json.spec['containers']).toMatchObject([
    { name: 'c', volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
    {
      name: 'proxy',
      imagePullPolicy: 'IfNotPresent',
      volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    },
  ]);
  expect(json.spec['volumes']).toHaveLength(1);
});

it('labels, annotations, tolerations', async () => {
  cloud = await mutating(
    '{ change: labels, labels: { team: a } }, { change: annotations, annotations: { seen: "1" } }, { change: toleration, key: spot, effect: NoSchedule }',
  );
  const { json } = await createPod(cloud);
  expect(json.metadata).toMatchObject({ labels: { team: 'a' }, annotations: { seen: '1' } });
  expect(json.spec['tolerations']).toContainEqual({ key: 'spot', operator: 'Exists', effect: 'NoSchedule' });
});

it('the workload identity webhook serves pods with its label, and no others', async () => {
  cloud = await mutating('{ change: workloadIdentity }');
  const plain = await createPod(cloud, { serviceAccountName: 'other' });
  expect(plain.json.spec['containers']).not.toMatchObject([{ env: expect.anything() }]);
  const { json } = await createPod(
    cloud,
    { serviceAccountName: 'other' },
    { metadata: { name: 'y', labels: { 'azure.workload.identity/use': 'true' } } },
  );
  expect(json.spec['containers']).toMatchObject([
    {
      env: [
        { name: 'AZURE_CLIENT_ID', value: '11111111-1111-1111-1111-111111111111' },
        { name: 'AZURE_TENANT_ID', value: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        { name: 'AZURE_FEDERATED_TOKEN_FILE', value: '/var/run/secrets/azure/tokens/azure-identity-token' },
        { name: 'AZURE_AUTHORITY_HOST', value: 'https://login.microsoftonline.com/' },
      ],
    },
  ]);
  expect(json.spec['volumes']).toContainEqual({
    name: 'azure-identity-token',
    projected: {
      defaultMode: 420,
      sources: [
        {
          serviceAccountToken: {
            audience: 'api://AzureADTokenExchange',
            expirationSeconds: 3600,
            path: 'azure-identity-token',
          },
        },
      ],
    },
  });
});

it('what a webhook makes of a pod is validated, and policies see it', async () => {
  cloud = await mutating(
    '{ change: sidecar, container: UPPER, image: a.example/b:1 }',
    'policies: [{ name: p, rule: disallowedTags, tags: ["1"] }]',
  );
  expect((await createPod(cloud)).status).toBe(422);
  cloud.stop();
  cloud = await mutating(
    '{ change: sidecar, container: side, image: a.example/b:1 }',
    'policies: [{ name: p, rule: disallowedTags, tags: ["1"] }]',
  );
  expect((await createPod(cloud)).json.message).toContain(
    '[p] container <side> uses a disallowed tag <a.example/b:1>',
  );
});

it('a pull secret of a scenario is a Secret of the namespace', async () => {
  cloud = await startWith(`
namespaces:
  - name: ci
    pullSecrets: [{ name: acr, registry: contoso.azurecr.io, username: u, password: p }]
`);
  const { json } = await cloud.api('GET', '/api/v1/namespaces/ci/secrets/acr');
  expect(json).toMatchObject({ type: 'kubernetes.io/dockerconfigjson' });
  expect((await createPod(cloud, { containers: [container()] })).status).toBe(201);
});
