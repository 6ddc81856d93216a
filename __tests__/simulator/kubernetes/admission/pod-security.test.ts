import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCloud } from '../support.js';
import {
  bareContainer,
  container,
  createJob,
  createPod,
  failedCreate,
  startWith,
  warnings,
} from './support.js';

let cloud: TestCloud | undefined;
afterEach(() => {
  cloud?.stop();
  cloud = undefined;
});
/** One cloud for a whole table of checks: nothing that is refused is left in it. */
const shared = (level: string): (() => TestCloud) => {
  let one: TestCloud;
  beforeAll(async () => (one = await enforcing(level)));
  afterAll(() => one.stop());
  return () => one;
};

const enforcing = (level: string, more = '') =>
  startWith(`
version: 1.36.2
namespaces:
  - name: ci
    labels: { pod-security.kubernetes.io/enforce: ${level}${more} }
`);

const BARE =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
  'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
  'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
  'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

const secure = (change: object) => ({
  containers: [
    container({
      securityContext: {
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
        ...change,
      },
    }),
  ],
});

describe('restricted', () => {
  const restricted = shared('restricted');

  it('refuses a bare pod in the words of the API server, and lets one through that keeps to it', async () => {
    cloud = await enforcing('restricted');
    const refused = await createPod(cloud, { containers: [bareContainer] });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      reason: 'Forbidden',
      message: `pods "x" is forbidden: violates PodSecurity "restricted:latest": ${BARE}`,
      details: { name: 'x', kind: 'pods' },
    });
    expect((await createPod(cloud)).status).toBe(201);
  });

  it('warns of a Job, whose pod it then refuses', async () => {
    cloud = await enforcing('restricted');
    const made = await createJob(cloud, { containers: [bareContainer] });
    expect(made.status).toBe(201);
    expect(warnings(made)).toEqual([`would violate PodSecurity "restricted:latest": ${BARE}`]);
    expect(await failedCreate(cloud)).toMatch(
      /^Error creating: pods "x-[a-z0-9]{5}" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false/,
    );
  });

  it.each<[string, object, string]>([
    ['runAsUser', secure({ runAsUser: 0 }), 'runAsUser=0 (container "c" must not set runAsUser=0)'],
    [
      'runAsNonRoot',
      { securityContext: { runAsNonRoot: false }, ...secure({}) },
      'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'capabilities_restricted',
      secure({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }),
      'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      'restrictedVolumes',
      {
        volumes: [
          { name: 'v', nfs: {} },
          { name: 'ok', emptyDir: {} },
        ],
      },
      'restricted volume types (volume "v" uses restricted volume type "nfs")',
    ],
    [
      'seccompProfile_restricted',
      secure({ seccompProfile: { type: 'Unconfined' } }),
      'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
  ])('has the words of %s', async (_check, spec, words) => {
    expect((await createPod(restricted(), spec)).json.message).toBe(
      `pods "x" is forbidden: violates PodSecurity "restricted:latest": ${words}`,
    );
  });

  it('excuses a Windows pod from what Windows has not, but not under an older version', async () => {
    const windows = {
      os: { name: 'windows' },
      securityContext: { runAsNonRoot: true },
      containers: [bareContainer],
    };
    cloud = await enforcing('restricted');
    expect((await createPod(cloud, windows)).status).toBe(201);
    cloud.stop();
    cloud = await enforcing('restricted', ', pod-security.kubernetes.io/enforce-version: v1.24');
    expect((await createPod(cloud, windows)).json.message).toContain(
      'violates PodSecurity "restricted:v1.24": allowPrivilegeEscalation != false',
    );
  });
});

describe('baseline', () => {
  const baseline = shared('baseline');

  it.each<[string, object, string]>([
    [
      'privileged',
      secure({ privileged: true }),
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'capabilities_baseline',
      secure({ capabilities: { add: ['NET_RAW', 'BPF'] } }),
      'non-default capabilities (container "c" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)',
    ],
    ['hostNamespaces', { hostPID: true, hostIPC: true }, 'host namespaces (hostPID=true, hostIPC=true)'],
    [
      'hostPathVolumes',
      {
        volumes: [
          { name: 'a', hostPath: { path: '/' } },
          { name: 'b', hostPath: { path: '/etc' } },
        ],
      },
      'hostPath volumes (volumes "a", "b")',
    ],
    [
      'hostPorts',
      {
        containers: [
          container({
            ports: [
              { containerPort: 80, hostPort: 8080 },
              { containerPort: 81, hostPort: 443 },
            ],
          }),
        ],
      },
      'hostPort (container "c" uses hostPorts 443, 8080)',
    ],
    [
      'hostProbesAndHostLifecycle',
      { containers: [container({ livenessProbe: { httpGet: { host: 'a.example', port: 80 } } })] },
      'probe or lifecycle host (container "c" uses probe or lifecycle host "a.example")',
    ],
    [
      'procMount',
      secure({ procMount: 'Unmasked' }),
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seLinuxOptions',
      { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      'seccompProfile_baseline',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      {
        securityContext: {
          sysctls: [
            { name: 'net.ipv4.tcp_rmem', value: '1' },
            { name: 'kernel.msgmax', value: '1' },
          ],
        },
      },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'windowsHostProcess',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'appArmorProfile',
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
  ])('has the words of %s', async (_check, spec, words) => {
    expect((await createPod(baseline(), spec)).json.message).toBe(
      `pods "x" is forbidden: violates PodSecurity "baseline:latest": ${words}`,
    );
  });

  it('lets a bare pod through', async () => {
    cloud = await enforcing('baseline');
    expect((await createPod(cloud, { containers: [bareContainer] })).status).toBe(201);
  });
});

describe('modes', () => {
  it('warn only warns', async () => {
    cloud = await startWith(`
namespaces:
  - name: ci
    labels: { pod-security.kubernetes.io/warn: restricted, pod-security.kubernetes.io/warn-version: v1.30 }
`);
    const made = await createPod(cloud, { containers: [bareContainer] });
    expect(made.status).toBe(201);
    expect(warnings(made)).toEqual([`would violate PodSecurity "restricted:v1.30": ${BARE}`]);
  });

  it('a namespace with labels that mean nothing is invalid', async () => {
    cloud = await startWith('namespaces: [ci]');
    const { status, json } = await cloud.api('POST', '/api/v1/namespaces', {
      metadata: { name: 'odd', labels: { 'pod-security.kubernetes.io/enforce': 'tight' } },
    });
    expect(status).toBe(422);
    expect(json.message).toBe(
      'Namespace "odd" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "tight": must be one of privileged, baseline, restricted',
    );
  });
});
