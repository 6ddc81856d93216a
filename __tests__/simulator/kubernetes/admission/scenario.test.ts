import { describe, expect, it } from '@jest/globals';
import { loadScenario, ScenarioError } from '../../../../src/simulator/cloud/scenario.js';

function problemsOf(keys: string): string[] {
  try {
    loadScenario(`name: t\nclusters:\n  - { name: shop, resourceGroup: rg, ${keys} }\n`, Date.now());
  } catch (error) {
    if (error instanceof ScenarioError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('a scenario of admission', () => {
  it.each([
    [
      'policies: [{ name: a, rule: allowedImages }]',
      'clusters[0].policies[0].pattern: is missing: allowedImages needs it',
    ],
    [
      'policies: [{ name: a, rule: digests, tags: [x] }]',
      'clusters[0].policies[0].tags: is no setting of digests',
    ],
    [
      "policies: [{ name: a, rule: allowedImages, pattern: '(' }]",
      'clusters[0].policies[0].pattern: must be a regular expression, not "("',
    ],
    ['mutations: [{ change: image, from: a }]', 'clusters[0].mutations[0].to: is missing: image needs it'],
    [
      'namespaces: [{ name: ci, quotas: [{ hard: { pods: many } }] }]',
      'clusters[0].namespaces[0].quotas[0].hard.pods: must be a quantity in quotes such as "100m", "1" or "128Mi", not "many"',
    ],
    ['safeguards: loud', 'clusters[0].safeguards: must be warning or enforcement, not "loud"'],
  ])('%s', (keys, problem) => {
    expect(problemsOf(keys)).toEqual([problem]);
  });
});
