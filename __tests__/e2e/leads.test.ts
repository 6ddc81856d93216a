/** Real runs: the output, the log's last line, the first annotation and the first screen of the page name the same one. */
import { describe, expect, it } from '@jest/globals';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Log } from '../../src/core/ports.js';
import { issuesOf } from '../../src/render/issues.js';
import { closingLines, Story } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { openGround } from './in-process.js';
import { scenario } from './scene.js';

const USER = {
  principal: 'deployer',
  role: 'Azure Kubernetes Service Cluster User Role',
  scope: 'cluster:shop',
};
const READER = { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' };
const GRANTED = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '30d' };
const POOLS = { pools: [{ name: 'system' }, { name: 'arm', architecture: 'arm64', mode: 'User' }] };
const WALLED = { sku: 'Premium', networkDefaultAction: 'Deny' };
const CHECK = { mode: 'check', image: 'shop/web:1.4' };

interface Told {
  cause: string;
  page: string;
  plain: string;
  log: string[];
  closing: string;
  issues: ReturnType<typeof issuesOf>;
}

async function told(cloud: Parameters<typeof scenario>[0], inputs: RawInputs): Promise<Told> {
  const ground = await openGround(scenario(cloud), 60);
  try {
    const story = new Story();
    const log: string[] = [];
    const writes: Partial<Log> = {
      check: (check) => void log.push(...story.check(check)),
      pull: (pull) => void log.push(...story.pull(pull)),
    };
    const { outcome, report, problems } = await ground.run(inputs, writes);
    if (outcome === undefined || report === undefined) throw new Error(problems.join('; '));
    return {
      cause: outcome.outputs.cause,
      page: summaryMarkdown(report),
      plain: summaryMarkdown(report, { mermaid: false }),
      log,
      closing: closingLines(report)[0] ?? '',
      issues: issuesOf(report),
    };
  } finally {
    await ground.end();
  }
}

/** Links of the picture that are marked as the broken one. */
const broken = (page: string): string[] =>
  [...page.matchAll(/^ {2}(\w+) -\.->\|"✗ BROKEN: ([^"]*)"\| (\w+)$/gm)].map(
    ([, from, words, to]) => `${from ?? ''} → ${to ?? ''}: ${words ?? ''}`,
  );

describe('everything leads with', () => {
  it.each<[string, Parameters<typeof scenario>[0], RawInputs, string, string[]]>([
    [
      'a missing role',
      { cluster: POOLS, login: [USER, READER] },
      CHECK,
      'unauthorized-no-role',
      ['identity → role: no grant'],
    ],
    [
      'a role that the registry ignores',
      { cluster: POOLS, login: [USER, READER], assigned: [GRANTED], registry: { mode: 'abac' } },
      CHECK,
      'abac-wrong-role',
      ['identity → role: no grant'],
    ],
    [
      'a firewall',
      { cluster: POOLS, login: [USER, READER], assigned: [GRANTED], registry: WALLED },
      CHECK,
      'firewall-403',
      ['registry → pool0: kept out', 'registry → pool1: kept out'],
    ],
    [
      'the role, where the firewall keeps the nodes out as well',
      { cluster: POOLS, login: [USER, READER], registry: WALLED },
      CHECK,
      'unauthorized-no-role',
      ['identity → role: no grant'],
    ],
    [
      'a stopped cluster',
      { cluster: { ...POOLS, power: 'Stopped' }, login: [USER, READER], assigned: [GRANTED] },
      CHECK,
      'cluster-stopped',
      ['registry → pool0: the cluster is stopped'],
    ],
    [
      'a registry that is not there',
      { cluster: POOLS, login: [USER, READER] },
      { ...CHECK, registry: 'fabrikam.azurecr.io' },
      'registry-not-found',
      ['role → registry: the registry was not found'],
    ],
    [
      'a right that the login lacks',
      { cluster: POOLS, login: [USER, READER] },
      { ...CHECK, mode: 'connect' },
      'arm-authorization-missing',
      ['identity → role: no grant'],
    ],
  ])('%s', async (_, cloud, inputs, cause, marked) => {
    const { cause: output, page, plain, log, closing, issues } = await told(cloud, inputs);
    expect(output).toBe(cause);
    expect(/Cause `([\w-]+)`/.exec(page)?.[1]).toBe(cause);
    expect(closing).toContain(`(${cause})`);
    expect(issues[0]?.message).toContain(`(cause ${cause})`);
    expect(broken(page)).toEqual(marked);
    // Before any table and any picture: what, why, the command, the page about it.
    for (const shown of [page, plain]) {
      const lead = shown.slice(
        0,
        Math.min(...['```mermaid', '\n|', '\n- '].map((part) => indexOf(shown, part))),
      );
      expect(lead).toMatch(/^### ✗ (The broken link|Mend this first): /m);
      expect(lead).toContain(`/docs/causes/${cause}.md)`);
      expect(lead).toContain('**Why:** ');
      expect(lead).toMatch(/\*\*Fix:\*\* [^]*\n```sh\naz /);
    }
    // What is explained is explained once.
    const whys = log.filter((line) => line.includes(`(cause ${cause})`) && !line.includes('as told above'));
    expect(whys).toHaveLength(1);
  });
});

const indexOf = (text: string, part: string): number => {
  const place = text.indexOf(part);
  return place === -1 ? text.length : place;
};

it('a plan that found a missing grant breaks nothing', async () => {
  const { page, cause, issues } = await told({ cluster: POOLS }, { mode: 'plan' });
  expect([cause, issues]).toEqual(['', []]);
  expect(broken(page)).toEqual([]);
  expect(page).toContain('identity -.->|"no grant yet"| role');
});

it('the log tells pools that fail alike in a line each', async () => {
  const { log } = await told(
    { cluster: POOLS, login: [USER, READER], assigned: [GRANTED], registry: WALLED },
    CHECK,
  );
  const pools = log.filter((line) => line.startsWith('✗ node pool'));
  expect(pools).toHaveLength(2);
  expect(pools[1]).toMatch(/: like node pool \w+$/);
});
