import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { first, probeJob, ROLES, TestCloud } from './support.js';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const PODS = '/api/v1/namespaces/default/pods';
const EVENTS = '/api/v1/namespaces/default/events';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

let cloud: TestCloud;
let image: string;
beforeEach(async () => {
  cloud = await TestCloud.start();
  cloud.grant(cloud.kubelet, ROLES.acrPull);
  image = `${cloud.registry.loginServer}/shop/web:1.4.2`;
});
afterEach(() => cloud.stop());

const reasons = async (kind: string): Promise<(string | undefined)[]> =>
  (await cloud.api('GET', `${EVENTS}?fieldSelector=involvedObject.kind=${kind}`)).json.items.map(
    ({ reason }) => reason,
  );

describe('jobs', () => {
  it('wait for a missing ServiceAccount, saying so, and start once it is there', async () => {
    const created = await cloud.api(
      'POST',
      JOBS,
      probeJob('probe', image, { pod: { serviceAccountName: 'probe' } }),
    );
    const events = await cloud.until(EVENTS, ({ items }) =>
      items.some(({ reason }) => reason === 'FailedCreate'),
    );
    expect(events.items.find(({ reason }) => reason === 'FailedCreate')?.message).toBe(
      'Error creating: pods "probe-" is forbidden: error looking up service account default/probe: serviceaccount "probe" not found',
    );
    const { uid } = created.json.metadata;
    await cloud.api('POST', ACCOUNTS, {
      metadata: {
        name: 'probe',
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'probe', uid }],
      },
    });
    await cloud.until(`${JOBS}/probe`, ({ status }) => status?.failed === 1);
    expect(await reasons('Job')).toEqual(expect.arrayContaining(['FailedCreate', 'SuccessfulCreate']));

    // Deleting the Job takes its pod and the account it owns along.
    await cloud.api('DELETE', `${JOBS}/probe`, { propagationPolicy: 'Background' });
    await cloud.until(PODS, ({ items }) => items.length === 0);
    await cloud.until(ACCOUNTS, ({ items }) => items.every(({ metadata }) => metadata.name === 'default'));
  });

  it('are removed with all they own after their time to live', async () => {
    const job = probeJob('probe', image, { job: { ttlSecondsAfterFinished: 1 } });
    const { uid } = (await cloud.api('POST', JOBS, job)).json.metadata;
    await cloud.api('POST', ACCOUNTS, {
      metadata: {
        name: 'probe',
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'probe', uid }],
      },
    });
    await cloud.until(`${JOBS}/probe`, ({ status }) => status?.conditions?.length === 2);
    await cloud.until(JOBS, ({ items }) => items.length === 0);
    expect((await cloud.api('GET', PODS)).json.items).toEqual([]);
    expect((await cloud.api('GET', `${ACCOUNTS}/probe`)).status).toBe(404);
  });

  it('keep their pods when deleted without a policy, and warn of it', async () => {
    await cloud.api('POST', JOBS, probeJob('probe', image));
    await cloud.until(`${JOBS}/probe`, ({ status }) => status?.failed === 1);
    const deleted = await cloud.api('DELETE', `${JOBS}/probe`);
    expect(deleted.headers['warning']).toContain('child pods are preserved by default when jobs are deleted');
    await cloud.until(JOBS, ({ items }) => items.length === 0);
    const pods = await cloud.until(PODS, ({ items }) => items[0]?.metadata.ownerReferences === undefined);
    expect(pods.items).toHaveLength(1);
    // Nothing holds the orphan: it can be deleted.
    await cloud.api('DELETE', `${PODS}/${first(pods.items).metadata.name}`);
    await cloud.until(PODS, ({ items }) => items.length === 0);
  });

  it('go last when deleted in the foreground', async () => {
    await cloud.api('POST', JOBS, probeJob('probe', `${cloud.registry.loginServer}/shop/web:nope`));
    await cloud.until(
      PODS,
      ({ items }) => items[0]?.status?.containerStatuses?.[0]?.state.waiting?.reason === 'ErrImagePull',
    );
    const stop = new AbortController();
    const order: string[] = [];
    const watching = (async () => {
      for await (const { type } of cloud.watch('/api/v1/pods?watch=1', stop.signal))
        if (type === 'DELETED') order.push('pod');
    })();
    const deleted = await cloud.api('DELETE', `${JOBS}/probe`, { propagationPolicy: 'Foreground' });
    expect(deleted.json.metadata.finalizers).toEqual(['foregroundDeletion']);
    await cloud.until(JOBS, ({ items }) => items.length === 0);
    order.push('job');
    stop.abort();
    await watching;
    expect(order).toEqual(['pod', 'job']);
  });

  it('succeed when the program is in the image', async () => {
    const pod = { containers: [{ name: 'check', image, command: ['/app/serve'] }] };
    await cloud.api('POST', JOBS, probeJob('probe', image, { pod }));
    const job = await cloud.until(`${JOBS}/probe`, ({ status }) => status?.conditions?.length === 2);
    expect(job.status?.conditions?.map(({ type }) => type)).toEqual(['SuccessCriteriaMet', 'Complete']);
    expect(await reasons('Job')).toContain('Completed');
    expect(await reasons('Pod')).toContain('Started');
  });

  it('make no pod while suspended', async () => {
    await cloud.api('POST', JOBS, probeJob('probe', image, { job: { suspend: true } }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await cloud.api('GET', PODS)).json.items).toEqual([]);
  });

  it('end at once with everything else when a namespace is deleted', async () => {
    await cloud.api('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
    const jobs = '/apis/batch/v1/namespaces/team/jobs';
    await cloud.api('POST', jobs, probeJob('probe', `${cloud.registry.loginServer}/shop/web:nope`));
    await cloud.until('/api/v1/namespaces/team/pods', ({ items }) => items.length === 1);
    await cloud.api('DELETE', '/api/v1/namespaces/team');
    await cloud.until('/api/v1/namespaces', ({ items }) =>
      items.every(({ metadata }) => metadata.name !== 'team'),
    );
    expect((await cloud.api('POST', jobs, probeJob('late', image))).status).toBe(404);
  });
});

describe('pods', () => {
  it('get the pull secrets and the token of their ServiceAccount', async () => {
    await cloud.api('POST', ACCOUNTS, {
      metadata: { name: 'with-secret' },
      imagePullSecrets: [{ name: 'old' }],
    });
    const { json } = await cloud.api('POST', PODS, {
      metadata: { name: 'one' },
      spec: { serviceAccountName: 'with-secret', containers: [{ name: 'c', image }] },
    });
    expect(json.spec['imagePullSecrets']).toEqual([{ name: 'old' }]);
    expect(JSON.stringify(json.spec['volumes'])).toContain('serviceAccountToken');
    const { json: bare } = await cloud.api('POST', PODS, {
      metadata: { name: 'two' },
      spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image }] },
    });
    expect(bare.spec['volumes']).toBeUndefined();
    await cloud.until(EVENTS, ({ items }) =>
      items.some(({ reason }) => reason === 'FailedToRetrieveImagePullSecret'),
    );
  });

  it('that fit no node stay pending, with the reason', async () => {
    await cloud.api('POST', PODS, {
      metadata: { name: 'lost' },
      spec: { nodeSelector: { agentpool: 'gpu' }, containers: [{ name: 'c', image }] },
    });
    const events = await cloud.until(EVENTS, ({ items }) =>
      items.some(({ reason }) => reason === 'FailedScheduling'),
    );
    expect(first(events.items).message).toBe(
      "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
    const { status } = (await cloud.api('GET', `${PODS}/lost`)).json;
    expect(status?.phase).toBe('Pending');
    expect(status?.conditions?.[0]).toMatchObject({
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
    });
  });

  it('reach a tainted node by a toleration, and a node by affinity to its name', async () => {
    const [system] = (await cloud.api('GET', '/api/v1/nodes?labelSelector=agentpool=system')).json.items;
    const { name } = system?.metadata ?? { name: '' };
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
      },
    };
    const tolerations = [{ key: 'CriticalAddonsOnly', operator: 'Exists' }];
    await cloud.api('POST', PODS, {
      metadata: { name: 'one' },
      spec: { affinity, tolerations, containers: [{ name: 'c', image }] },
    });
    const pod = await cloud.until(`${PODS}/one`, ({ spec }) => spec['nodeName'] !== undefined);
    expect(pod.spec['nodeName']).toBe(name);
  });

  it('use what the node has with IfNotPresent, and ask again with Always', async () => {
    for (const [name, imagePullPolicy] of [
      ['first', 'Always'],
      ['second', 'IfNotPresent'],
    ] as const) {
      await cloud.api('POST', PODS, {
        metadata: { name },
        spec: {
          restartPolicy: 'Never',
          nodeSelector: { agentpool: 'apps' },
          containers: [{ name: 'c', image, imagePullPolicy }],
        },
      });
      await cloud.until(`${PODS}/${name}`, ({ status }) => status?.phase === 'Succeeded');
    }
    const { items } = (
      await cloud.api('GET', `${EVENTS}?fieldSelector=reason=Pulled,involvedObject.name=second`)
    ).json;
    expect(items.map(({ message }) => message)).toEqual([
      `Container image "${image}" already present on machine and can be accessed by the pod`,
    ]);
  });

  it('are refused when they could never be', async () => {
    const { json, status } = await cloud.api('POST', PODS, {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'Bad_', image: '', imagePullPolicy: 'Sometimes' }] },
    });
    expect(status).toBe(422);
    expect(json.details?.causes?.map(({ field }) => field)).toEqual([
      'spec.containers[0].name',
      'spec.containers[0].image',
      'spec.containers[0].imagePullPolicy',
    ]);
    expect((await cloud.api('POST', PODS, { metadata: { name: 'y' }, spec: {} })).status).toBe(422);
  });
});
