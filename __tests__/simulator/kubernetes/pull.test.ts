import { afterEach, describe, expect, it } from '@jest/globals';
import { first, probeJob, ROLES, TestCloud } from './support.js';
import type { Json } from './support.js';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const PODS = '/api/v1/namespaces/default/pods';
const EVENTS = '/api/v1/namespaces/default/events';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const image = (name = 'shop/web:1.4.2'): string => `${cloud.registry.loginServer}/${name}`;
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
    expect(cloud.dialled.filter(({ path }) => path === '/oauth2/exchange')).toHaveLength(2);
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
