/** Every way a cluster that can pull could be called unable to, each closed by a guard: docs/pulls.md. */
import { describe, expect, it } from '@jest/globals';
import { CREDENTIAL_KEPT_MS } from '../../../src/core/kubernetes/prove.js';
import { DIGEST, pullsWell, refuses, status } from './support.js';
import type { Story } from './support.js';
import { DENIED, IMAGE, isCreate, target, world } from './world.js';

const OFFERED =
  'failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://contoso.azurecr.io/oauth2/token: 401 Unauthorized';
const ANONYMOUS =
  'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://contoso.azurecr.io/oauth2/token: 401 Unauthorized';

/** One target of which each attempt goes as its story says. */
async function proved(
  story: (attempt: number) => Story,
  more: Parameters<typeof target>[1] = {},
  prepare?: (made: ReturnType<typeof world>) => void,
) {
  const made = world((_pool, attempt) => story(attempt));
  prepare?.(made);
  const [pull] = await made.prove([target('np1', more)]);
  expect(made.cluster.jobs.size).toBe(0);
  return { ...made, pull };
}

describe('what refuses the probe', () => {
  it.each<[string, number, string, string]>([
    [
      'a quota',
      403,
      'jobs.batch "x" is forbidden: exceeded quota: q, requested: count/jobs.batch=1',
      'probe-refused',
    ],
    [
      'a Gatekeeper constraint',
      403,
      'admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-nolatest-1] no latest',
      'probe-refused',
    ],
    [
      'a Kyverno policy',
      400,
      'admission webhook "validate.kyverno.svc-fail" denied the request: resource Job/x was blocked',
      'probe-refused',
    ],
    [
      'a ValidatingAdmissionPolicy',
      422,
      "jobs.batch \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
      'probe-refused',
    ],
    [
      'a webhook that fails',
      500,
      'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: context deadline exceeded',
      'probe-refused',
    ],
    [
      'a policy that speaks like authorisation',
      403,
      'admission webhook "w" denied the request: team x cannot create resource "jobs" here',
      'probe-refused',
    ],
    [
      'a missing right',
      403,
      'jobs.batch is forbidden: User "ci" cannot create resource "jobs" in API group "batch"',
      'cluster-rights-missing',
    ],
    ['a missing namespace', 404, 'namespaces "x" not found', 'namespace-missing'],
    ['an ill API server', 500, 'etcdserver: request timed out', 'api-server-unreachable'],
  ])('%s leaves the pull unknown, in its words', async (_name, code, message, cause) => {
    const { pull } = await proved(
      () => pullsWell('n'),
      {},
      ({ cluster }) => {
        cluster.intercept = (asked) => (isCreate(asked) ? { status: code, body: { message } } : undefined);
      },
    );
    expect(pull).toMatchObject({ status: 'unknown', cause, message: expect.stringContaining(message) });
  });

  it('admission of the pod, as the Job controller tells it', async () => {
    const message = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
    const { pull } = await proved(() => ({ events: [{ about: 'Job', reason: 'FailedCreate', message }] }));
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-refused', message });
  });

  it('not an account that is a moment late', async () => {
    const message =
      'Error creating: pods "x" is forbidden: error looking up service account default/x: serviceaccount "x" not found';
    const { pull } = await proved(() => ({ events: [{ about: 'Job', reason: 'FailedCreate', message }] }));
    expect(pull).toMatchObject({ cause: 'probe-timed-out' });
  });

  it('a queue that suspends the Job, at once', async () => {
    const { clock, pull } = await proved(
      () => pullsWell('n'),
      {},
      ({ cluster }) => {
        const suspended = { metadata: { uid: 'u' }, spec: { suspend: true } };
        cluster.intercept = (asked) => (isCreate(asked) ? { status: 201, body: suspended } : undefined);
      },
    );
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-refused' });
    expect(clock.elapsed).toBeLessThan(1000);
  });

  it('a quota that our own probes fill is waited for, pool after pool', async () => {
    const { cluster, prove } = world(() => pullsWell('n'));
    const message = 'jobs.batch "x" is forbidden: exceeded quota: jobs';
    cluster.intercept = (asked) =>
      isCreate(asked) && cluster.jobs.size > 0 ? { status: 403, body: { message } } : undefined;
    const pulls = await prove(['np1', 'np2', 'np3', 'np4'].map((pool) => target(pool)));
    expect(pulls.map((pull) => pull.status)).toEqual(['pass', 'pass', 'pass', 'pass']);
  });

  it("a quota that others fill is not: it isn't ours to wait for", async () => {
    const { cluster, clock, prove } = world(() => pullsWell('n'));
    const message = 'jobs.batch "x" is forbidden: exceeded quota: jobs';
    cluster.intercept = (asked) => (isCreate(asked) ? { status: 403, body: { message } } : undefined);
    const pulls = await prove(['np1', 'np2', 'np3'].map((pool) => target(pool)));
    expect(pulls.every(({ cause }) => cause === 'probe-refused')).toBe(true);
    expect(clock.elapsed).toBeLessThan(60_000);
  });
});

describe('the scheduler', () => {
  it('that meets a taint which Azure does not name: another probe tolerates all', async () => {
    const { cluster, pull } = await proved(
      (attempt) =>
        attempt === 1
          ? {
              steps: [
                {
                  afterMs: 10,
                  status: status.unschedulable(
                    '0/1 nodes are available: 1 node(s) had untolerated taint(s).',
                  ),
                },
              ],
            }
          : pullsWell('n'),
      { taints: ['sku=gpu:NoSchedule'] },
    );
    expect(pull).toMatchObject({ status: 'pass', attempts: 2 });
    const sent = cluster.asked.filter(isCreate).map(({ options }) => JSON.stringify(options.body));
    expect(sent[0]).toContain('"tolerations":[{"key":"sku"');
    expect(sent[1]).toContain('"tolerations":[{"operator":"Exists"}]');
  });

  const full = { afterMs: 10, status: status.unschedulable('0/1 nodes are available: 1 Too many pods.') };
  const event = (reason: string, message: string) => ({ about: 'Pod' as const, reason, message });

  it.each([
    ['the cluster autoscaler', 'TriggeredScaleUp', 'pod triggered scale-up: [{aks-np1 1->2 (max: 3)}]'],
    ['Karpenter', 'Nominated', 'Pod should schedule on: nodeclaim/default-x'],
  ])('that waits for %s: so does the probe', async (_name, reason, message) => {
    const { clock, pull, waitings } = await proved(
      () => ({
        steps: [
          full,
          {
            afterMs: 240_000,
            spec: { nodeName: 'n' },
            status: { ...status.waiting('ContainerCreating'), conditions: [] },
          },
          { afterMs: 100_000, status: status.startError() },
        ],
        events: [event(reason, message)],
      }),
      { autoscaled: true },
    );
    expect(pull).toMatchObject({ status: 'pass', attempts: 1 });
    expect(clock.elapsed).toBe(340_010);
    expect(waitings.some(({ what }) => what.startsWith('a node that the autoscaler adds'))).toBe(true);
    expect(waitings.every(({ elapsedMs, limitMs }) => elapsedMs <= limitMs)).toBe(true);
  });

  it('for which the autoscaler adds no node: unknown, in the words of both', async () => {
    const { clock, pull } = await proved(
      () => ({
        steps: [full],
        events: [event('NotTriggerScaleUp', 'max node group size reached')],
      }),
      { autoscaled: true },
    );
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-unschedulable' });
    expect(pull?.message).toMatch(/Too many pods.*max node group size reached/);
    expect(clock.elapsed).toBeLessThan(70_000);
  });

  it('for which a node never comes: unknown, after its time', async () => {
    const { clock, pull } = await proved(
      () => ({ steps: [full], events: [event('TriggeredScaleUp', 'pod triggered scale-up')] }),
      { autoscaled: true },
    );
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-unschedulable' });
    expect(clock.elapsed).toBe(480_000);
  });

  it('sends the probe of a NodePool by the label of Karpenter', async () => {
    const { cluster, pull } = await proved(() => pullsWell('n'), { provisioned: true });
    expect(pull).toMatchObject({ status: 'pass' });
    const sent = JSON.stringify(cluster.asked.find(isCreate)?.options.body);
    expect(sent).toContain('"nodeSelector":{"karpenter.sh/nodepool":"np1"');
  });
});

describe('the node', () => {
  const target = (reason: string, message: string) => ({
    phase: 'Pending',
    conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message }],
  });
  const placed = { afterMs: 10, spec: { nodeName: 'n' }, status: status.waiting('ContainerCreating') };

  it.each<[string, Story]>([
    [
      'that is drained',
      {
        steps: [
          placed,
          { afterMs: 10, status: target('EvictionByEvictionAPI', 'Eviction API: evicting') },
          { afterMs: 10, deleted: true },
        ],
      },
    ],
    [
      'of which a spot eviction takes the pods',
      {
        steps: [
          placed,
          { afterMs: 10, status: target('DeletionByTaintManager', 'Taint manager'), deleted: true },
        ],
      },
    ],
    [
      'that gives its room to a more important pod',
      { steps: [placed, { afterMs: 10, status: target('PreemptionByScheduler', 'preempting') }] },
    ],
    [
      'under pressure, which evicts',
      {
        steps: [
          placed,
          {
            afterMs: 10,
            status: {
              phase: 'Failed',
              reason: 'Evicted',
              message: 'The node was low on resource: ephemeral-storage.',
            },
          },
        ],
      },
    ],
    [
      'that shuts down',
      {
        steps: [
          placed,
          {
            afterMs: 10,
            status: {
              phase: 'Failed',
              reason: 'Terminated',
              message: 'Pod was terminated in response to imminent node shutdown.',
            },
          },
        ],
      },
    ],
    [
      'whose runtime ends the pull',
      refuses(
        'n',
        `rpc error: code = Canceled desc = failed to pull and unpack image "${IMAGE}": context canceled`,
      ),
    ],
    [
      'whose runtime is gone',
      refuses(
        'n',
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing"',
      ),
    ],
    ['that limits its own pulls', refuses('n', 'pull QPS exceeded')],
    [
      'whose disk is full',
      refuses(
        'n',
        `failed to pull and unpack image "${IMAGE}": failed to extract layer: write /var/lib: no space left on device`,
      ),
    ],
  ])('%s has refused nothing: a fresh pod tells', async (_name, story) => {
    const { pull } = await proved((attempt) => (attempt === 1 ? story : pullsWell('other')));
    expect(pull).toMatchObject({ status: 'pass', node: 'other', attempts: 2 });
    const never = await proved(() => story);
    expect(never.pull).toMatchObject({ status: 'unknown', cause: 'pull-interrupted', attempts: 3 });
  });

  it("whose status is lost at the Job's end keeps the words of its refusal", async () => {
    const { pull } = await proved(() => ({
      steps: [
        { ...placed, status: status.waiting('ErrImagePull', DENIED) },
        { afterMs: 0, status: status.lost() },
      ],
    }));
    expect(pull).toMatchObject({ status: 'fail', message: DENIED });
  });

  it.each([
    ['is read before the probe is made, where it would be read too late', 'n', 'content', []],
    ['is read late where others were read before', 'other', 'manifest', ['GET nodes']],
    ['is read late where nodes may not be listed', undefined, 'manifest', ['GET nodes']],
  ])('that the pod comes to %s', async (_when, listed, content, late) => {
    const labels = { 'kubernetes.azure.com/agentpool': 'np1', 'kubernetes.io/os': 'linux' };
    const before = { metadata: { name: listed, labels }, status: { images: [{ names: [], sizeBytes: 1 }] } };
    const { cluster, pull } = await proved(
      () => pullsWell('n'),
      {},
      (made) => {
        made.cluster.nodesBefore = 3;
        made.cluster.intercept = ({ path }) =>
          path === '/api/v1/nodes'
            ? { status: listed === undefined ? 403 : 200, body: { items: [before] } }
            : undefined;
        // Whoever asks later sees what the probe pulled.
        made.cluster.images = [{ names: [`contoso.azurecr.io/team/app@${DIGEST}`], sizeBytes: 1 }];
      },
    );
    expect(pull).toMatchObject({ status: 'pass', proved: content });
    const [first, second, ...more] = cluster.kinds();
    expect([first, second]).toEqual(['GET nodes', 'POST jobs']);
    expect(cluster.asked[0]?.options.query).toEqual({
      labelSelector: 'kubernetes.azure.com/agentpool=np1,kubernetes.io/os=linux',
      limit: '3',
    });
    expect(more.filter((kind) => kind === 'GET nodes')).toEqual(late);
  });

  it('that may not be read still proves the pull', async () => {
    const { pull } = await proved(
      () => pullsWell('n'),
      {},
      ({ cluster }) => {
        cluster.intercept = ({ path }) =>
          path.includes('/nodes/') || path.endsWith('/events') ? { status: 403, body: {} } : undefined;
      },
    );
    expect(pull).toMatchObject({ status: 'pass', proved: 'manifest' });
  });
});

describe('the container', () => {
  const ends = (now: Record<string, unknown>): Story => ({
    steps: [
      { afterMs: 10, spec: { nodeName: 'n' } },
      { afterMs: 10, status: now },
    ],
  });
  it.each([
    ['StartError', status.startError()],
    ['CreateContainerConfigError', status.waiting('CreateContainerConfigError', 'image will run as root')],
    ['CreateContainerError', status.waiting('CreateContainerError', 'no command')],
    ['RunContainerError', status.waiting('RunContainerError')],
  ])('that ends in %s came after a good pull', async (_name, now) => {
    expect((await proved(() => ends(now))).pull).toMatchObject({ status: 'pass' });
  });

  it('beside a sidecar that never ends, or whose image is refused, counts alone', async () => {
    const own = status.startError().containerStatuses;
    const sidecar = { name: 'istio-proxy', state: { waiting: { reason: 'ErrImagePull', message: 'no' } } };
    const { findings, pull } = await proved(() => ({
      ...ends({ phase: 'Running', containerStatuses: [sidecar, ...own] }),
      admission: (pod) => (pod.spec['containers'] as unknown[]).push({ name: 'istio-proxy' }),
    }));
    expect(pull).toMatchObject({ status: 'pass', digest: DIGEST });
    expect(findings.map(({ id }) => id)).toEqual(['probe-added-to']);
  });

  it('that an init container holds up: unknown, with its name', async () => {
    const { pull } = await proved(() => ({
      steps: [
        {
          afterMs: 10,
          spec: { nodeName: 'n' },
          status: {
            ...status.waiting('PodInitializing'),
            initContainerStatuses: [
              { name: 'istio-init', state: { waiting: { reason: 'ImagePullBackOff' } } },
            ],
          },
        },
      ],
    }));
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-timed-out' });
    expect(pull?.message).toContain('init container istio-init');
  });
});

describe('the registry', () => {
  it.each([
    'unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/v1: 503 Service Unavailable',
    'unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/v1: 429 Too Many Requests',
    'failed to do request: Get "https://x.blob.core.windows.net/": read tcp 10.0.0.4:1->20.0.0.1:443: read: connection reset by peer',
    'failed to do request: Head "https://contoso.azurecr.io/v2/": EOF',
  ])('that stumbles (%s) is asked again; one that goes on failing has failed', async (message) => {
    const { pull } = await proved((attempt) => (attempt < 3 ? refuses('n', message) : pullsWell('n')));
    expect(pull).toMatchObject({ status: 'pass', attempts: 3 });
    const { clock, pull: failed } = await proved(() => refuses('n', message));
    expect(failed).toMatchObject({ status: 'fail', message, attempts: 3 });
    expect(clock.elapsed).toBeLessThan(20_000);
  });

  it('that hangs ends in a time-out of ours, unknown', async () => {
    const { clock, pull } = await proved(() => ({
      steps: [{ afterMs: 10, spec: { nodeName: 'n' }, status: status.waiting('ContainerCreating') }],
    }));
    expect(pull).toMatchObject({ status: 'unknown', cause: 'probe-timed-out' });
    expect(clock.elapsed).toBe(180_000);
  });
});

describe('while a grant settles', () => {
  const waiting = async (
    story: (attempt: number) => Story,
    forMs: number,
    earlierAccess?: boolean,
  ): Promise<{ pull: unknown; tried: number[] }> => {
    const made = world((_pool, attempt) => story(attempt));
    const began = made.clock.now();
    const [pull] = await made.prove([target('np1')], {
      waitForGrant: {
        until: began + forMs,
        ...(earlierAccess === undefined ? {} : { earlierAccess }),
      },
    });
    return { pull, tried: made.cluster.asked.filter(isCreate).map(({ at }) => at - began) };
  };

  it('a first refusal is tried again soon, where the node had no credential', async () => {
    for (const [message, earlier] of [
      [DENIED, false],
      [ANONYMOUS, true],
    ] as const) {
      const { pull, tried } = await waiting(
        (attempt) => (attempt < 3 ? refuses('n', message) : pullsWell('n')),
        600_000,
        earlier,
      );
      expect(pull).toMatchObject({ status: 'pass', attempts: 3 });
      expect(tried).toEqual([0, 5210, 15_420]);
    }
  });

  it('not before the node forgets a credential that it may have kept', async () => {
    for (const [message, earlier] of [
      [DENIED, true],
      [OFFERED, false],
      [`[${OFFERED}, ${ANONYMOUS}]`, undefined],
    ] as const) {
      const { pull, tried } = await waiting(
        (attempt) => (attempt < 2 ? refuses('n', message) : pullsWell('n')),
        600_000,
        earlier,
      );
      expect(pull).toMatchObject({ status: 'pass', attempts: 2 });
      expect(tried).toEqual([0, 210 + CREDENTIAL_KEPT_MS]);
      expect(CREDENTIAL_KEPT_MS).toBeGreaterThanOrEqual(300_000);
    }
  });

  it('no try that could tell nothing is waited for', async () => {
    const { pull, tried } = await waiting(() => refuses('n', OFFERED), 600_000);
    expect(pull).toMatchObject({ status: 'fail', attempts: 2 });
    expect(tried).toHaveLength(2);
    const short = await waiting(() => refuses('n', OFFERED), 120_000);
    expect(short.tried).toEqual([0, 120_000]);
  });

  it('what no grant cures is not waited for at all', async () => {
    const { pull, tried } = await waiting(
      () => refuses('n', 'failed to do request: dial tcp: lookup contoso.azurecr.io: no such host'),
      600_000,
    );
    expect(pull).toMatchObject({ status: 'fail' });
    expect(tried).toEqual([0]);
  });
});
