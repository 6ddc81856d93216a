import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { INPUTS } from '../../src/core/inputs.js';
import type { InputName, RawInputs } from '../../src/core/inputs.js';
import {
  InputErrors,
  mayBelongTo,
  parseDuration,
  parseImage,
  readRequest,
  Refused,
} from '../../src/core/request.js';
import type { Circumstances, InputProblem } from '../../src/core/request.js';

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const GUID = 'ABCDEF00-2222-4333-8444-555555555555';
const CLUSTER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops/providers/Microsoft.ContainerService/managedClusters/shop`;
const REGISTRY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops/providers/Microsoft.ContainerRegistry/registries/contoso`;
const DIGEST = `sha256:${'a'.repeat(64)}`;
const LEAST: RawInputs = { cluster: CLUSTER, registry: REGISTRY };

function problemsOf(raw: RawInputs, circumstances?: Circumstances): readonly InputProblem[] {
  try {
    readRequest(raw, circumstances);
  } catch (error) {
    if (error instanceof InputErrors) return error.problems;
    throw error;
  }
  return [];
}

/** The words of the error. */
function messageOf(raw: RawInputs): string {
  try {
    readRequest(raw);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('nothing was thrown');
}

/** `input=value` of each problem. */
function named(raw: RawInputs, circumstances?: Circumstances): string[] {
  return problemsOf(raw, circumstances).map(({ input, value }) => `${input}=${value ?? ''}`);
}

describe('defaults', () => {
  it('are those that are declared', () => {
    expect(readRequest(LEAST)).toEqual({
      mode: 'connect',
      clusters: [{ subscriptionId: SUBSCRIPTION, resourceGroup: 'shops', name: 'shop' }],
      registries: [
        { by: 'id', subscriptionId: SUBSCRIPTION, resourceGroup: 'shops', name: 'contoso', text: REGISTRY },
      ],
      images: [],
      importProbeImage: false,
      maxPulls: 5,
      verify: 'pull',
      nodePools: [],
      namespace: 'default',
      timeoutMs: 15 * 60_000,
      propagationTimeoutMs: 10 * 60_000,
      nodes: 'one',
      clusterAccess: 'auto',
      failOn: 'fail',
      repositories: [],
      transitionRoles: false,
      dryRun: false,
      allDirect: false,
      environment: 'AzureCloud',
    });
  });

  it('stand for blank inputs too, for CI systems give an input that is not set as an empty text', () => {
    const blank = Object.fromEntries(INPUTS.map(({ name }) => [name, '  '])) as RawInputs;
    expect(readRequest({ ...blank, ...LEAST })).toEqual(readRequest(LEAST));
  });
});

it('reads every input', () => {
  expect(
    readRequest({
      cluster: ' shop \n\n other \nshop',
      'resource-group': 'Läden_(prod)',
      registry: 'Contoso.AzureCR.io\ncontoso2',
      'subscription-id': GUID,
      mode: 'check',
      image: `contoso.azurecr.io/team/app:1.2\r\ncontoso2.azurecr.io/app@${DIGEST}`,
      verify: 'pull',
      manifests: 'k8s/**/*.yaml\n!k8s/dev/**\n-',
      'helm-chart': 'charts/shop\noci://contoso.azurecr.io/charts/shop:1',
      'helm-values': 'values.yaml\nprod.yaml',
      kustomization: 'overlays/prod',
      'allow-remote': 'true',
      'max-pulls': '12',
      'node-pools': 'system\nwin1',
      namespace: 'probes',
      timeout: '1h30m',
      'propagation-timeout': '90s',
      'cluster-access': 'run-command',
      nodes: 'all',
      'fail-on': 'warn',
      repositories: 'team/*\napp',
      'transition-roles': 'true',
      environment: 'AzureChinaCloud',
      redact: 'ids',
      'client-id': GUID,
      'tenant-id': GUID,
      audience: 'api://AzureADTokenExchange',
      'allow-pull-request': 'false',
      summary: 'false',
    }),
  ).toEqual({
    mode: 'check',
    // A subscription that was given stays with what was given by name.
    clusters: [
      { subscriptionId: GUID, resourceGroup: 'Läden_(prod)', name: 'shop' },
      { subscriptionId: GUID, resourceGroup: 'Läden_(prod)', name: 'other' },
    ],
    registries: [
      { by: 'login-server', loginServer: 'contoso.azurecr.io', text: 'Contoso.AzureCR.io' },
      { by: 'name', name: 'contoso2', text: 'contoso2' },
    ],
    subscriptionId: GUID.toLowerCase(),
    images: [
      {
        host: 'contoso.azurecr.io',
        repository: 'team/app',
        tag: '1.2',
        text: 'contoso.azurecr.io/team/app:1.2',
      },
      {
        host: 'contoso2.azurecr.io',
        repository: 'app',
        digest: DIGEST,
        text: `contoso2.azurecr.io/app@${DIGEST}`,
      },
    ],
    deployables: {
      manifests: ['k8s/**/*.yaml', '!k8s/dev/**', '-'],
      charts: ['charts/shop', 'oci://contoso.azurecr.io/charts/shop:1'],
      values: ['values.yaml', 'prod.yaml'],
      kustomizations: ['overlays/prod'],
      allowRemote: true,
    },
    maxPulls: 12,
    importProbeImage: false,
    verify: 'pull',
    nodePools: ['system', 'win1'],
    namespace: 'probes',
    timeoutMs: 90 * 60_000,
    propagationTimeoutMs: 90_000,
    nodes: 'all',
    clusterAccess: 'run-command',
    failOn: 'warn',
    repositories: ['team/*', 'app'],
    transitionRoles: true,
    dryRun: false,
    allDirect: false,
    environment: 'AzureChinaCloud',
  });
  expect(readRequest({ ...LEAST, 'kubelet-object-id': GUID }).kubeletObjectId).toBe(GUID.toLowerCase());
});

describe('import-probe-image', () => {
  const IMPORTS: RawInputs = { ...LEAST, 'import-probe-image': 'true' };

  it.each<[RawInputs, RegExp]>([
    [
      { mode: 'check' },
      /nothing in mode check, which writes nothing into a registry: run connect with it once/,
    ],
    [{ mode: 'plan' }, /nothing in mode plan/],
    [{ verify: 'access' }, /nothing with verify: access, which pulls nothing/],
    [{ image: 'app:1' }, /nothing beside input image/],
    [{ repositories: 'team/*' }, /aks-acr-pull\/probe among repositories: the grant is limited to team\/\*/],
  ])('is refused with %j', (inputs, words) => {
    expect(named({ ...IMPORTS, ...inputs })).toEqual(['import-probe-image=true']);
    expect(messageOf({ ...IMPORTS, ...inputs })).toMatch(words);
  });

  it.each<RawInputs>([{}, { repositories: 'aks-acr-pull/probe' }, { repositories: 'app\naks-acr-pull/*' }])(
    'goes with %j',
    (inputs) => {
      expect(readRequest({ ...IMPORTS, ...inputs }).importProbeImage).toBe(true);
    },
  );
});

it('freezes the result, all the way down', () => {
  const request = readRequest({ ...LEAST, image: 'app:1', 'node-pools': 'system' });
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  expect(frozen(request)).toBe(true);
});

describe('a malformed value is refused with its name, its value and the form wanted', () => {
  const id = (type: string, name: string, subscription = SUBSCRIPTION, group = 'shops'): string =>
    `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;
  const BAD: [InputName, string, RegExp][] = [
    [
      'cluster',
      id('Microsoft.ContainerService/managedClusters', 'shop', 'not-a-guid'),
      /managedClusters\/<name>/,
    ],
    ['cluster', id('Microsoft.ContainerRegistry/registries', 'contoso'), /managedClusters\/<name>/],
    ['cluster', `${CLUSTER}/agentPools/system`, /managedClusters\/<name>/],
    ['cluster', `${CLUSTER}?x=`, /managedClusters\/<name>/],
    [
      'cluster',
      id('Microsoft.ContainerService/managedClusters', 'shop', SUBSCRIPTION, 'a?b'),
      /managedClusters\/<name>/,
    ],
    [
      'cluster',
      id('Microsoft.ContainerService/managedClusters', 'shop', SUBSCRIPTION, '..'),
      /managedClusters\/<name>/,
    ],
    ['cluster', id('Microsoft.ContainerService/managedClusters', '-shop'), /managedClusters\/<name>/],
    ['cluster', 'shop;rm', /a name together with resource-group/],
    ['cluster', 'x'.repeat(64), /a name together with resource-group/],
    ['cluster', 'https://portal.azure.com/#resource/x', /a name together with resource-group/],
    ['resource-group', 'ends-in-a-dot.', /resource group's name/],
    ['resource-group', 'a/b', /resource group's name/],
    ['resource-group', 'g'.repeat(91), /resource group's name/],
    ['registry', 'abc', /login server/],
    ['registry', 'https://contoso.azurecr.io', /login server/],
    ['registry', 'contoso.azurecr.io/app', /login server/],
    ['registry', 'contoso.azurecr.io.evil.example', /login server/],
    ['registry', 'contoso-', /login server/],
    ['registry', "contoso' or '1", /login server/],
    ['registry', 'docker.io', /login server/],
    ['registry', id('Microsoft.ContainerRegistry/registries', 'contoso', 'x'), /registries\/<name>/],
    [
      'registry',
      id('Microsoft.ContainerRegistry/registries', 'contoso', SUBSCRIPTION, 'a#b'),
      /registries\/<name>/,
    ],
    ['registry', id('Microsoft.ContainerService/managedClusters', 'contoso'), /registries\/<name>/],
    ['subscription-id', 'Production', /GUID/],
    ['mode', 'Connect', /one of connect, check/],
    ['mode', 'watch', /one of connect, check, plan, disconnect, audit/],
    ['image', 'app', /repo:tag/],
    ['image', 'App:1', /repo:tag/],
    ['image', 'app@sha256:abc', /repo:tag/],
    ['image', 'app:', /repo:tag/],
    ['image', 'app:.dot', /repo:tag/],
    ['image', '/app:1', /repo:tag/],
    ['image', 'team//app:1', /repo:tag/],
    ['image', 'app:1 2', /repo:tag/],
    ['verify', 'yes', /one of pull, access, none/],
    ['node-pools', 'System', /node pool's name/],
    ['node-pools', 'a23456789012b', /node pool's name/],
    ['node-pools', 'a,b', /node pool's name/],
    ['namespace', 'Probes', /lower-case/],
    ['namespace', 'n'.repeat(64), /lower-case/],
    ['namespace', 'a.b', /lower-case/],
    ['kubelet-object-id', 'me', /GUID/],
    ['timeout', '15', /such as 90s, 10m or 1h30m/],
    ['timeout', '10 m', /such as 90s/],
    ['timeout', '1.5h', /such as 90s/],
    ['timeout', '-10m', /such as 90s/],
    ['timeout', '30m1h', /such as 90s/],
    ['timeout', '9s', /from 10s to 6h/],
    ['timeout', '0s', /from 10s to 6h/],
    ['timeout', '6h1s', /from 10s to 6h/],
    ['propagation-timeout', 'soon', /such as 90s/],
    ['nodes', 'every', /one, all/],
    ['cluster-access', 'tunnel', /auto, direct, run-command/],
    ['fail-on', 'error', /one of fail, warn/],
    ['client-id', 'me', /GUID/],
    ['tenant-id', 'contoso.onmicrosoft.com', /GUID/],
    ['repositories', 'Team/App', /prefix/],
    ['repositories', 'team/**', /prefix/],
    ['repositories', "a' OR '1", /prefix/],
    ['manifests', '!k8s/dev/**', /leave files out of/],
    ['helm-chart', '--post-renderer', /option/],
    ['helm-values', '-f', /option/],
    ['kustomization', '--enable-helm', /option/],
    ['allow-remote', 'yes', /one of false, true/],
    ['max-pulls', '0', /1 to 50/],
    ['max-pulls', '51', /1 to 50/],
    ['max-pulls', '2.5', /1 to 50/],
    ['import-probe-image', 'yes', /one of false, true/],
    ['dry-run', 'yes', /one of false, true/],
    ['transition-roles', 'yes', /one of false, true/],
    ['all-direct', '1', /one of false, true/],
    ['environment', 'AzureStack', /one of AzureCloud, AzureChinaCloud, AzureUSGovernment/],
    ['redact', 'all', /one of ids, none/],
    ['summary', 'yes', /one of true, false/],
    ['allow-pull-request', '1', /one of false, true/],
    ['pull-secret', 'Not_A_Secret', /a Secret's name/],
    ['pull-secret', `${'a'.repeat(254)}`, /a Secret's name/],
  ];
  const DEPLOYED: readonly InputName[] = [
    'manifests',
    'helm-chart',
    'helm-values',
    'kustomization',
    'allow-remote',
    'max-pulls',
  ];
  it.each(BAD)('%s: %s', (input, value, wanted) => {
    // Its partners are there, so that nothing else is wrong.
    const partners: RawInputs = {
      ...(input === 'resource-group'
        ? { cluster: 'shop' }
        : input === 'cluster'
          ? { 'resource-group': 'shops' }
          : {}),
      ...(input === 'client-id' ? { 'tenant-id': GUID } : {}),
      ...(input === 'tenant-id' ? { 'client-id': GUID } : {}),
      ...(DEPLOYED.includes(input) ? { mode: 'check', kustomization: 'overlays/prod' } : {}),
      ...(input === 'helm-values' ? { 'helm-chart': 'charts/shop' } : {}),
      ...(input === 'pull-secret' ? { mode: 'check', image: 'app:1', registry: 'contoso.azurecr.io' } : {}),
    };
    const problems = problemsOf({ ...LEAST, ...partners, [input]: value });
    expect(problems.map((problem) => [problem.input, problem.value])).toEqual([[input, value]]);
    expect(problems[0]?.wanted).toMatch(wanted);
  });

  it('has a malformed form of every input but the free ones', () => {
    const covered = new Set(BAD.map(([input]) => input));
    expect(INPUTS.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([
      'azure-subscription',
      'kubeconfig',
      'context',
      'audience',
    ]);
  });
});

it('tells all of it at once, in one error', () => {
  const raw: RawInputs = {
    cluster: 'shop',
    registry: 'x',
    mode: 'everything',
    image: 'no-tag',
    verify: 'maybe',
    timeout: 'long',
    namespace: 'A',
    'tenant-id': GUID,
  };
  expect(new Set(problemsOf(raw).map(({ input }) => input))).toEqual(
    new Set(['resource-group', 'registry', 'mode', 'image', 'verify', 'timeout', 'namespace', 'client-id']),
  );
  const message = messageOf(raw);
  expect(message.split('\n')).toHaveLength(8);
  expect(message).toContain('input mode is "everything": one of connect, check');
  expect(message).toContain('input client-id is missing: the application to sign in as');
});

it('shortens a very long value and shows control characters as such', () => {
  const [problem] = problemsOf({ ...LEAST, namespace: `${'n'.repeat(300)}\n::error::` });
  expect(problem?.value).toHaveLength(310);
  const message = messageOf({ ...LEAST, namespace: `a\u001b[2J\n::error::${'n'.repeat(300)}` });
  expect(message).toContain('"a\\u001b[2J\\n::error::');
  expect(message.split('\n')).toHaveLength(1);
  expect(message.length).toBeLessThan(400);
});

describe('contradictions', () => {
  const CASES: [string, RawInputs, string[], Circumstances?][] = [
    ['cluster and registry are missing', {}, ['cluster=', 'registry=']],
    ['only the registry is there', { registry: REGISTRY }, ['cluster=']],
    ['a name without its group', { cluster: 'shop', registry: REGISTRY }, ['resource-group=']],
    [
      'two clusters to connect',
      { ...LEAST, cluster: `${CLUSTER}\n${CLUSTER}2` },
      [`cluster=${CLUSTER}, ${CLUSTER}2`],
    ],
    ['nothing to check', { ...LEAST, mode: 'check', verify: 'none' }, ['verify=none']],
    ['an image that nothing pulls', { ...LEAST, verify: 'access', image: 'app:1' }, ['image=app:1']],
    ['pools that nothing pulls on', { ...LEAST, verify: 'none', 'node-pools': 'a' }, ['node-pools=a']],
    [
      'waiting longer for the grant than for everything',
      { ...LEAST, timeout: '5m', 'propagation-timeout': '6m' },
      ['propagation-timeout=6m'],
    ],
    ['an application without a tenant', { ...LEAST, 'client-id': GUID }, ['tenant-id=']],
    ['a tenant without an application', { ...LEAST, 'tenant-id': GUID }, ['client-id=']],
    ['an audience without an application', { ...LEAST, audience: 'x' }, ['client-id=']],
    [
      'names, and a login without a subscription',
      { cluster: 'shop', 'resource-group': 'shops', registry: 'contoso' },
      ['subscription-id='],
      { needsSubscription: true },
    ],
    ['another group than the id has', { ...LEAST, 'resource-group': 'other' }, ['resource-group=other']],
    [
      'one object id for several clusters',
      { ...LEAST, mode: 'check', cluster: `${CLUSTER}\n${CLUSTER}2`, 'kubelet-object-id': GUID },
      [`kubelet-object-id=${GUID}`],
    ],
    [
      'an image of which registry?',
      { ...LEAST, registry: 'contoso\ncontoso2', image: 'app:1' },
      ['image=app:1'],
    ],
    [
      'an image of another registry, given by login server',
      { ...LEAST, registry: 'contoso.azurecr.io', image: 'contosox.azurecr.io/app:1' },
      ['image=contosox.azurecr.io/app:1'],
    ],
    [
      'an image of Docker Hub',
      { ...LEAST, image: 'docker.io/library/nginx:1' },
      ['image=docker.io/library/nginx:1'],
    ],
    [
      'an image of a registry whose name only begins alike',
      { ...LEAST, image: 'contosox.azurecr.io/app:1' },
      ['image=contosox.azurecr.io/app:1'],
    ],
  ];
  it.each(CASES.map((tried) => ({ tried })))('$tried.0', ({ tried: [, raw, problems, circumstances] }) => {
    expect(named(raw, circumstances)).toEqual(problems);
  });

  it('does not contradict what is malformed already', () => {
    expect(named({ cluster: 'shop', 'resource-group': 'a/b', registry: REGISTRY })).toEqual([
      'resource-group=a/b',
    ]);
    expect(named({ ...LEAST, cluster: `${CLUSTER}\n${CLUSTER}2`, mode: 'chek' })).toEqual(['mode=chek']);
  });

  it('lets through what only looks like one', () => {
    expect(named({ ...LEAST, 'resource-group': 'SHOPS' })).toEqual([]);
    expect(named({ ...LEAST, timeout: '5m' })).toEqual([]);
    expect(named({ ...LEAST, verify: 'none' })).toEqual([]);
    expect(named(LEAST, { needsSubscription: true })).toEqual([]);
    expect(
      named({ ...LEAST, registry: 'contoso', 'subscription-id': GUID }, { needsSubscription: true }),
    ).toEqual([]);
    // With a domain name label the login server is the name, a dash and a hash.
    expect(named({ ...LEAST, image: 'contoso-e7ggejfuhzhgedc8.azurecr.io/app:1' })).toEqual([]);
  });
});

describe('mode audit', () => {
  it('reads secrets, so it never goes through AKS run command', () => {
    expect(() => readRequest({ ...LEAST, mode: 'audit', 'cluster-access': 'run-command' })).toThrow(
      /cluster-access .*Azure keeps what a command of AKS run command prints/,
    );
    expect(readRequest({ ...LEAST, mode: 'audit', 'cluster-access': 'auto' }).mode).toBe('audit');
  });
  it('is refused for pull requests, unless that is said to be meant', () => {
    expect(() => readRequest({ ...LEAST, mode: 'audit' }, { pullRequest: 'pull_request' })).toThrow(Refused);
    const meant = { ...LEAST, mode: 'audit', 'allow-pull-request': 'true' };
    expect(readRequest(meant, { pullRequest: 'pull_request' }).mode).toBe('audit');
  });
});

describe('runs for pull requests', () => {
  it('are refused for connect, unless allowed', () => {
    expect(() => readRequest(LEAST, { pullRequest: 'pull_request' })).toThrow(Refused);
    expect(() => readRequest(LEAST, { pullRequest: 'pull_request' })).toThrow(/allow-pull-request: true/);
    expect(
      readRequest({ ...LEAST, 'allow-pull-request': 'true' }, { pullRequest: 'pull_request' }).mode,
    ).toBe('connect');
    expect(readRequest({ ...LEAST, mode: 'check' }, { pullRequest: 'pull_request' }).mode).toBe('check');
  });

  it('make no probe when they come from a fork, whatever is allowed', () => {
    const fork = { pullRequest: 'pull_request', fork: true };
    expect(() => readRequest({ ...LEAST, mode: 'check' }, fork)).toThrow(/fork/);
    expect(() => readRequest({ ...LEAST, 'allow-pull-request': 'true' }, fork)).toThrow(Refused);
    expect(readRequest({ ...LEAST, mode: 'check', verify: 'access' }, fork).verify).toBe('access');
  });

  it('hear of bad input first', () => {
    expect(() => readRequest({}, { pullRequest: 'pull_request' })).toThrow(InputErrors);
  });
});

describe('parseImage', () => {
  it('reads references as the distribution grammar does', () => {
    expect(parseImage(`localhost:5000/a/b:1@${DIGEST}`)).toEqual({
      host: 'localhost:5000',
      repository: 'a/b',
      tag: '1',
      digest: DIGEST,
      text: `localhost:5000/a/b:1@${DIGEST}`,
    });
    expect(parseImage('team/app:1')).toEqual({ repository: 'team/app', tag: '1', text: 'team/app:1' });
    expect(parseImage('Contoso.azurecr.io/app:1')?.host).toBe('contoso.azurecr.io');
    expect(parseImage(`${'a'.repeat(256)}:1`)).toBeUndefined();
    expect(parseImage(`app@${DIGEST}@${DIGEST}`)).toBeUndefined();
  });
});

describe('parseDuration', () => {
  it('reads hours, minutes and seconds', () => {
    expect(['1h', '1m', '1s', '1h1m1s', '2h5s'].map(parseDuration)).toEqual([
      3_600_000, 60_000, 1000, 3_661_000, 7_205_000,
    ]);
    expect(['', 'h', '1', '1d', ' 1s', '1s '].map(parseDuration)).toEqual(Array(6).fill(undefined));
  });
});

it('knows whose host an image may have', () => {
  const byName = { by: 'name', name: 'Contoso', text: 'Contoso' } as const;
  expect(
    ['contoso.azurecr.io', 'contoso-hash.azurecr.io', 'contosox.azurecr.io'].map((host) =>
      mayBelongTo(byName, host),
    ),
  ).toEqual([true, true, false]);
});

describe('whatever is given', () => {
  const plausible = fc.constantFrom(
    ...[
      CLUSTER,
      REGISTRY,
      'shop',
      'contoso',
      'contoso.azurecr.io',
      'connect',
      'check',
      'pull',
      'access',
      'none',
    ],
    ...['10m', 'true', 'false', GUID, 'app:1', 'contoso.azurecr.io/app:1', 'a\nb', '', '/', '::', '@'],
  );
  const value = fc.oneof(plausible, fc.string({ unit: 'binary' }), fc.string());
  const inputs = fc.record(
    Object.fromEntries(INPUTS.map(({ name }) => [name, value])) as Record<InputName, typeof value>,
    { requiredKeys: [] },
  );
  const circumstances = fc.record(
    { pullRequest: fc.string(), fork: fc.boolean(), needsSubscription: fc.boolean() },
    { requiredKeys: [] },
  );

  it('throws nothing but InputErrors and Refused, and each problem names a known input and a form', () => {
    fc.assert(
      fc.property(inputs, circumstances, (raw, why) => {
        try {
          expect(Object.isFrozen(readRequest(raw, why))).toBe(true);
        } catch (error) {
          if (error instanceof Refused) return;
          if (!(error instanceof InputErrors)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
          for (const problem of error.problems) {
            expect(INPUTS.some(({ name }) => name === problem.input)).toBe(true);
            expect(problem.wanted).not.toBe('');
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a good request apart from one bad input, and names just that one', () => {
    const good: RawInputs = {
      ...LEAST,
      image: 'app:1',
      namespace: 'probes',
      timeout: '20m',
      'fail-on': 'warn',
    };
    const single = fc.constantFrom<InputName>('namespace', 'timeout', 'fail-on', 'mode', 'verify', 'summary');
    fc.assert(
      fc.property(single, (input) => {
        expect(named({ ...good, [input]: '!' })).toEqual([`${input}=!`]);
      }),
    );
  });

  it('answers quickly, however long', () => {
    const long = 'a-'.repeat(50_000);
    const started = Date.now();
    problemsOf({
      cluster: long,
      registry: long,
      image: `${long}:1\n${long}a:1`,
      'resource-group': long,
      timeout: '1'.repeat(50_000),
    });
    expect(Date.now() - started).toBeLessThan(1000);
  });
});

describe('what is about to be deployed', () => {
  it.each(['connect', 'plan', 'disconnect'])('belongs to mode check, not to %s', (mode) => {
    const given: RawInputs = { ...LEAST, mode, manifests: 'k8s/*.yaml', 'max-pulls': '3' };
    expect(named(given)).toEqual(['manifests=k8s/*.yaml', 'max-pulls=3']);
  });

  it.each<[string, RawInputs, string[]]>([
    ['values without a chart', { 'helm-values': 'prod.yaml' }, ['helm-chart=']],
    [
      'the network without anything that is rendered',
      { manifests: 'a.yaml', 'allow-remote': 'true' },
      ['allow-remote=true'],
    ],
    ['a number of pulls without anything to be deployed', { 'max-pulls': '3' }, ['max-pulls=3']],
  ])('refuses %s', (_what, given, problems) => {
    expect(named({ ...LEAST, mode: 'check', ...given })).toEqual(problems);
  });

  it('may be judged without a pull, on pools that are named', () => {
    const given: RawInputs = { mode: 'check', manifests: 'a.yaml', verify: 'access', 'node-pools': 'apps' };
    expect(readRequest({ ...LEAST, ...given })).toMatchObject({ verify: 'access', nodePools: ['apps'] });
  });
});

describe('a cluster that is not AKS, and pull secrets', () => {
  const SECRET: RawInputs = {
    mode: 'check',
    registry: 'contoso.azurecr.io',
    'pull-secret': 'acr',
    image: 'app:1',
  };
  const ELSEWHERE: RawInputs = { ...SECRET, kubeconfig: '.kube/config' };
  const ON_AKS: RawInputs = { ...SECRET, cluster: CLUSTER };

  it('takes a kubeconfig in place of a cluster, and needs no subscription then', () => {
    expect(readRequest({ ...ELSEWHERE, context: 'arc' }, { needsSubscription: true })).toMatchObject({
      clusters: [],
      kubeconfig: { path: '.kube/config', context: 'arc' },
      pullSecret: 'acr',
    });
    expect(readRequest(ON_AKS)).toMatchObject({ pullSecret: 'acr' });
    expect(readRequest(ON_AKS)).not.toHaveProperty('kubeconfig');
  });

  it.each<[string, RawInputs, string[]]>([
    ['a cluster too', { ...ELSEWHERE, cluster: CLUSTER }, [`cluster=${CLUSTER}`]],
    ['a resource group', { ...ELSEWHERE, 'resource-group': 'shops' }, ['resource-group=shops']],
    ['pools', { ...ELSEWHERE, 'node-pools': 'system' }, ['node-pools=system']],
    ['no secret', { ...ELSEWHERE, 'pull-secret': '' }, ['pull-secret=']],
    ['a context alone', { ...ON_AKS, context: 'arc' }, ['kubeconfig=']],
    ['no image', { ...ELSEWHERE, image: '' }, ['image=']],
    ['a registry by name', { ...ELSEWHERE, registry: 'contoso' }, ['registry=contoso']],
    ['no pull', { ...ELSEWHERE, image: '', verify: 'access' }, ['verify=access', 'image=']],
    ['run command', { ...ON_AKS, 'cluster-access': 'run-command' }, ['cluster-access=run-command']],
    ['manifests', { ...ON_AKS, manifests: 'k8s/*.yaml' }, ['manifests=k8s/*.yaml']],
    ['an identity', { ...ON_AKS, 'kubelet-object-id': GUID }, [`kubelet-object-id=${GUID}`]],
    ['both roles', { ...ON_AKS, 'transition-roles': 'true' }, ['transition-roles=true']],
  ])('contradicts %s', (_what, raw, problems) => {
    expect(named(raw)).toEqual(problems);
  });

  it.each(['connect', 'plan', 'disconnect', 'audit'])('belongs to mode check, not to %s', (mode) => {
    expect(named({ ...ELSEWHERE, mode, context: 'arc', image: '' })).toEqual([
      'kubeconfig=.kube/config',
      'context=arc',
      'pull-secret=acr',
    ]);
  });
});

it.each([
  { registry: 'contoso.northeurope.geo.azurecr.io' },
  { registry: 'contoso.azurecr.io', image: 'contoso.northeurope.geo.azurecr.io/shop/web:1' },
])('a registry’s endpoint in one region is told to be one, with the login server: %j', (inputs) => {
  expect(() => readRequest({ ...LEAST, ...inputs })).toThrow(
    /endpoint of a registry in one region: its login server is contoso\.azurecr\.io/,
  );
});
