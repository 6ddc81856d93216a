import { describe, expect, it } from '@jest/globals';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';
import { nearest } from '../../../src/simulator/cloud/nearest.js';

/** `line:column path` of every problem. */
function places(yaml: string): string[] {
  try {
    loadScenario(yaml, 0);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.problems.map(({ path, at }) => `${at?.line ?? '?'}:${at?.column ?? '?'} ${path}`);
  }
  return [];
}

describe('the place of a problem', () => {
  it('is the key that is wrong, the item of a list, or what lacks a key', () => {
    expect(
      places(`name: x
clusters:
  - name: shop
    colour: red
    pools:
      - { name: system, os: Plan9 }
      - name: apps
        taints: [fine=1:NoSchedule, odd]
registries: [{ name: contoso, resourceGroup: rg, "a.b[0]": 1 }]
roleAssignments:
  - { principal: nobody, role: Reader, scope: subscription }
`),
    ).toEqual([
      '4:5 clusters[0].colour',
      '3:5 clusters[0].resourceGroup',
      '6:25 clusters[0].pools[0].os',
      '8:37 clusters[0].pools[1].taints[1]',
      '9:50 registries[0].a.b[0]',
      '11:7 roleAssignments[0].principal',
    ]);
  });

  it('follows an alias to what it stands for', () => {
    expect(
      places('name: x\nclusters:\n  - &one { name: shop, resourceGroup: rg, private: maybe }\n  - *one\n'),
    ).toEqual(['3:43 clusters[0].private', '3:43 clusters[1].private', '3:12 clusters[1].name']);
  });

  it.each<[string, string, string[]]>([
    ['what is no YAML', 'name: x\nclusters: [', ['2:12 ']],
    ['a key given twice', 'name: x\nname: y\n', ['2:1 ']],
    ['an alias of nothing', 'name: *nobody\n', ['?:? ']],
    ['a tag that means nothing', 'name: !odd x\n', ['1:7 ']],
    ['a text that holds nothing', '', ['?:? ']],
  ])('is told of %s', (_, yaml, wanted) => {
    const found = places(yaml);
    expect(found).toEqual(wanted);
  });

  it('does not let a few aliases become an enormous cloud', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const above = level === 0 ? 'x' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(12).fill(above).join(', ')}]`;
    });
    expect(places(levels.join('\n'))).toEqual(['?:? ']);
  });
});

describe('the word that was meant', () => {
  it.each([
    ['resourcegroup', 'resourceGroup'],
    ['clutsers', 'clusters'],
    ['colour', undefined],
    ['x'.repeat(1_000_000), undefined],
  ])('%.20s: %s', (given, meant) => {
    expect(nearest(given, ['resourceGroup', 'clusters', 'name'])).toBe(meant);
  });
});
