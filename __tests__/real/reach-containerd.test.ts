/** Every login by every way to the API server, with pulls that a real containerd does: the Linux nodes of __tests__/e2e/reach.test.ts. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PROBE_RULES } from '../../src/core/kubernetes/rights.js';
import { loadScenario } from '../../src/simulator/cloud/scenario.js';
import { runtimeProblems } from '../../src/simulator/kubernetes/runtime/runtimes.js';
import { openGround } from '../e2e/in-process.js';
import type { Ground } from '../e2e/in-process.js';
import { only } from '../e2e/scene.js';
import { straightHttp } from '../e2e/straight-http.js';
import { suiteUnless } from '../skip.js';

const LOGINS: Readonly<Record<string, object>> = {
  local: {},
  kubernetes: {
    entra: {},
    localAccounts: false,
    bindings: [
      {
        principal: 'deployer',
        rules: [
          ...PROBE_RULES.map(({ apiGroup, resource, verbs }) => ({
            apiGroups: [apiGroup],
            resources: [resource],
            verbs: [...verbs],
          })),
          { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] },
        ],
      },
    ],
  },
  'azure-rbac': { entra: { azureRbac: true }, localAccounts: false },
};
/** As an image's tag, so that no node has the layers already: the input cluster-access, and whether no proxy stands between. */
const WAYS = {
  direct: { access: 'direct', straight: true },
  'direct-through-a-proxy': { access: 'direct', straight: false },
  'run-command': { access: 'run-command', straight: false },
} as const;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[];
const NAMES = Object.keys(LOGINS);

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const CLOUD = JSON.stringify({
  name: 'every-way-with-containerd',
  runtime: 'containerd',
  identities: [{ name: 'deployer', federated: 'github' }],
  clusters: NAMES.map((name) => ({
    name,
    resourceGroup: 'apps',
    pools: [
      { name: 'system', architecture },
      { name: 'tainted', architecture, mode: 'User', taints: ['sku=gpu:NoSchedule'] },
    ],
    ...LOGINS[name],
  })),
  registries: [
    {
      name: 'contoso',
      resourceGroup: 'images',
      repositories: [
        {
          name: 'shop/web',
          images: ways.map((way) => ({ tag: way, platforms: ['linux/amd64', 'linux/arm64'] })),
        },
      ],
    },
  ],
  roleAssignments: [
    { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
    ...NAMES.flatMap((name) => [
      {
        principal: 'deployer',
        role: 'Azure Kubernetes Service Contributor Role',
        scope: `cluster:${name}`,
      },
      { principal: `kubelet of ${name}`, role: 'AcrPull', scope: 'registry:contoso' },
    ]),
    {
      principal: 'deployer',
      role: 'Azure Kubernetes Service RBAC Cluster Admin',
      scope: 'cluster:azure-rbac',
    },
  ],
});

const [unfit] = runtimeProblems(loadScenario(CLOUD, Date.now()).state);

suiteUnless(unfit?.message, 'a real containerd, by every way', () => {
  let ground: Ground;
  const came = new Map<string, ReturnType<typeof only>>();

  beforeAll(async () => {
    // In real time: the runtime is.
    ground = await openGround(CLOUD, 1);
    await Promise.all(
      NAMES.map(async (name) => {
        for (const way of ways) {
          const { access, straight } = WAYS[way];
          const inputs = { mode: 'check', cluster: name, image: `shop/web:${way}`, 'cluster-access': access };
          const network = straight ? () => straightHttp(ground.simulator) : undefined;
          came.set(`${name} ${way}`, only((await ground.run(inputs, {}, 'deployer', network)).report));
        }
      }),
    );
  }, 180_000);
  afterAll(() => ground?.end());

  it.each(NAMES.flatMap((name) => ways.map((way) => [name, way] as const)))(
    'pulls in a cluster with %s, %s',
    (name, way) => {
      const { result, pulls } = came.get(`${name} ${way}`) ?? {};
      const pulled = { os: 'linux', architecture, status: 'pass', proved: 'content', attempts: 1 };
      expect(pulls).toMatchObject(['system', 'tainted'].map((nodePool) => ({ nodePool, ...pulled })));
      expect(result).toBe('passed');
    },
  );
});
