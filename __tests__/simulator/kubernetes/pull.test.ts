import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createCredentialProvider } from '../../../src/simulator/kubernetes/credentials.js';
import { first, probeJob, ROLES, TestCloud } from './support.js';
import type { Json } from './support.js';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const PODS = '/api/v1/namespaces/default/pods';
const EVENTS = '/api/v1/namespaces/default/events';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const image = (name = 'shop/web:1.4.2'): string => `${cloud.registry.loginServer}/${name}`;
const exchanges = (): number => cloud.dialled.filter(({ path }) => path === '/oauth2/exchange').length;
const statusOf = (pod: Json) => pod.status?.containerStatuses?.[0];
const waiting = (list: Json): string | undefined =>
  statusOf(list.items[0] ?? ({} as Json))?.state.waiting?.reason;

describe('a pull on a node', () => {
  it('exchanges the kubelet identity, pulls, and ends in StartError', async () => {
    cloud = await TestCloud.start();
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const began = Date.now();
    expect((await cloud.api('POST', JOBS, probeJob('probe', image()))).status).toBe(201);
    const pods = await cloud.until(PODS, ({ items }) => items[0]?.status?.phase === 'Failed');
    expect(Date.now() - began).toBeLessThan(5_000);
    const status = statusOf(first(pods.items));
    expect(status?.state.terminated).toMatchObject({ reason: 'StartError', exitCode: 128 });
    const tagged = cloud.registry.repositories[0]?.tags.get('1.4.2') ?? '';
    expect(status?.imageID).toBe(`${cloud.registry.loginServer}/shop/web@${tagged}`);

    const events = (await cloud.api('GET', EVENTS)).json.items.map((event) => event.reason);
    expect(events).toEqual(
      expect.arrayContaining(['SuccessfulCreate', 'Scheduled', 'Pulling', 'Pulled', 'Created', 'Failed']),
    );
    const job = await cloud.until(
      `${JOBS}/probe`,
      ({ status: state }) => (state?.conditions?.length ?? 0) === 2,
    );
    expect(job.status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['FailureTarget', 'BackoffLimitExceeded'],
      ['Failed', 'BackoffLimitExceeded'],
    ]);

    const blobs = cloud.dialled.filter(({ host }) => host === cloud.registry.blobHost);
    expect(blobs).toHaveLength(3);
    expect(blobs.every(({ status: code, authorization }) => code === 200 && authorization === '')).toBe(true);
    expect(cloud.dialled.filter(({ path }) => path === '/oauth2/exchange')).toHaveLength(1);
  });

  it('brings no layers the second time', async () => {
    cloud = await TestCloud.start();
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    for (const name of ['one', 'two']) {
      await cloud.api('POST', JOBS, probeJob(name, image()));
      await cloud.until(`${JOBS}/${name}`, ({ status }) => status?.failed === 1);
    }
    expect(cloud.dialled.filter(({ host }) => host === cloud.registry.blobHost)).toHaveLength(3);
    // The kubelet keeps its credential provider's answer.
    expect(exchanges()).toBe(1);
  });

  it("keeps the credential provider's answer for five minutes, and a refusal not at all", async () => {
    cloud = await TestCloud.start();
    const provider = createCredentialProvider(cloud.context, cloud.cluster);
    const reference = { host: cloud.registry.loginServer, repository: 'shop/web', tag: '1.4.2' };
    const ask = () => provider.credentials(reference, new AbortController().signal);
    expect(await ask()).toEqual([]);
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const answer = await ask();
    expect(answer).toMatchObject([
      { username: '00000000-0000-0000-0000-000000000000', password: expect.stringMatching(/^ey/) },
      { username: '', password: '' },
    ]);
    expect(exchanges()).toBe(2);
    cloud.state.roleAssignments.length = 0;
    const now = Date.now();
    const clock = jest.spyOn(cloud.context, 'now');
    clock.mockReturnValue(now + 299_000);
    expect(await ask()).toEqual(answer);
    clock.mockReturnValue(now + 301_000);
    expect(await ask()).toEqual([]);
    expect(exchanges()).toBe(3);
  });

  it.each([
    ['contoso.azurecr.io', true],
    ['contoso.westeurope.geo.azurecr.io', true],
    ['contoso.azurecr.cn', true],
    ['contoso.westeurope.data.azurecr.io', false],
    ['azurecr.io', false],
    ['docker.io', false],
  ])('asks the credential provider for %s: %s', async (host, asked) => {
    cloud = await TestCloud.start();
    cloud.broken.set(host, () => Promise.reject(new Error('no answer')));
    const dial = jest.spyOn(cloud.context, 'dial');
    const provider = createCredentialProvider(cloud.context, cloud.cluster);
    await provider.credentials({ host, repository: 'app', tag: 'v1' }, new AbortController().signal);
    expect(dial.mock.calls.length > 0).toBe(asked);
  });

  it('pulls again what a pull secret brought, unless the pod shows the same', async () => {
    cloud = await TestCloud.start();
    cloud.grant(cloud.deployer, ROLES.acrPull);
    const { clientId, secrets } = cloud.deployer;
    const auths = { [cloud.registry.loginServer]: { username: clientId, password: secrets[0] } };
    await cloud.api('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 'registry' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    });
    const containers = [
      { name: 'check', image: image(), command: ['/nonexistent'], imagePullPolicy: 'IfNotPresent' },
    ];
    const imagePullSecrets = [{ name: 'registry' }];
    const run = (name: string, pod: object) =>
      cloud.api('POST', JOBS, probeJob(name, image(), { pod: { containers, ...pod } }));
    for (const name of ['first', 'again']) {
      await run(name, { imagePullSecrets });
      await cloud.until(`${JOBS}/${name}`, ({ status }) => status?.failed === 1);
    }
    const pulled = (await cloud.api('GET', `${EVENTS}?fieldSelector=reason=Pulled`)).json.items;
    expect(pulled.map(({ message }) => message).sort()).toEqual([
      `Container image "${image()}" already present on machine and can be accessed by the pod`,
      expect.stringMatching(/^Successfully pulled image /),
    ]);
    await run('without', {});
    await cloud.until(`${PODS}?labelSelector=job-name=without`, (list) => waiting(list) === 'ErrImagePull');
  });

  it('is refused without a grant: ErrImagePull, then ImagePullBackOff with the cause', async () => {
    cloud = await TestCloud.start();
    await cloud.api('POST', JOBS, probeJob('probe', image()));
    const refused = await cloud.until(PODS, (list) => waiting(list) === 'ErrImagePull');
    const host = cloud.registry.loginServer;
    const why = `failed to pull and unpack image "${image()}": failed to resolve image: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://${host}/oauth2/token?scope=repository%3Ashop%2Fweb%3Apull&service=${host}: 401 Unauthorized`;
    expect(statusOf(first(refused.items))?.state.waiting?.message).toBe(why);
    const backing = await cloud.until(PODS, (list) => waiting(list) === 'ImagePullBackOff');
    expect(statusOf(first(backing.items))?.state.waiting?.message).toBe(
      `Back-off pulling image "${image()}": ErrImagePull: ${why}`,
    );
  });

  it('says of a missing tag both what the registry and what the anonymous attempt said', async () => {
    cloud = await TestCloud.start();
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    await cloud.api('POST', JOBS, probeJob('probe', image('shop/web:nope')));
    const refused = await cloud.until(PODS, (list) => waiting(list) === 'ErrImagePull');
    const message = statusOf(first(refused.items))?.state.waiting?.message ?? '';
    expect(message).toMatch(
      /^\[rpc error: code = NotFound desc = failed to pull and unpack image .*: not found, failed to pull and unpack image .*401 Unauthorized\]$/,
    );
  });

  it('finds no platform in an index, and runs a foreign single manifest into the ground', async () => {
    cloud = await TestCloud.start();
    cloud.registry.anonymousPullEnabled = true;
    await cloud.api('POST', JOBS, probeJob('index', image('shop/web:arm-only')));
    const refused = await cloud.until(PODS, (list) => waiting(list) === 'ErrImagePull');
    const digest = cloud.registry.repositories[0]?.tags.get('arm-only') ?? '';
    expect(statusOf(first(refused.items))?.state.waiting?.message).toBe(
      `rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest ${digest}: not found`,
    );
    const pod = {
      nodeSelector: { agentpool: 'arm' },
      containers: [{ name: 'check', image: image('shop/web:single') }],
    };
    await cloud.api('POST', JOBS, probeJob('single', image(), { pod }));
    await cloud.until(`${JOBS}/single`, ({ status }) => status?.failed === 1);
    const [ran] = (await cloud.api('GET', `${PODS}?labelSelector=job-name=single`)).json.items;
    expect(statusOf(ran ?? ({} as Json))?.state.terminated).toMatchObject({ reason: 'Error', exitCode: 1 });
  });

  it('ignores AcrPull in ABAC mode and honours Repository Reader', async () => {
    cloud = await TestCloud.start((state) => {
      first(state.registries).roleAssignmentMode = 'AbacRepositoryPermissions';
    });
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    await cloud.api('POST', JOBS, probeJob('before', image()));
    const refused = await cloud.until(PODS, (list) => waiting(list) === 'ErrImagePull');
    expect(statusOf(first(refused.items))?.state.waiting?.message).toContain(
      'server message: insufficient_scope: authorization failed',
    );
    cloud.grant(cloud.kubelet, ROLES.repositoryReader);
    await cloud.api('POST', JOBS, probeJob('after', image()));
    await cloud.until(`${JOBS}/after`, ({ status }) => status?.failed === 1);
    const events = (await cloud.api('GET', `${EVENTS}?fieldSelector=reason=Pulled`)).json.items;
    expect(events).toHaveLength(1);
  });

  it('hides the signature of a blob address when the blob host fails', async () => {
    cloud = await TestCloud.start();
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    cloud.broken.set(cloud.registry.blobHost, () =>
      Promise.reject(Object.assign(new Error('connect'), { code: 'ETIMEDOUT' })),
    );
    await cloud.api('POST', JOBS, probeJob('probe', image()));
    const refused = await cloud.until(PODS, (list) => waiting(list) === 'ErrImagePull');
    const message = statusOf(first(refused.items))?.state.waiting?.message ?? '';
    expect(message).toContain(
      'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://',
    );
    expect(message).toContain('i/o timeout');
    expect(message).not.toContain('sig=');
  });
});
