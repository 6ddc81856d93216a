import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestCloud } from '../support.js';
import {
  bareContainer,
  container,
  createJob,
  createPod,
  failedCreate,
  IMAGE,
  startWith,
  warnings,
} from './support.js';

let cloud: TestCloud | undefined;
afterEach(() => {
  cloud?.stop();
  cloud = undefined;
});

const denied = (words: string): string =>
  `admission webhook "validation.gatekeeper.sh" denied the request: ${words}`;

/** Every rule in a namespace of its own, so that one cluster serves all. */
const RULES: [rule: string, settings: string, spec: object, metadata: object, words: string][] = [
  [
    'limits',
    'cpu: 50m',
    {},
    {},
    'container <c> cpu limit <100m> is higher than the maximum allowed of <50m>',
  ],
  [
    'limits',
    '',
    { containers: [{ ...bareContainer, resources: { limits: { cpu: '1' } } }] },
    {},
    'container <c> has no memory limit',
  ],
  [
    'allowedRepositories',
    'prefixes: [mcr.microsoft.com/, contoso.azurecr.io/base/]',
    {},
    {},
    `container <c> has an invalid image repo <${IMAGE}>, allowed repos are ["mcr.microsoft.com/", "contoso.azurecr.io/base/"]`,
  ],
  [
    'disallowedTags',
    'tags: [latest]',
    { containers: [container({ image: 'a.example/b:latest' })] },
    {},
    'container <c> uses a disallowed tag <a.example/b:latest>; disallowed tags are ["latest"]',
  ],
  [
    'disallowedTags',
    'tags: [latest]',
    { containers: [container({ image: 'a.example:5000/b' })] },
    {},
    "container <c> didn't specify an image tag <a.example:5000/b>",
  ],
  ['digests', '', {}, {}, `container <c> uses an image without a digest <${IMAGE}>`],
  [
    'noPrivilegeEscalation',
    '',
    { containers: [bareContainer] },
    {},
    'Privilege escalation container is not allowed: c',
  ],
  [
    'noPrivileged',
    '',
    { containers: [container({ securityContext: { privileged: true } })] },
    {},
    'Privileged container is not allowed: c, securityContext: {"privileged": true}',
  ],
  [
    'nonRoot',
    '',
    { containers: [bareContainer] },
    {},
    'Container c is attempting to run without a required securityContext/runAsNonRoot or securityContext/runAsUser != 0',
  ],
  [
    'nonRoot',
    '',
    { securityContext: { runAsUser: 0 } },
    {},
    'Container c is attempting to run as disallowed user 0. Allowed runAsUser: {"rule": "MustRunAsNonRoot"}',
  ],
  [
    'readOnlyRootFilesystem',
    '',
    { containers: [bareContainer] },
    {},
    'only read-only root filesystem container is allowed: c',
  ],
  ['noTokenMount', '', {}, {}, 'Automounting service account token is disallowed, pod: x'],
  [
    'requiredLabels',
    'labels: [team, cost]',
    {},
    { labels: { team: 'a' } },
    'you must provide labels: {"cost"}',
  ],
  ['probes', 'probes: [readinessProbe]', {}, {}, 'Container <c> in your <Pod> <x> has no <readinessProbe>'],
];

describe('a Gatekeeper constraint', () => {
  let one: TestCloud;
  beforeAll(async () => {
    one = await startWith(`
namespaces: [${RULES.map((_rule, index) => `n${index}`).join(', ')}, calm]
policies:
${RULES.map(([rule, settings], index) => `  - { name: c${index}, rule: ${rule}, namespaces: [n${index}]${settings === '' ? '' : `, ${settings}`} }`).join('\n')}
`);
  });
  afterAll(() => one.stop());

  it.each(RULES.map((rule, index) => [index, ...rule] as const))(
    '%i, %s (%s), refuses in its words',
    async (index, _rule, _settings, spec, metadata, words) => {
      const { status, json } = await createPod(one, spec, { namespace: `n${index}`, metadata });
      expect(status).toBe(403);
      expect(json).toMatchObject({ reason: 'Forbidden', message: denied(`[c${index}] ${words}`) });
      // A dry run goes the same way.
      const dry = await createPod(one, spec, { namespace: `n${index}`, metadata, query: '?dryRun=All' });
      expect(dry.json.message).toBe(json.message);
    },
  );

  it('leaves other namespaces alone', async () => {
    expect((await createPod(one, {}, { namespace: 'calm' })).status).toBe(201);
  });
});

it('tells every constraint at once, warns, and says nothing in a dry run of its own', async () => {
  cloud = await startWith(`
namespaces: [ci, quiet]
policies:
  - { name: no-root, rule: nonRoot, namespaces: [ci] }
  - { name: limits, rule: limits, namespaces: [ci] }
  - { name: labels, rule: requiredLabels, labels: [team], enforcement: warn }
  - { name: silent, rule: digests, enforcement: dryrun }
`);
  expect((await createPod(cloud, { containers: [bareContainer] })).json.message).toBe(
    denied(
      '[no-root] Container c is attempting to run without a required securityContext/runAsNonRoot or securityContext/runAsUser != 0\n[limits] container <c> has no resource limits',
    ),
  );
  const warned = await createPod(cloud, {}, { namespace: 'quiet' });
  expect(warned.status).toBe(201);
  expect(warnings(warned)).toEqual(['[labels] you must provide labels: {"team"}']);
});

it("doesn't look at a Job, but at its pod", async () => {
  cloud = await startWith(`
namespaces: [ci]
policies: [{ name: only-ours, rule: allowedRepositories, prefixes: [a.example/] }]
`);
  expect((await createJob(cloud)).status).toBe(201);
  expect(await failedCreate(cloud)).toBe(
    `Error creating: ${denied(`[only-ours] container <c> has an invalid image repo <${IMAGE}>, allowed repos are ["a.example/"]`)}`,
  );
});

describe('AKS deployment safeguards', () => {
  const missing = (probe: string): RegExp =>
    new RegExp(
      `^\\[azurepolicy-k8sazurev2containerenforceprob-[0-9a-f]{20}\\] Container <c> in your Pod <x> has no <${probe}>\\. Required probes: \\["readinessProbe", "livenessProbe"\\]$`,
    );

  it('warn', async () => {
    cloud = await startWith('safeguards: warning\nnamespaces: [ci]');
    const made = await createPod(cloud, { containers: [{ name: 'c', image: 'a.example/b' }] });
    expect(made.status).toBe(201);
    expect(warnings(made)).toEqual([
      expect.stringMatching(missing('livenessProbe')),
      expect.stringMatching(missing('readinessProbe')),
      expect.stringMatching(/^\[azurepolicy-\S+\] container <c> has no resource requests$/),
      expect.stringMatching(
        /^\[azurepolicy-k8sazurev1containernolatestima-[0-9a-f]{20}\] Please specify an explicit, versioned image tag such as '1\.0' for container c\. /,
      ),
    ]);
  });

  it('enforce, after they have given a container its amounts, and let a probe of a Job through', async () => {
    cloud = await startWith('safeguards: enforcement\nnamespaces: [ci]');
    const { status, json } = await createPod(cloud, { containers: [bareContainer] });
    expect(status).toBe(403);
    expect(json.message?.split('\n')).toEqual([
      expect.stringMatching(
        /^admission webhook "validation\.gatekeeper\.sh" denied the request: \[azurepolicy-k8sazurev2containerenforceprob-/,
      ),
      expect.stringMatching(missing('readinessProbe')),
    ]);
    await createJob(cloud, { containers: [bareContainer] });
    const { items } = await cloud.until('/api/v1/namespaces/ci/pods', (list) => list.items.length > 0);
    expect(items[0]?.spec['containers']).toMatchObject([
      { resources: { requests: { cpu: '500m', memory: '2Gi' }, limits: { cpu: '500m', memory: '2Gi' } } },
    ]);
    expect(
      (await createPod(cloud, { containers: [bareContainer] }, { namespace: 'kube-system' })).status,
    ).toBe(201);
  });

  it('once demanded pull secrets and limits', async () => {
    cloud = await startWith('safeguards: { level: enforcement, generation: preview }\nnamespaces: [ci]');
    await createJob(cloud, { containers: [bareContainer] });
    expect(await failedCreate(cloud)).toMatch(
      /^Error creating: admission webhook "validation\.gatekeeper\.sh" denied the request: \[azurepolicy-k8sazurev3containerlimits-[0-9a-f]{20}\] container <c> has no resource limits\n\[azurepolicy-k8sazurev1containerrestrictedi-[0-9a-f]{20}\] x-[a-z0-9]{5} in ci does not have imagePullSecrets\. Unauthenticated image pulls are not recommended\.$/,
    );
  });

  it('allowed images, as Azure Policy words them', async () => {
    cloud = await startWith(`
namespaces: [ci]
policies:
  - name: azurepolicy-k8sazurev2containerallowedimag-1ff6d14b2f8da22019d7
    engine: azure-policy
    rule: allowedImages
    pattern: ^mcr\\.microsoft\\.com/.+$
`);
    expect((await createPod(cloud)).json.message).toBe(
      denied(
        `[azurepolicy-k8sazurev2containerallowedimag-1ff6d14b2f8da22019d7] Container image ${IMAGE} for container c has not been allowed.`,
      ),
    );
  });
});

describe('Kyverno', () => {
  it('refuses a pod, and by a derived rule the Job itself', async () => {
    cloud = await startWith(`
namespaces: [ci]
policies:
  - { name: disallow-root, engine: kyverno, part: check-user, rule: nonRoot, message: Running as root is not allowed. }
`);
    const pod = await createPod(cloud, { containers: [bareContainer] });
    expect(pod.status).toBe(400);
    expect(pod.json.reason).toBeUndefined();
    expect(pod.json.message).toBe(
      `admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod/ci/x was blocked due to the following policies \n\ndisallow-root:\n  check-user: 'validation error: Running as root is not allowed. rule check-user failed\n    at path /spec/containers/0/'\n`,
    );
    const job = await createJob(cloud, { containers: [bareContainer] });
    expect(job.status).toBe(400);
    expect(job.json.message).toContain(
      "resource Job/ci/x was blocked due to the following policies \n\ndisallow-root:\n  autogen-check-user: 'validation error: ",
    );
    expect(job.json.message).toContain('/spec/template/spec/containers/0/');
  });
});

describe('ValidatingAdmissionPolicy', () => {
  it('refuses with 422 and warns, naming policy and binding', async () => {
    cloud = await startWith(`
namespaces: [ci, soft]
policies:
  - { name: no-root, engine: validating-admission-policy, rule: nonRoot, message: 'failed expression: x', namespaces: [ci] }
  - { name: soft, engine: validating-admission-policy, rule: nonRoot, enforcement: warn, message: no, namespaces: [soft] }
`);
    const refused = await createPod(cloud, { containers: [bareContainer] });
    const why =
      "ValidatingAdmissionPolicy 'no-root' with binding 'no-root-binding' denied request: failed expression: x";
    expect(refused.status).toBe(422);
    expect(refused.json).toMatchObject({
      reason: 'Invalid',
      message: `pods "x" is forbidden: ${why}`,
      details: { name: 'x', kind: 'pods', causes: [{ message: why }] },
    });
    const warned = await createPod(cloud, { containers: [bareContainer] }, { namespace: 'soft' });
    expect(warnings(warned)).toEqual([
      "Validation failed for ValidatingAdmissionPolicy 'soft' with binding 'soft-binding': no",
    ]);
  });
});

describe('a webhook that fails', () => {
  const why = (end: string): string =>
    `failed calling webhook "validation.gatekeeper.sh": failed to call webhook: Post "https://gatekeeper-webhook-service.gatekeeper-system.svc:443/v1/admit?timeout=3s": ${end}`;

  it.each([
    ['timeout', 'context deadline exceeded'],
    ['no-endpoints', 'no endpoints available for service "gatekeeper-webhook-service"'],
    ['refused', 'dial tcp 10.0.123.45:443: connect: connection refused'],
  ])('by %s refuses what it would have to see', async (failure, end) => {
    cloud = await startWith(`namespaces: [ci]\nfailingWebhooks: [{ failure: ${failure} }]`);
    const { status, json } = await createPod(cloud);
    expect(status).toBe(500);
    expect(json).toMatchObject({
      reason: 'InternalError',
      message: `Internal error occurred: ${why(end)}`,
      details: { causes: [{ message: why(end) }] },
    });
    await createJob(cloud);
    expect(await failedCreate(cloud)).toBe(`Error creating: Internal error occurred: ${why(end)}`);
  });

  it('and is ignored lets through what its policies would refuse', async () => {
    cloud = await startWith(`
namespaces: [ci]
policies: [{ name: never, rule: digests }]
failingWebhooks: [{ failurePolicy: Ignore }]
`);
    expect((await createPod(cloud)).status).toBe(201);
  });
});
