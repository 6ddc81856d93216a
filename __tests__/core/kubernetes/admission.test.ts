import { describe, expect, it } from '@jest/globals';
import { admittedAsSent } from '../../../src/core/kubernetes/admission.js';
import { probeManifests } from '../../../src/core/kubernetes/probe.js';

const SENT = probeManifests({
  runId: '0a1b2c3d',
  pool: 'np1',
  os: 'linux',
  image: 'contoso.azurecr.io/app:v1',
  namespace: 'default',
  owner: 'o',
  tolerates: 'all',
  ordinal: 0,
  attempt: 1,
  deadlineSeconds: 210,
  ttlSeconds: 60,
  now: 0,
}).job.spec.template;

interface Admitted {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: Record<string, unknown> & { containers: Record<string, unknown>[] };
}

/** The pod with the defaults that every API server fills in. */
function admitted(change: (pod: Admitted) => void = () => undefined): Admitted {
  const pod = structuredClone(SENT) as unknown as Admitted;
  Object.assign(pod.spec, {
    dnsPolicy: 'ClusterFirst',
    serviceAccount: SENT.spec.serviceAccountName,
    priority: 0,
    schedulerName: 'default-scheduler',
  });
  Object.assign(pod.spec.containers[0] ?? {}, {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  pod.metadata.labels['job-name'] = 'x';
  change(pod);
  return pod;
}
const container = (pod: Admitted): Record<string, unknown> => pod.spec.containers[0] ?? {};

describe('admittedAsSent', () => {
  it('finds nothing in a pod that only got its defaults', () => {
    expect(admittedAsSent(SENT, admitted())).toEqual([]);
  });

  it.each<[string, (pod: Admitted) => void, string, string]>([
    [
      'pull secrets',
      (pod) => (pod.spec['imagePullSecrets'] = [{ name: 'acr' }]),
      'spec.imagePullSecrets',
      'added: acr',
    ],
    [
      'another image',
      (pod) => (container(pod)['image'] = 'mirror.local/app:v1'),
      'spec.containers[pull].image',
      'changed to "mirror.local/app:v1"',
    ],
    [
      'another policy',
      (pod) => (container(pod)['imagePullPolicy'] = 'IfNotPresent'),
      'spec.containers[pull].imagePullPolicy',
      'changed to "IfNotPresent"',
    ],
    [
      'another command',
      (pod) => (container(pod)['command'] = ['/wrap', '--']),
      'spec.containers[pull].command',
      'changed to ["/wrap","--"]',
    ],
    ['no command', (pod) => delete container(pod)['command'], 'spec.containers[pull].command', 'removed'],
    [
      'arguments',
      (pod) => (container(pod)['args'] = ['x']),
      'spec.containers[pull].args',
      'changed to ["x"]',
    ],
    [
      'another account',
      (pod) => (pod.spec['serviceAccountName'] = 'default'),
      'spec.serviceAccountName',
      'changed to "default"',
    ],
    [
      'a mounted token',
      (pod) => (pod.spec['automountServiceAccountToken'] = true),
      'spec.automountServiceAccountToken',
      'changed to true',
    ],
    [
      'another pool',
      (pod) => (pod.spec['nodeSelector'] = { 'kubernetes.io/os': 'linux' }),
      'spec.nodeSelector',
      'changed to {"kubernetes.io/os":"linux"}',
    ],
    [
      'workload identity',
      (pod) => (pod.metadata.labels['azure.workload.identity/use'] = 'true'),
      'metadata.labels',
      'added: azure.workload.identity/use',
    ],
    [
      'another container in place of ours',
      (pod) => (container(pod)['name'] = 'main'),
      'spec.containers',
      'has no "pull"',
    ],
  ])('says that %s spoils the pull', (_name, change, field, found) => {
    expect(admittedAsSent(SENT, admitted(change))).toContainEqual({ field, found, spoils: true });
  });

  it.each<[string, (pod: Admitted) => void, string]>([
    ['a sidecar', (pod) => pod.spec.containers.push({ name: 'proxy' }), 'spec.containers'],
    ['an init container', (pod) => (pod.spec['initContainers'] = [{ name: 'proxy' }]), 'spec.initContainers'],
  ])('tells of %s, which does not spoil it', (_name, change, field) => {
    expect(admittedAsSent(SENT, admitted(change))).toEqual([{ field, found: 'added: proxy', spoils: false }]);
  });

  it('lets more node selectors pass', () => {
    const narrower = admitted((pod) => Object.assign(pod.spec['nodeSelector'] as object, { zone: '1' }));
    expect(admittedAsSent(SENT, narrower)).toEqual([]);
  });

  it.each([undefined, null, 'html', 7, [], {}])('reads %p as a pod that is not ours', (pod) => {
    expect(admittedAsSent(SENT, pod).some(({ spoils }) => spoils)).toBe(true);
  });
});

describe('admittedAsSent, of a pod that is to pull with a secret', () => {
  const WITH = probeManifests({
    runId: '0a1b2c3d',
    pool: 'linux/amd64',
    poolLabel: 'none',
    pullSecrets: ['acr'],
    node: 'node-1',
    os: 'linux',
    image: 'contoso.azurecr.io/app:v1',
    namespace: 'default',
    owner: 'o',
    tolerates: 'all',
    ordinal: 0,
    attempt: 1,
    deadlineSeconds: 210,
    ttlSeconds: 60,
    now: 0,
  }).job.spec.template;

  it('is sent with that secret alone, to the node alone', () => {
    expect(WITH.spec).toMatchObject({
      imagePullSecrets: [{ name: 'acr' }],
      nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': 'node-1' },
    });
    expect(Object.keys(WITH.spec['nodeSelector'] as object)).toHaveLength(2);
    expect(admittedAsSent(WITH, structuredClone(WITH))).toEqual([]);
  });

  it.each([
    ['another', [{ name: 'other' }]],
    ['one more', [{ name: 'acr' }, { name: 'other' }]],
    ['none', undefined],
  ])('is spoilt by %s', (_what, imagePullSecrets) => {
    const pod = { ...WITH, spec: { ...WITH.spec, imagePullSecrets } };
    expect(admittedAsSent(WITH, pod)).toMatchObject([{ field: 'spec.imagePullSecrets', spoils: true }]);
  });
});
