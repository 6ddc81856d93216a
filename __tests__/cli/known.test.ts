/** explain with facts: the same words have another cause by what Azure knows, and what can't be read decides nothing. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { knownBy } from '../../src/cli/known.js';
import { explainText } from '../../src/core/diagnosis/explanation.js';
import type { Explanation, Known } from '../../src/core/diagnosis/explanation.js';
import type { RawInputs } from '../../src/core/inputs.js';
import { openGround } from '../e2e/in-process.js';
import type { Ground } from '../e2e/in-process.js';
import { scenario } from '../e2e/scene.js';
import type { Assigned } from '../e2e/scene.js';

const IMAGE = 'contoso.azurecr.io/shop/web:1.4';
const PREFIX = `Failed to pull image "${IMAGE}": failed to pull and unpack image "${IMAGE}": failed to resolve image: `;
const REFUSED = `${PREFIX}failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`;
const FORBIDDEN = `${PREFIX}unexpected status from HEAD request to https://contoso.azurecr.io/v2/shop/web/manifests/1.4: 403 Forbidden`;
const PULL: Assigned = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const READS: Assigned[] = [
  { principal: 'deployer', role: 'Reader', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
];
const BOTH = { cluster: 'shop', 'resource-group': 'apps', registry: 'contoso.azurecr.io' };

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

async function ask(
  text: string,
  cloud: Parameters<typeof scenario>[0],
  flags: RawInputs = BOTH,
): Promise<{ told: string[]; known: Known; explanations: Explanation[]; writes: string[] }> {
  ground = await openGround(scenario({ login: READS, ...cloud }));
  const { host, machine } = ground.sides();
  const told: string[] = [];
  const subscription = ground.simulator.state.subscriptions[0]?.id ?? '';
  const known = await knownBy(
    { ...flags, 'subscription-id': subscription },
    text,
    { story: (line) => void told.push(line) },
    host,
    machine,
  );
  const writes = ground.simulator.requests
    .filter(({ method, host: name }) => name.startsWith('management.') && !/^(GET|CONNECT)$/.test(method))
    .map(({ method, path }) => `${method} ${path}`);
  return { told, known, explanations: explainText(text, known), writes };
}

describe('a refusal, undetermined by its words', () => {
  it.each<[string, Parameters<typeof scenario>[0], string]>([
    ['no role', {}, 'unauthorized-no-role'],
    ['a young grant', { assigned: [{ ...PULL, age: '2m' }] }, 'role-propagation-delay'],
    [
      'a role that the registry ignores',
      { assigned: [{ ...PULL, age: '30d' }], registry: { mode: 'abac' } },
      'abac-wrong-role',
    ],
    [
      'an image that is not there',
      {
        assigned: [{ ...PULL, age: '30d' }],
        registry: { repositories: [{ name: 'shop/other' }] },
        login: [
          { principal: 'deployer', role: 'Reader', scope: 'cluster:shop' },
          { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' },
          { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
        ],
      },
      'tag-not-found',
    ],
  ])('is determined by %s', async (_, cloud, cause) => {
    expect(explainText(REFUSED)[0]?.determined).toBe(false);
    const { explanations, writes } = await ask(REFUSED, cloud);
    expect(explanations.map(({ determined, causes }) => [determined, causes[0]?.id])).toEqual([
      [true, cause],
    ]);
    expect(writes).toEqual([]);
  });

  it('stays so where nothing that is known explains it, with commands for this cluster and registry', async () => {
    const { explanations } = await ask(REFUSED, { assigned: [{ ...PULL, age: '30d' }] });
    expect(explanations[0]?.determined).toBe(false);
    expect(explanations[0]?.causes.map(({ id }) => id)).toContain('kubelet-identity-missing');
    expect(explanations[0]?.next).toContain(
      'aks-acr-pull check --cluster shop -g apps --registry contoso.azurecr.io',
    );
  });
});

it("a 403 is the firewall's where the network rules keep addresses out", async () => {
  const { explanations, told } = await ask(FORBIDDEN, {
    assigned: [{ ...PULL, age: '30d' }],
    registry: { sku: 'Premium', networkDefaultAction: 'Deny' },
  });
  expect(explanations.map(({ determined, causes }) => [determined, causes[0]?.id])).toEqual([
    [true, 'firewall-403'],
  ]);
  expect(told.join('\n')).toMatch(/✓ registry contoso\.azurecr\.io: .*public network access/);
});

it('the fix of a cause has what is known filled in', async () => {
  const { explanations } = await ask(REFUSED, {});
  expect(explanations[0]?.next.join('\n')).toMatch(
    /az role assignment create --role 7f951dda.*-n shop.*contoso/,
  );
});

it('the registry alone is enough to be asked about', async () => {
  const { told, explanations } = await ask(
    FORBIDDEN,
    { registry: { sku: 'Premium', networkDefaultAction: 'Deny' } },
    {
      registry: 'contoso.azurecr.io',
    },
  );
  expect(explanations[0]?.causes[0]?.id).toBe('firewall-403');
  expect(told.filter((line) => line.includes('cluster'))).toEqual([]);
});

it('what may not be read is told, with the right that it would need, and decides nothing', async () => {
  const { told, explanations } = await ask(REFUSED, {
    assigned: [PULL],
    login: [{ principal: 'deployer', role: 'Reader', scope: 'cluster:shop' }],
  });
  expect(told.filter((line) => line.startsWith('- registry')).join('\n')).toMatch(/not known: /);
  expect(explanations[0]?.determined).toBe(false);
});

it('the node of a pod tells its pool, and so the platform', async () => {
  const pod = {
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { nodeName: 'aks-arm-12345678-vmss000001', containers: [{ name: 'web', image: IMAGE }] },
    status: {
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'web',
          image: IMAGE,
          state: {
            waiting: {
              reason: 'ErrImagePull',
              message: `rpc error: code = NotFound desc = failed to pull and unpack image "${IMAGE}": no match for platform in manifest: not found`,
            },
          },
        },
      ],
    },
  };
  const { explanations } = await ask(JSON.stringify(pod), {
    cluster: { pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64', mode: 'User' }] },
    registry: { repositories: [{ name: 'shop/web', images: [{ tag: '1.4', platforms: ['linux/amd64'] }] }] },
    login: [...READS, { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' }],
  });
  expect(explanations.map(({ determined, causes }) => [determined, causes[0]?.id])).toEqual([
    [true, 'platform-mismatch-arch'],
  ]);
});
