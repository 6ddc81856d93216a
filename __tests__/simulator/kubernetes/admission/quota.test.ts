import { afterEach, describe, expect, it } from '@jest/globals';
import type { TestCloud } from '../support.js';
import { bareContainer, container, createJob, createPod, failedCreate, startWith } from './support.js';

let cloud: TestCloud;
afterEach(() => cloud.stop());

const QUOTA = '/api/v1/namespaces/ci/resourcequotas/compute';
const withQuota = (hard: string) =>
  startWith(`
namespaces:
  - name: ci
    quotas: [{ name: compute, hard: ${hard} }]
`);

interface Quota {
  status?: { hard: Record<string, string>; used: Record<string, string> };
}

describe('ResourceQuota', () => {
  it('refuses a Job beyond the count, tells what is used, and frees it on deletion', async () => {
    cloud = await withQuota('{ count/jobs.batch: "1" }');
    expect((await createJob(cloud)).status).toBe(201);
    const refused = await createJob(cloud, {}, { name: 'y' });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      reason: 'Forbidden',
      message:
        'jobs.batch "y" is forbidden: exceeded quota: compute, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1',
    });
    await cloud.until(QUOTA, (json) => (json as unknown as Quota).status?.used['count/jobs.batch'] === '1');
    await cloud.api('DELETE', '/apis/batch/v1/namespaces/ci/jobs/x', { propagationPolicy: 'Background' });
    expect((await createJob(cloud, {}, { name: 'y' })).status).toBe(201);
  });

  it('adds up requests and limits, in canonical amounts', async () => {
    cloud = await withQuota('{ requests.cpu: "0.15", limits.memory: 1Gi, pods: "5" }');
    expect((await createPod(cloud)).status).toBe(201);
    expect((await createPod(cloud, {}, { metadata: { name: 'y' } })).json.message).toBe(
      'pods "y" is forbidden: exceeded quota: compute, requested: requests.cpu=100m, used: requests.cpu=100m, limited: requests.cpu=150m',
    );
    const { json } = await cloud.api('GET', QUOTA);
    await cloud.until(QUOTA, (one) => (one as unknown as Quota).status?.used['pods'] === '1');
    expect(json.kind).toBe('ResourceQuota');
    expect(((await cloud.api('GET', QUOTA)).json as unknown as Quota).status).toEqual({
      hard: { 'requests.cpu': '150m', 'limits.memory': '1Gi', pods: '5' },
      used: { 'requests.cpu': '100m', 'limits.memory': '128Mi', pods: '1' },
    });
  });

  it('demands that what it counts is stated', async () => {
    cloud = await withQuota('{ limits.cpu: "4", limits.memory: 4Gi }');
    const made = await createPod(cloud, { containers: [bareContainer, container({ name: 'd' })] });
    expect(made.json.message).toBe(
      'pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: c; limits.memory for: c',
    );
  });

  it("stops a Job's pod, which the Job tells of", async () => {
    cloud = await withQuota('{ pods: "0" }');
    expect((await createJob(cloud)).status).toBe(201);
    expect(await failedCreate(cloud)).toMatch(
      /^Error creating: pods "x-[a-z0-9]{5}" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=0, limited: pods=0$/,
    );
  });

  it('is asked in a dry run, which counts for nothing', async () => {
    cloud = await withQuota('{ count/jobs.batch: "1" }');
    expect((await createJob(cloud, {}, { query: '?dryRun=All' })).status).toBe(201);
    expect((await createJob(cloud)).status).toBe(201);
    expect((await createJob(cloud, {}, { name: 'y', query: '?dryRun=All' })).json.message).toContain(
      'exceeded quota: compute',
    );
  });
});

const withLimits = (item: string) =>
  startWith(`
namespaces:
  - name: ci
    limitRanges: [{ limits: [${item}] }]
`);

const asking = (requests: object, limits: object) => ({
  containers: [container({ resources: { requests, limits } })],
});

describe('LimitRange', () => {
  it('gives its defaults and says so in an annotation', async () => {
    cloud = await withLimits('{ default: { cpu: 200m, memory: 256Mi }, defaultRequest: { cpu: 50m } }');
    const { json } = await createPod(cloud, { containers: [bareContainer] });
    expect(json.spec['containers']).toMatchObject([
      { resources: { limits: { cpu: '200m', memory: '256Mi' }, requests: { cpu: '50m', memory: '256Mi' } } },
    ]);
    expect(json.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c',
    });
  });

  it.each<[string, string, object, string]>([
    [
      'maximum',
      '{ max: { cpu: "1" } }',
      asking({ cpu: '1' }, { cpu: '2' }),
      'maximum cpu usage per Container is 1, but limit is 2',
    ],
    [
      'minimum',
      '{ min: { memory: 256Mi } }',
      asking({ memory: '128Mi' }, { memory: '1Gi' }),
      'minimum memory usage per Container is 256Mi, but request is 128Mi',
    ],
    [
      'ratio',
      '{ maxLimitRequestRatio: { cpu: "2" } }',
      asking({ cpu: '100m' }, { cpu: '1' }),
      'cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000',
    ],
    [
      'maximum of a pod',
      '{ type: Pod, max: { cpu: 150m } }',
      { containers: [container(), container({ name: 'd' })] },
      'maximum cpu usage per Pod is 150m, but limit is 200m',
    ],
    [
      'what a pod must state',
      '{ type: Pod, max: { cpu: "1" } }',
      { containers: [bareContainer] },
      'maximum cpu usage per Pod is 1.  No limit is specified',
    ],
    [
      'several, in brackets',
      '{ max: { cpu: 50m, memory: 64Mi } }',
      {},
      '[maximum cpu usage per Container is 50m, but limit is 100m, maximum memory usage per Container is 64Mi, but limit is 128Mi]',
    ],
  ])('holds the %s', async (_what, item, spec, words) => {
    cloud = await withLimits(item);
    expect((await createPod(cloud, spec)).json.message).toBe(`pods "x" is forbidden: ${words}`);
  });
});
