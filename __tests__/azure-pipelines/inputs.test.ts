import { describe, expect, it } from '@jest/globals';
import { readInputs } from '../../src/azure-pipelines/inputs.js';
import { fakeAgent } from './support.js';

describe('readInputs', () => {
  it('reads by the names in task.json, and only what was given', () => {
    expect(readInputs(fakeAgent({ inputs: { azureSubscription: 'id', resourceGroup: 'apps' } }))).toEqual({
      'azure-subscription': 'id',
      'resource-group': 'apps',
    });
  });

  it("reads template parameters' booleans, and leaves other texts as they are", () => {
    expect(readInputs(fakeAgent({ inputs: { dryRun: 'True', summary: 'False', cluster: 'True' } }))).toEqual({
      'dry-run': 'true',
      summary: 'false',
      cluster: 'True',
    });
  });

  it('has no inputs of other hosts', () => {
    expect(readInputs(fakeAgent({ inputs: { clientId: 'x', tenantId: 'y' } }))).toEqual({});
  });
});
