/** Every way a pull could be called good without being one of the identity's, each closed by a guard: docs/pulls.md. */
import { describe, expect, it } from '@jest/globals';
import { pullOutcome } from '../../../src/core/kubernetes/outcome.js';
import { probeManifests } from '../../../src/core/kubernetes/probe.js';
import type { Pod, Story } from './support.js';
import { DIGEST, pullsWell, status } from './support.js';
import { IMAGE, isCreate, target, world } from './world.js';

/** A pull that works well, but for what the story changes. */
async function pulledBut(more: Partial<Story>, prepare?: (made: ReturnType<typeof world>) => void) {
  const made = world(() => ({ ...pullsWell('n'), ...more }));
  prepare?.(made);
  const [pull] = await made.prove([target('np1')]);
  expect(made.cluster.jobs.size).toBe(0);
  return { ...made, pull };
}

const changed = (words: string) => ({
  status: 'unknown',
  proved: 'none',
  cause: 'probe-changed',
  message: expect.stringContaining(words) as unknown,
});
const container = (pod: Pod): Record<string, unknown> =>
  (pod.spec['containers'] as Record<string, unknown>[])[0] ?? {};

describe('the pod as admitted', () => {
  it.each<[string, (pod: Pod) => void, string]>([
    [
      'a pull secret',
      (pod) => (pod.spec['imagePullSecrets'] = [{ name: 'acr' }]),
      'spec.imagePullSecrets added: acr',
    ],
    [
      'another image',
      (pod) => (container(pod)['image'] = 'mirror.io/app:v1'),
      'image changed to "mirror.io/app:v1"',
    ],
    [
      'another pull policy',
      (pod) => (container(pod)['imagePullPolicy'] = 'IfNotPresent'),
      'imagePullPolicy changed to "IfNotPresent"',
    ],
    ['another command', (pod) => (container(pod)['command'] = ['/wrap']), 'command changed to ["/wrap"]'],
    [
      'another account',
      (pod) => (pod.spec['serviceAccountName'] = 'default'),
      'serviceAccountName changed to "default"',
    ],
    ['another node selector', (pod) => delete pod.spec['nodeSelector'], 'nodeSelector removed'],
    [
      'another runtime',
      (pod) => (pod.spec['runtimeClassName'] = 'kata-cc-isolation'),
      'runtimeClassName changed to "kata-cc-isolation"',
    ],
    [
      "workload identity's label",
      (pod) => (pod.metadata['labels'] = { 'azure.workload.identity/use': 'true' }),
      'metadata.labels added: azure.workload.identity/use',
    ],
  ])('%s: its pull proves nothing', async (_name, admission, words) => {
    expect((await pulledBut({ admission })).pull).toMatchObject(changed(words));
  });

  it('an image that is changed later on: its pull proves nothing', async () => {
    const containers = [
      { name: 'pull', image: 'mirror.io/app:v1', imagePullPolicy: 'Always', command: ['/x'] },
    ];
    const steps = [
      { afterMs: 10, spec: { nodeName: 'n' } },
      { afterMs: 10, spec: { containers } },
    ];
    const { pull } = await pulledBut({
      steps: [...steps, { afterMs: 10, status: status.startError() }],
    });
    expect(pull).toMatchObject(changed('image changed to "mirror.io/app:v1"'));
  });
});

it('every probe is made to ask the registry, whatever the node has', async () => {
  const made = world();
  await made.prove([target('np1')]);
  expect(JSON.stringify(made.cluster.asked.find(isCreate)?.options.body)).toContain(
    '"imagePullPolicy":"Always"',
  );
});

describe("the probe's own account", () => {
  it.each([
    ['a pull secret', { imagePullSecrets: [{ name: 'acr' }] }, 'imagePullSecrets added: acr'],
    [
      'an identity for image pulls',
      { metadata: { annotations: { 'kubernetes.azure.com/acr-client-id': 'id' } } },
      'metadata.annotations added: kubernetes.azure.com/acr-client-id',
    ],
    [
      'workload identity',
      { metadata: { annotations: { 'azure.workload.identity/client-id': 'id' } } },
      'metadata.annotations added: azure.workload.identity/client-id',
    ],
  ])('given %s on its making: nothing is proved', async (_name, given, words) => {
    const { pull } = await pulledBut({}, ({ cluster }) => {
      cluster.intercept = ({ method, path }) =>
        method === 'POST' && path.endsWith('/serviceaccounts') ? { status: 201, body: given } : undefined;
    });
    expect(pull).toMatchObject(changed(words));
  });

  it("is the probe's and never one that others may have given a secret", () => {
    const { job, name, serviceAccount } = probeManifests({
      runId: 'r',
      pool: 'np1',
      os: 'linux',
      image: IMAGE,
      namespace: 'default',
      owner: 'o',
      tolerates: 'all',
      ordinal: 0,
      attempt: 1,
      deadlineSeconds: 1,
      ttlSeconds: 1,
      now: 0,
    });
    expect(job.spec.template.spec.serviceAccountName).toBe(name);
    expect(serviceAccount('u').metadata.name).toBe(name);
  });
});

describe('the node', () => {
  it('of another pool: its pull proves nothing about the pool that was asked for', async () => {
    const nodeLabels = { 'kubernetes.azure.com/agentpool': 'np2', 'kubernetes.io/os': 'linux' };
    expect((await pulledBut({ nodeLabels })).pull).toMatchObject({
      ...changed(
        'the node n is not labelled kubernetes.azure.com/agentpool=np1 but kubernetes.azure.com/agentpool=np2',
      ),
      node: 'n',
    });
  });

  it('other than the one that was named', async () => {
    const nodeLabels = { 'kubernetes.azure.com/agentpool': 'np1', 'kubernetes.io/os': 'linux' };
    const made = world(() => ({
      ...pullsWell('n'),
      nodeLabels: { ...nodeLabels, 'kubernetes.io/hostname': 'n' },
    }));
    const [pull] = await made.prove([target('np1', { node: 'other' })]);
    expect(pull).toMatchObject(changed('the node n is not labelled kubernetes.io/hostname=other'));
  });

  it('that had the layers already: the manifest alone is proved', async () => {
    const { pull } = await pulledBut({}, ({ cluster }) => {
      cluster.images = [{ names: [`elsewhere.io/other@${DIGEST}`], sizeBytes: 1 }];
    });
    expect(pull).toMatchObject({ status: 'pass', proved: 'manifest' });
  });

  it('whose list of images is cut off: the manifest alone is proved', async () => {
    const { pull } = await pulledBut({}, ({ cluster }) => {
      cluster.images = Array.from({ length: 50 }, () => ({ names: ['x@sha256:0'], sizeBytes: 500 }));
    });
    expect(pull).toMatchObject({ status: 'pass', proved: 'manifest' });
  });

  it('that got the layers from the probe of another image of this run: the manifest alone is proved', async () => {
    const made = world(() => pullsWell('n'));
    const pulls = await made.prove([target('np1'), target('np1', { image: `${IMAGE}-too` })]);
    expect(pulls.map(({ status, proved }) => [status, proved])).toEqual([
      ['pass', 'content'],
      ['pass', 'manifest'],
    ]);
  });

  it('that says that it had the image and asked nobody: nothing is proved', async () => {
    const message = `Container image "${IMAGE}" already present on machine`;
    const { pull } = await pulledBut({ events: [{ about: 'Pod', reason: 'Pulled', message }] }, (made) => {
      made.cluster.images = [{ names: [`contoso.azurecr.io/team/app@${DIGEST}`], sizeBytes: 1 }];
    });
    expect(pull).toMatchObject({ status: 'unknown', proved: 'none', cause: 'probe-refused' });
  });

  it('that knows the same image by another repository: digests are compared, not names', async () => {
    const made = world(() => pullsWell('n'));
    // The status names other.azurecr.io/same/image (capture: pods-t12.json).
    const [pull] = await made.prove([target('np1', { digest: DIGEST })]);
    expect(pull).toMatchObject({ status: 'pass', digest: DIGEST, digestSource: 'registry' });
    expect(made.findings).toEqual([]);
  });
});

describe('the tag', () => {
  it('that moved between check and pull: said, and the pull counts for what was pulled', async () => {
    const made = world(() => pullsWell('n'));
    const registry = `sha256:${'c'.repeat(64)}`;
    const [pull] = await made.prove([target('np1', { digest: registry })]);
    expect(pull).toMatchObject({ status: 'pass', digest: DIGEST, digestSource: 'node' });
    expect(made.findings).toEqual([expect.objectContaining({ id: 'digest-differs' })]);
    expect(made.findings[0]?.evidence).toContain(registry);
  });
});

describe('the signs of a pull', () => {
  const pod = (now: Record<string, unknown>, spec: Record<string, unknown> = {}): unknown => ({
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: [{ name: 'pull', image: IMAGE, imagePullPolicy: 'Always', ...spec }] },
    status: { phase: 'Pending', ...now },
  });
  const event = (message: string, more: Record<string, unknown> = {}): unknown => ({
    reason: 'Pulled',
    message,
    involvedObject: { uid: 'u', fieldPath: 'spec.containers{pull}', ...more },
  });

  it('one that need not have asked the registry is none', () => {
    const read = pullOutcome(pod(status.startError(), { imagePullPolicy: 'IfNotPresent' }), [], 'pull');
    expect(read.state).toBe('probe-refused');
  });

  it('an image that was already present is none', () => {
    const present = event(`Container image "${IMAGE}" already present on machine`);
    expect(pullOutcome(pod(status.startError()), [present], 'pull').state).toBe('probe-refused');
  });

  it.each<[string, Record<string, unknown>]>([
    ['killed before it existed', { state: { terminated: { exitCode: 137, reason: 'Error' } }, imageID: '' }],
    [
      'of which the kubelet knows nothing',
      { state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } }, containerID: 'c' },
    ],
    ['that is being created', { state: { waiting: { reason: 'ContainerCreating' } } }],
  ])('a container %s is none', (_name, one) => {
    const now = { containerStatuses: [{ name: 'pull', ...one }] };
    expect(pullOutcome(pod(now), [], 'pull').state).toBe('pending');
  });

  it("another container's or a former pod's event is none", () => {
    const pulled = `Successfully pulled image "${IMAGE}" in 1s`;
    const others = [
      event(pulled, { fieldPath: 'spec.containers{proxy}' }),
      event(pulled, { uid: 'former', name: 'p' }),
    ];
    expect(pullOutcome(pod(status.waiting('ContainerCreating')), others, 'pull').state).toBe('pending');
  });

  it('a running sidecar is none', () => {
    const now = { containerStatuses: [{ name: 'proxy', imageID: 'x', state: { running: {} } }] };
    expect(pullOutcome(pod(now), [], 'pull').state).toBe('pending');
  });

  it('a pod of another Job of the same name is none', async () => {
    const admission = (one: Pod): void => {
      const name = String(one.metadata['name']).replace(/-abcde$/, '');
      one.metadata['ownerReferences'] = [{ kind: 'Job', name, uid: 'former' }];
    };
    expect((await pulledBut({ admission })).pull).toMatchObject({
      status: 'unknown',
      cause: 'probe-timed-out',
    });
  });
});
