/** Pages of real runs against simulated clouds, one for each way that a run can end. */
import { openGround } from '../../__tests__/e2e/in-process.js';
import { scenario } from '../../__tests__/e2e/scene.js';
import type { RawInputs } from '../../src/core/inputs.js';
import { closingLines } from '../../src/render/story.js';
import { issuesOf } from '../../src/render/issues.js';
import { redactor } from '../../src/render/redact.js';
import { summaryMarkdown } from '../../src/render/summary.js';

export { firstRunOf } from './text.js';

export interface Page {
  name: string;
  gitHub: string;
  azurePipelines: string;
  /** The log's last lines, and the annotations. */
  told: string;
}

const USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const READER = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };
const GRANTED = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '30d' };
const POOLS = {
  pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64', mode: 'User' }],
};
const image = (...platforms: string[]): object => ({
  repositories: [{ name: 'shop/web', images: [{ tag: '1.4', platforms }] }],
});
const BOTH = image('linux/amd64', 'linux/arm64');
const WEB = { image: 'shop/web:1.4' };

const RUNS: readonly { name: string; cloud: string; inputs: RawInputs }[] = [
  { name: 'passed', cloud: scenario({ cluster: POOLS }), inputs: { ...WEB, mode: 'connect' } },
  {
    name: 'failed',
    cloud: scenario({ cluster: POOLS, login: [USER, READER] }),
    inputs: { ...WEB, mode: 'connect' },
  },
  {
    name: 'role-missing',
    cloud: scenario({ cluster: POOLS, login: [USER, READER] }),
    inputs: { ...WEB, mode: 'check' },
  },
  {
    name: 'abac-wrong-role',
    cloud: scenario({
      cluster: POOLS,
      login: [USER, READER],
      assigned: [GRANTED],
      registry: { mode: 'abac', ...BOTH },
    }),
    inputs: { ...WEB, mode: 'check' },
  },
  {
    name: 'network',
    cloud: scenario({
      cluster: POOLS,
      login: [USER, READER],
      assigned: [GRANTED],
      registry: { ...BOTH, sku: 'Premium', networkDefaultAction: 'Deny' },
    }),
    inputs: { ...WEB, mode: 'check' },
  },
  {
    name: 'two-pools',
    cloud: scenario({
      cluster: {
        pools: [
          ...POOLS.pools,
          { name: 'old', heldIdentity: 'none', mode: 'User' },
          { name: 'new', mode: 'User' },
        ],
      },
      login: [USER, READER],
      assigned: [GRANTED],
      registry: image('linux/amd64'),
    }),
    inputs: { ...WEB, mode: 'check', 'node-pools': 'system\narm\nold\nnew' },
  },
  {
    name: 'several-wrong',
    cloud: scenario({
      cluster: POOLS,
      login: [USER, READER],
      registry: { ...BOTH, sku: 'Premium', networkDefaultAction: 'Deny' },
    }),
    inputs: { ...WEB, mode: 'check' },
  },
  { name: 'plan', cloud: scenario({ cluster: POOLS }), inputs: { mode: 'plan' } },
  {
    name: 'stopped',
    cloud: scenario({ cluster: { ...POOLS, power: 'Stopped' } }),
    inputs: { ...WEB, mode: 'check' },
  },
  {
    name: 'no-cluster',
    cloud: scenario({ cluster: POOLS }),
    inputs: { ...WEB, cluster: 'shopp', mode: 'check' },
  },
  {
    name: 'two-registries',
    cloud: JSON.stringify({
      ...(JSON.parse(scenario({ cluster: POOLS, login: [USER, READER], assigned: [GRANTED] })) as object),
      registries: [
        { name: 'contoso', resourceGroup: 'images', ...BOTH },
        { name: 'fabrikam', resourceGroup: 'images', ...BOTH },
      ],
    }),
    inputs: { registry: 'contoso.azurecr.io\nfabrikam.azurecr.io', mode: 'check' },
  },
];

/** @param names of the runs that are wanted; empty: all */
export async function pages(names: readonly string[] = []): Promise<Page[]> {
  const made: Page[] = [];
  for (const { name, cloud, inputs } of RUNS) {
    if (names.length > 0 && !names.includes(name)) continue;
    const ground = await openGround(cloud);
    try {
      const { report, problems } = await ground.run(inputs);
      if (report === undefined) throw new Error(`${name}: ${problems.join('; ')}`);
      const shown = redactor('ids')(report);
      made.push({
        name,
        gitHub: summaryMarkdown(shown),
        azurePipelines: summaryMarkdown(shown, { mermaid: false }),
        told: [
          ...closingLines(shown),
          ...issuesOf(shown).map(({ kind, title, message }) => `[${kind}] ${title}\n${message}`),
        ].join('\n'),
      });
    } finally {
      await ground.end();
    }
  }
  return made;
}
