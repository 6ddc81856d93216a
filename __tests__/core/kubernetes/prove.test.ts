import { describe, expect, it } from '@jest/globals';
import { ClusterRefusal } from '../../../src/core/kubernetes/answers.js';
import { at } from '../../../src/core/json.js';
import { HttpFault } from '../../../src/core/ports.js';
import { DIGEST, pullsWell, refuses, status } from './support.js';
import type { Story, VirtualClock } from './support.js';
import { DENIED, IMAGE, isCreate, target, world } from './world.js';

describe('a good run', () => {
  it('proves three pools side by side with one watch and at most six requests each, and leaves nothing', async () => {
    const { clock, cluster, prove, remembered } = world();
    const pulls = await prove([
      target('np1'),
      target('np2', { digest: DIGEST }),
      target('win', { os: 'Windows' }),
    ]);
    expect(pulls).toEqual([
      {
        nodePool: 'np1',
        node: 'np1-node',
        os: 'Linux',
        architecture: 'amd64',
        image: IMAGE,
        digest: DIGEST,
        digestSource: 'node',
        proved: 'content',
        status: 'pass',
        attempts: 1,
        durationMs: 310,
      },
      expect.objectContaining({
        nodePool: 'np2',
        node: 'np2-node',
        digestSource: 'registry',
        status: 'pass',
      }),
      expect.objectContaining({ nodePool: 'win', os: 'Windows', status: 'pass' }),
    ]);
    expect(clock.elapsed).toBe(310);
    expect(cluster.watches).toBe(1);
    for (const pool of ['np1', 'np2', 'win'])
      expect(cluster.kinds(`-${pool}-`)).toEqual(['POST jobs', 'POST serviceaccounts', 'DELETE jobs']);
    expect(cluster.kinds('-node').filter((kind) => kind === 'GET nodes')).toHaveLength(3);
    expect(cluster.asked).toHaveLength(12);
    expect(cluster.jobs.size).toBe(0);
    expect(remembered.at(-1)?.jobs).toEqual([]);
  });

  it('has no more than so many under way on one node, and pools side by side', async () => {
    const { clock, cluster, prove } = world();
    const targets = ['np1', 'np2'].flatMap((pool) => Array.from({ length: 5 }, () => target(pool)));
    const pulls = await prove(targets, { perNode: 2 });
    expect(pulls.map(({ nodePool }) => nodePool)).toEqual(targets.map(({ nodePool }) => nodePool));
    for (const pool of ['np1', 'np2']) {
      let underWay = 0;
      const most = cluster.kinds(`-${pool}-`).map((kind) => {
        if (kind === 'POST jobs') underWay += 1;
        if (kind === 'DELETE jobs') underWay -= 1;
        return underWay;
      });
      expect(Math.max(...most)).toBe(2);
    }
    // Three rounds of what one takes; the pools don't wait for each other.
    expect(clock.elapsed).toBe(3 * 310);
  });

  it('remembers every Job before it is made', async () => {
    const { cluster, prove, remembered } = world();
    await prove([target('np1'), target('np2')]);
    const creates = cluster.asked.filter(isCreate).map(({ options }) => at(options.body, 'metadata', 'name'));
    expect(creates).toHaveLength(2);
    for (const name of creates) {
      const made = cluster.asked.findIndex(
        (asked) => isCreate(asked) && at(asked.options.body, 'metadata', 'name') === name,
      );
      expect(remembered.some(({ asked, jobs }) => asked <= made && jobs.includes(String(name)))).toBe(true);
    }
    expect(remembered[1]).toMatchObject({
      leftovers: [{ clusterId: '/subscriptions/s/shop', namespace: 'default', jobs: creates }],
    });
  });

  it('reads the events only where the list of the node is cut off', async () => {
    const { cluster, prove } = world((pool) => ({
      ...pullsWell(`${pool}-node`),
      events: [
        {
          about: 'Pod',
          reason: 'Pulled',
          message: `Successfully pulled image "${IMAGE}" in 1s. Image size: 900 bytes.`,
        },
      ],
    }));
    cluster.images = Array.from({ length: 50 }, () => ({ names: ['x@sha256:0'], sizeBytes: 500 }));
    const [pull] = await prove([target('np1')]);
    expect(pull?.proved).toBe('content');
    expect(cluster.asked).toHaveLength(5);
  });

  it('proves only the manifest when the node had the digest, or may not be read', async () => {
    const had = world();
    had.cluster.images = [{ names: [`elsewhere/app@${DIGEST}`], sizeBytes: 1 }];
    expect((await had.prove([target('np1')]))[0]).toMatchObject({ status: 'pass', proved: 'manifest' });
    const unseen = world();
    unseen.cluster.intercept = ({ path }) =>
      path.includes('/nodes/') ? { status: 403, body: { message: 'nodes is forbidden' } } : undefined;
    expect((await unseen.prove([target('np1')]))[0]).toMatchObject({ status: 'pass', proved: 'manifest' });
  });

  it('is not held up for long by a node that does not answer', async () => {
    const { clock, cluster, prove } = world();
    cluster.intercept = ({ path }) => (path.includes('/nodes/') ? new Promise(() => undefined) : undefined);
    expect((await prove([target('np1')]))[0]).toMatchObject({ status: 'pass', proved: 'manifest' });
    expect(clock.elapsed).toBeLessThan(6000);
  });

  it('says that the node pulled another digest than the registry told', async () => {
    const { findings, prove } = world();
    const [pull] = await prove([target('np1', { digest: `sha256:${'c'.repeat(64)}` })]);
    expect(pull).toMatchObject({ status: 'pass', digest: DIGEST, digestSource: 'node' });
    expect(findings.map(({ id }) => id)).toEqual(['digest-differs']);
  });

  it('asks nothing for no targets', async () => {
    const { cluster, prove } = world();
    expect(await prove([])).toEqual([]);
    expect(cluster.watches).toBe(0);
  });
});

describe('a refused pull', () => {
  it('fails at once with the words of the node and what they mean', async () => {
    const { cluster, prove } = world((pool) => refuses(`${pool}-node`, DENIED));
    const [pull] = await prove([target('np1')], {
      explain: (message) => ({ cause: `means ${message.length}`, docs: 'page' }),
    });
    expect(pull).toMatchObject({
      status: 'fail',
      proved: 'none',
      node: 'np1-node',
      message: DENIED,
      cause: `means ${DENIED.length}`,
      docs: 'page',
      attempts: 1,
    });
    expect(cluster.jobs.size).toBe(0);
  });

  it('keeps the first message when the status flips before anyone looks', async () => {
    const { prove } = world(() => ({
      steps: [
        { afterMs: 10, spec: { nodeName: 'n' }, status: status.waiting('ErrImagePull', DENIED) },
        { afterMs: 0, status: status.waiting('ContainerCreating') },
        { afterMs: 0, status: status.lost() },
      ],
    }));
    expect((await prove([target('np1')]))[0]).toMatchObject({
      status: 'fail',
      cause: 'pull-refused',
      message: DENIED,
    });
  });

  it('reads the reason from the events when the back-off holds none', async () => {
    const { cluster, prove } = world(() => ({
      steps: [
        {
          afterMs: 10,
          spec: { nodeName: 'n' },
          status: status.waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}"`),
        },
      ],
      events: [{ about: 'Pod', reason: 'Failed', message: `Failed to pull image "${IMAGE}": ${DENIED}` }],
    }));
    expect((await prove([target('np1')]))[0]).toMatchObject({ status: 'fail', message: DENIED });
    expect(cluster.kinds().filter((kind) => kind === 'GET events')).toHaveLength(1);
  });

  it('waits a little for a reason that comes later, then does without', async () => {
    const backOff = {
      afterMs: 10,
      spec: { nodeName: 'n' },
      status: status.waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}"`),
    };
    const late = world(() => ({
      steps: [backOff, { afterMs: 10_000, status: status.waiting('ErrImagePull', DENIED) }],
    }));
    expect((await late.prove([target('np1')]))[0]).toMatchObject({ status: 'fail', message: DENIED });
    const never = world(() => ({ steps: [backOff, { ...backOff, afterMs: 1000 }] }));
    expect((await never.prove([target('np1')]))[0]).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('no event says why'),
    });
    expect(never.clock.elapsed).toBe(15_010);
    expect(never.cluster.kinds().filter((kind) => kind === 'GET events')).toHaveLength(2);
    const [, read] = never.cluster.asked.filter(({ path }) => path.endsWith('/events'));
    expect(read?.at).toBe(never.clock.now());
  });
});

describe('while a new grant takes effect', () => {
  const until = (ms: number, clock: VirtualClock) => ({ waitForGrant: { until: clock.now() + ms } });

  it('tries a fresh pod after 5, 10, 15, 20, 30, 30 … s until it works, telling what it waits for', async () => {
    const { clock, cluster, prove, waitings } = world((_pool, attempt) =>
      attempt <= 7 ? refuses('n', DENIED) : pullsWell('n'),
    );
    const [pull] = await prove([target('np1')], until(600_000, clock));
    expect(pull).toMatchObject({ status: 'pass', attempts: 8 });
    const made = cluster.asked.filter(isCreate);
    const pauses = made
      .slice(1)
      .map(({ at: time }, index) => Math.round((time - (made[index]?.at ?? 0) - 210) / 1000));
    expect(pauses).toEqual([5, 10, 15, 20, 30, 30, 30]);
    expect(new Set(made.map(({ options }) => at(options.body, 'metadata', 'name'))).size).toBe(8);
    expect(cluster.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(8);
    expect(waitings.length).toBeGreaterThan(20);
    expect(waitings.at(-1)).toMatchObject({ what: 'the new grant to take effect (pools: np1)' });
    expect(waitings.every(({ elapsedMs, limitMs }) => elapsedMs >= 0 && elapsedMs < limitMs)).toBe(true);
  });

  it('tries a last time at the deadline, then lets the refusal stand', async () => {
    const { clock, cluster, prove } = world(() => refuses('n', DENIED));
    const [pull] = await prove([target('np1')], until(20_000, clock));
    expect(pull).toMatchObject({ status: 'fail', message: DENIED, attempts: 4 });
    expect(cluster.asked.filter(isCreate).at(-1)?.at).toBe(Date.parse('2026-01-01T00:00:20Z'));
  });

  it('stops at once for a refusal that no grant cures', async () => {
    const { clock, cluster, prove } = world(() =>
      refuses('n', 'failed to do request: dial tcp: lookup contoso.azurecr.io: no such host'),
    );
    expect((await prove([target('np1')], until(600_000, clock)))[0]).toMatchObject({
      status: 'fail',
      attempts: 1,
    });
    expect(cluster.asked.filter(isCreate)).toHaveLength(1);
  });

  it('does not hold up the pools that work already', async () => {
    const { clock, cluster, prove } = world((pool, attempt) =>
      pool === 'slow' && attempt === 1 ? refuses('n', DENIED) : pullsWell('n'),
    );
    const [slow, quick] = await prove([target('slow'), target('quick')], until(60_000, clock));
    expect(slow).toMatchObject({ status: 'pass', attempts: 2 });
    expect(quick).toMatchObject({ status: 'pass', attempts: 1, durationMs: 310 });
    expect(cluster.watches).toBe(1);
  });
});

describe('what the probe cannot tell', () => {
  const unknown = async (story: Story) => {
    const made = world(() => story);
    const [pull] = await made.prove([target('np1')]);
    expect(made.cluster.jobs.size).toBe(0);
    expect(made.cluster.asked.length).toBeLessThanOrEqual(6);
    expect(pull).toMatchObject({ status: 'unknown', proved: 'none' });
    return { ...made, pull };
  };

  it('a registry that hangs ends after 3 minutes with the last event', async () => {
    const { clock, pull, waitings } = await unknown({
      steps: [{ afterMs: 10, spec: { nodeName: 'n' }, status: status.waiting('ContainerCreating') }],
      events: [{ about: 'Pod', reason: 'Pulling', message: `Pulling image "${IMAGE}"` }],
    });
    expect(pull).toMatchObject({
      cause: 'probe-timed-out',
      node: 'n',
      message: `timed out after 180 s, last event Pulling: Pulling image "${IMAGE}"`,
    });
    expect(clock.elapsed).toBe(180_000);
    expect(waitings[0]).toEqual({
      what: 'the nodes to pull (pools: np1)',
      elapsedMs: 5000,
      limitMs: 180_000,
    });
  });

  it('no node after 60 s', async () => {
    const { clock, pull } = await unknown({
      steps: [{ afterMs: 10, status: status.unschedulable('0/3 nodes are available: 3 Insufficient cpu.') }],
    });
    expect(pull).toMatchObject({
      cause: 'probe-unschedulable',
      message: expect.stringContaining('3 Insufficient cpu'),
    });
    expect(clock.elapsed).toBe(60_010);
  });

  it('a pod that admission refuses, from the events of the Job', async () => {
    const words = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
    const { clock, pull } = await unknown({
      events: [{ about: 'Job', reason: 'FailedCreate', message: words }],
    });
    expect(pull).toMatchObject({ cause: 'probe-refused', message: words });
    expect(clock.elapsed).toBe(5000);
  });

  it('not a pod that only waits for its ServiceAccount', async () => {
    const words =
      'Error creating: pods "x" is forbidden: error looking up service account default/x: serviceaccount "x" not found';
    const { pull } = await unknown({ events: [{ about: 'Job', reason: 'FailedCreate', message: words }] });
    expect(pull).toMatchObject({ cause: 'probe-timed-out' });
  });

  it('a pod that something else deletes', async () => {
    const { pull } = await unknown({ steps: [{ afterMs: 10, deleted: true }] });
    expect(pull).toMatchObject({
      cause: 'probe-refused',
      message: expect.stringContaining('deleted by something else'),
    });
  });

  it('a pod of another Job of the same name', async () => {
    const { pull } = await unknown({
      ...pullsWell('n'),
      admission: (pod) =>
        (pod.metadata['ownerReferences'] = [
          { kind: 'Job', name: String(pod.metadata['name']).replace(/-abcde$/, ''), uid: 'former' },
        ]),
    });
    expect(pull).toMatchObject({ cause: 'probe-timed-out' });
  });

  it('a node that turns the pod away', async () => {
    const { pull } = await unknown({
      steps: [{ afterMs: 10, status: { phase: 'Failed', reason: 'OutOfcpu', message: 'too little' } }],
    });
    expect(pull).toMatchObject({ cause: 'probe-refused', message: 'OutOfcpu: too little' });
  });

  it.each<[string, NonNullable<Story['admission']>, string]>([
    [
      'pull secrets',
      (pod) => (pod.spec['imagePullSecrets'] = [{ name: 'acr' }]),
      'spec.imagePullSecrets added: acr',
    ],
    [
      'another account',
      (pod) => (pod.spec['serviceAccountName'] = 'default'),
      'spec.serviceAccountName changed to "default"',
    ],
    [
      'workload identity',
      (pod) => (pod.metadata['annotations'] = { 'azure.workload.identity/use': 'true' }),
      'metadata.annotations added',
    ],
  ])('a pod that admission gave %s, though it pulls', async (_name, admission, words) => {
    const { pull } = await unknown({ ...pullsWell('n'), admission });
    expect(pull).toMatchObject({ cause: 'probe-changed', message: expect.stringContaining(words) });
  });

  it('tells of a sidecar, whose pod still counts', async () => {
    const { findings, prove } = world(() => ({
      ...pullsWell('n'),
      admission: (pod) => (pod.spec['initContainers'] = [{ name: 'istio-init' }]),
    }));
    expect((await prove([target('np1')]))[0]).toMatchObject({ status: 'pass' });
    expect(findings).toEqual([
      expect.objectContaining({ id: 'probe-added-to', evidence: expect.stringContaining('istio-init') }),
    ]);
  });
});

describe('what the API server refuses', () => {
  const words = (message: string, more: Record<string, unknown> = {}) => ({
    kind: 'Status',
    message,
    ...more,
  });
  const rights =
    'jobs.batch is forbidden: User "ci" cannot create resource "jobs" in API group "batch" in the namespace "default"';

  it.each<[string, number, unknown, string]>([
    ['no right', 403, words(rights), 'cluster-rights-missing'],
    [
      'no right, in the words of Azure RBAC',
      403,
      words(`${rights}: User does not have access to the resource in Azure.`),
      'cluster-rights-missing',
    ],
    [
      'a quota',
      403,
      words('jobs.batch "x" is forbidden: exceeded quota: q, requested: count/jobs.batch=1'),
      'probe-refused',
    ],
    [
      'a policy',
      403,
      words('admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-x] no'),
      'probe-refused',
    ],
    ['an invalid object', 422, words('Job.batch "x" is invalid'), 'probe-refused'],
    ['an absent namespace', 404, words('namespaces "default" not found'), 'namespace-missing'],
    [
      'a namespace that goes',
      403,
      words('unable to create new content in namespace default because it is being terminated', {
        details: { causes: [{ reason: 'NamespaceTerminating' }] },
      }),
      'namespace-missing',
    ],
    ['the login', 401, words('Unauthorized'), 'cluster-sign-in-refused'],
    ['an ill server', 503, 'upstream', 'api-server-unreachable'],
  ])('%s leaves the pull unknown, in its words', async (_name, code, body, cause) => {
    const { cluster, prove } = world();
    cluster.intercept = (asked) => (isCreate(asked) ? { status: code, body } : undefined);
    const [pull] = await prove([target('np1')]);
    expect(pull).toMatchObject({
      status: 'unknown',
      cause,
      message: expect.stringContaining(typeof body === 'string' ? body : String(at(body, 'message'))),
    });
  });

  it('a ServiceAccount that may not be made removes the Job again', async () => {
    const { cluster, prove } = world();
    cluster.intercept = ({ path, method }) =>
      method === 'POST' && path.endsWith('serviceaccounts')
        ? {
            status: 403,
            body: words('serviceaccounts is forbidden: User "ci" cannot create resource "serviceaccounts"'),
          }
        : undefined;
    expect((await prove([target('np1')]))[0]).toMatchObject({
      status: 'unknown',
      cause: 'cluster-rights-missing',
    });
    expect(cluster.jobs.size).toBe(0);
  });

  it('no answer leaves it unknown too', async () => {
    const { cluster, prove } = world();
    cluster.intercept = (asked) =>
      isCreate(asked) ? Promise.reject(new HttpFault('dns', 'shop', 'no such host')) : undefined;
    expect((await prove([target('np1')]))[0]).toMatchObject({
      status: 'unknown',
      cause: 'api-server-unreachable',
      message: expect.stringContaining('no such host'),
    });
  });

  it('a watch that may not be had', async () => {
    const { cluster, prove } = world();
    cluster.watch = async function* () {
      await Promise.resolve();
      yield* [];
      throw new ClusterRefusal('shop', 403, 'pods is forbidden: User "ci" cannot watch resource "pods"');
    };
    expect((await prove([target('np1')]))[0]).toMatchObject({
      status: 'unknown',
      cause: 'cluster-rights-missing',
    });
    expect(cluster.jobs.size).toBe(0);
  });

  it('a watch that fails later on ends the wait at once', async () => {
    const { clock, cluster, prove } = world(() => ({}));
    cluster.watch = async function* () {
      await clock.sleep(1000);
      yield* [];
      throw new HttpFault('reset', 'shop', 'connection reset');
    };
    expect((await prove([target('np1')]))[0]).toMatchObject({
      status: 'unknown',
      cause: 'api-server-unreachable',
    });
    expect(clock.elapsed).toBe(1000);
  });

  it('an error of ours is thrown on, after cleaning up', async () => {
    const { cluster, prove } = world();
    cluster.intercept = ({ path, method }) =>
      method === 'POST' && path.endsWith('serviceaccounts')
        ? Promise.reject(new Error('a credential was withheld'))
        : undefined;
    await expect(prove([target('np1')])).rejects.toThrow('a credential was withheld');
    expect(cluster.jobs.size).toBe(0);
  });
});

describe('cleaning up', () => {
  const hanging: Story = {
    steps: [{ afterMs: 10, spec: { nodeName: 'n' }, status: status.waiting('ContainerCreating') }],
  };

  it('removes every probe when the run is cancelled in mid-pull, within 5 s, and rejects', async () => {
    const { clock, cluster, controller, prove, remembered } = world(() => hanging);
    const proving = prove([target('np1'), target('np2')]);
    void clock.sleep(7000).then(() => controller.abort(new Error('cancelled')));
    await expect(proving).rejects.toThrow('cancelled');
    expect(cluster.jobs.size).toBe(0);
    expect(clock.elapsed - 7000).toBeLessThan(5000);
    expect(remembered.at(-1)?.jobs).toEqual([]);
  });

  it('removes a Job whose creation was cut off and still arrived', async () => {
    const { clock, cluster, controller, prove } = world(() => hanging);
    let jobs: string[] = [];
    cluster.intercept = (asked) => {
      if (!isCreate(asked)) return undefined;
      jobs = [String(at(asked.options.body, 'metadata', 'name'))];
      controller.abort(new Error('cancelled'));
      void clock.sleep(100).then(() => jobs.forEach((job) => cluster.jobs.set(job, {})));
      return Promise.reject(new HttpFault('aborted', 'shop', 'aborted'));
    };
    await expect(prove([target('np1')])).rejects.toThrow('cancelled');
    await clock.sleep(1000);
    expect(jobs).toHaveLength(1);
    expect(cluster.jobs.size).toBe(0);
  });

  it('gives up after 4 s when the API server is gone, and says how to remove the probe', async () => {
    const { clock, cluster, controller, findings, prove, remembered } = world(() => hanging);
    cluster.intercept = ({ method }) => (method === 'DELETE' ? new Promise(() => undefined) : undefined);
    const proving = prove([target('np1'), target('np2')]);
    void clock.sleep(7000).then(() => controller.abort(new Error('cancelled')));
    await expect(proving).rejects.toThrow('cancelled');
    expect(clock.elapsed).toBe(11_000);
    const left = [...cluster.jobs.keys()];
    expect(left).toHaveLength(2);
    expect(findings.map(({ id, fix }) => [id, fix?.commands])).toEqual(
      left.map((job) => ['probe-left-behind', [`kubectl delete job -n default ${job}`]]),
    );
    expect(remembered.at(-1)?.jobs).toEqual(left);
  });

  it('a failed removal does not change the outcome', async () => {
    const { cluster, findings, prove } = world();
    cluster.intercept = ({ method }) =>
      method === 'DELETE' ? { status: 403, body: { message: 'jobs.batch is forbidden' } } : undefined;
    expect((await prove([target('np1')]))[0]).toMatchObject({ status: 'pass' });
    expect(findings).toEqual([
      expect.objectContaining({
        id: 'probe-left-behind',
        evidence: expect.stringContaining('jobs.batch is forbidden'),
      }),
    ]);
  });

  it('does nothing at all when the run is over before it begins', async () => {
    const { cluster, controller, prove } = world();
    controller.abort(new Error('cancelled'));
    await expect(prove([target('np1')])).rejects.toThrow('cancelled');
    expect(cluster.asked).toEqual([]);
  });
});
