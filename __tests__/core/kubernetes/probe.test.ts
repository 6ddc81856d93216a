import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { at } from '../../../src/core/json.js';
import { textAt } from '../../../src/core/kubernetes/json.js';
import { labelValue, probeManifests } from '../../../src/core/kubernetes/probe.js';
import type { ProbeSpec } from '../../../src/core/kubernetes/probe.js';

const SPEC: ProbeSpec = {
  runId: '0a1b2c3d',
  pool: 'nodepool1',
  os: 'linux',
  image: 'contoso.azurecr.io/team/app:v1',
  namespace: 'default',
  owner: 'octo/app run 12 (main)',
  tolerates: 'all',
  ordinal: 0,
  attempt: 1,
  deadlineSeconds: 210,
  ttlSeconds: 60,
  now: Date.parse('2026-01-02T03:04:05.678Z'),
};
const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

describe('probeManifests', () => {
  const { job, name, serviceAccount } = probeManifests(SPEC);
  const { template } = job.spec;

  it('makes a Job that ends and goes by itself and never waits', () => {
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { suspend: false, backoffLimit: 0, activeDeadlineSeconds: 210, ttlSecondsAfterFinished: 60 },
    });
    expect(template.spec['restartPolicy']).toBe('Never');
  });

  it('pulls always, without any credential of its own, and runs nothing of the image', () => {
    const [container] = template.spec.containers;
    expect(template.spec.containers).toHaveLength(1);
    expect(container).toMatchObject({
      image: SPEC.image,
      imagePullPolicy: 'Always',
      command: ['/aks-acr-pull-probe-is-never-run'],
    });
    expect(template.spec).not.toHaveProperty('imagePullSecrets');
    expect(template.spec).toMatchObject({ serviceAccountName: name, automountServiceAccountToken: false });
    expect(JSON.stringify(job)).not.toContain('workload.identity');
  });

  it('fulfils the restricted Pod Security Standard and the AKS deployment safeguards', () => {
    const limits = { cpu: '100m', memory: '128Mi' };
    expect(template.spec['securityContext']).toEqual({
      runAsNonRoot: true,
      runAsUser: expect.any(Number),
      runAsGroup: expect.any(Number),
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(template.spec.containers[0]).toMatchObject({
      resources: { requests: limits, limits },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
      },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'volumes'])
      expect(template.spec).not.toHaveProperty(field);
  });

  it('goes to its pool whatever its taints, and stays out of meshes', () => {
    expect(template.spec).toMatchObject({
      os: { name: 'linux' },
      nodeSelector: { 'kubernetes.azure.com/agentpool': 'nodepool1', 'kubernetes.io/os': 'linux' },
      tolerations: [{ operator: 'Exists' }],
    });
    expect(template.metadata.annotations).toEqual({
      'sidecar.istio.io/inject': 'false',
      'linkerd.io/inject': 'disabled',
    });
    expect(template.metadata.labels['sidecar.istio.io/inject']).toBe('false');
  });

  it('labels Job, pod and ServiceAccount with run, owner, expiry and pool', () => {
    const labels = {
      'aks-acr-pull.dev/run': '0a1b2c3d',
      'aks-acr-pull.dev/owner': 'octo-app-run-12-main',
      'aks-acr-pull.dev/expires': '20260102T030835Z',
      'aks-acr-pull.dev/pool': 'nodepool1',
    };
    expect(job.metadata.labels).toEqual(labels);
    expect(template.metadata.labels).toMatchObject(labels);
    expect(serviceAccount('uid').metadata.labels).toEqual(labels);
  });

  it('makes a ServiceAccount that the Job owns and that holds nothing', () => {
    expect(serviceAccount('uid-1')).toEqual({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        ...job.metadata,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: 'uid-1' }],
      },
      automountServiceAccountToken: false,
    });
  });

  it('makes a Windows pod without any Linux field', () => {
    const windows = probeManifests({ ...SPEC, os: 'windows' }).job.spec.template.spec;
    expect(windows).toMatchObject({
      os: { name: 'windows' },
      nodeSelector: { 'kubernetes.io/os': 'windows' },
      securityContext: { runAsNonRoot: true, windowsOptions: { runAsUserName: 'ContainerUser' } },
    });
    expect(JSON.stringify(windows)).not.toMatch(
      /runAsUser"|seccomp|capabilities|allowPrivilegeEscalation|readOnlyRoot/,
    );
  });

  it('names every probe of a run differently', () => {
    const specs: Partial<ProbeSpec>[] = [
      {},
      { attempt: 2 },
      { pool: 'np2' },
      { image: 'contoso.azurecr.io/b' },
      { ordinal: 1 },
      { runId: 'ffffffff' },
    ];
    expect(new Set(specs.map((change) => probeManifests({ ...SPEC, ...change }).name)).size).toBe(
      specs.length,
    );
  });

  it('makes valid names and labels out of anything, with room for the suffix of the pod', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.integer({ min: 1, max: 99 }),
        (runId, pool, owner, attempt) => {
          const made = probeManifests({ ...SPEC, runId, pool, owner, attempt });
          expect(made.name).toMatch(DNS_LABEL);
          expect(made.name.length).toBeLessThanOrEqual(57);
          for (const value of Object.values(made.job.metadata.labels)) {
            expect(value).toMatch(LABEL_VALUE);
            expect(value.length).toBeLessThanOrEqual(63);
          }
          expect(textAt(at(made.serviceAccount('u'), 'metadata'), 'name')).toBe(made.name);
        },
      ),
    );
  });

  it('leaves a valid label value as it is', () => {
    expect(labelValue('A.b_c-1')).toBe('A.b_c-1');
  });
});
