import { describe, expect, it } from '@jest/globals';
import { CLOUDS } from '../../../src/core/azure/clouds.js';
import { importProbeImage, PROBE_REPOSITORY, PROBE_TAG } from '../../../src/core/azure/import-image.js';
import { inTurn, REGISTRY_ID, ScriptedHttp, SUBSCRIPTION, thrown, world } from '../support.js';
import type { Reply } from '../support.js';

const PLACE = `https://management.azure.com/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/locations/WESTEUROPE/operationResults/registries-1?api-version=2025-11-01`;
const begun: Reply = { status: 202, headers: { location: PLACE, 'retry-after': '10' }, body: 'null' };
const going: Reply = { status: 202, headers: { location: PLACE }, body: { status: 'Creating' } };
const done: Reply = { body: { status: 'Succeeded' } };
const failed = (status: number, code: string, message: string): Reply => ({
  status,
  body: { error: { code, message: `Operation registries-1 failed. Resource ${REGISTRY_ID} ${message}` } },
});
const taken = failed(
  409,
  'Conflict',
  `Tag ${PROBE_REPOSITORY}:${PROBE_TAG} already exists in target registry.`,
);

function importing(http: ScriptedHttp, cloud = CLOUDS.AzureCloud) {
  const { azure, clock, ports } = world(http);
  const { sender, credential } = azure;
  const registry = { id: REGISTRY_ID, name: 'contoso' };
  return {
    clock,
    outcome: importProbeImage({ registry, sender, credential, cloud, clock, signal: ports.signal }),
  };
}

describe('importProbeImage', () => {
  it('asks for one tag of its own repository, never to overwrite, and waits as it is told', async () => {
    const http = inTurn(begun, going, going, done);
    const { outcome, clock } = importing(http);
    expect(await outcome).toBe('imported');
    const [asked] = http.requests;
    expect(asked?.url).toBe(`https://management.azure.com${REGISTRY_ID}/importImage?api-version=2025-11-01`);
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      source: { registryUri: 'mcr.microsoft.com', sourceImage: 'oss/kubernetes/pause:3.9' },
      targetTags: ['aks-acr-pull/probe:3.9'],
      mode: 'NoForce',
    });
    expect(http.asked.slice(1)).toEqual(Array(3).fill(`GET ${PLACE.split('?')[0]}`));
    expect(clock.slept).toEqual([10_000, 1_000, 2_000]);
  });

  it("copies from the cloud's own endpoint of Microsoft's registry", async () => {
    const http = inTurn(done);
    const { resourceManager } = CLOUDS.AzureCloud;
    await importing(http, { ...CLOUDS.AzureChinaCloud, resourceManager }).outcome;
    expect(http.requests[0]?.body).toContain('"registryUri":"mcr.azure.cn"');
  });

  it.each([
    ['at once', [taken]],
    ['by its operation', [begun, taken]],
  ])('finds the tag that is there, told %s', async (_when, replies) => {
    expect(await importing(inTurn(...replies)).outcome).toBe('there');
  });

  it.each<[string, Reply[], object]>([
    [
      'the right is missing',
      [{ status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } }],
      { status: 403, code: 'AuthorizationFailed' },
    ],
    [
      'the network is restricted',
      [begun, failed(400, 'BadRequest', 'Access to contoso.azurecr.io denied.')],
      {
        status: 400,
        code: 'BadRequest',
        said: expect.stringContaining('Access to contoso.azurecr.io denied.'),
      },
    ],
    [
      'the registry is busy',
      [failed(409, 'Conflict', 'another operation is in progress.')],
      { status: 409, code: 'Conflict' },
    ],
    [
      'the operation says so in a success',
      [begun, { body: { status: 'Failed', error: { code: 'X', message: 'why' } } }],
      { code: 'X', said: 'why' },
    ],
    [
      'it says nowhere where to ask',
      [{ status: 202 }],
      { said: expect.stringContaining('does not say where') },
    ],
  ])('fails where %s', async (_why, replies, error) => {
    expect(await thrown(() => importing(inTurn(...replies)).outcome)).toMatchObject({
      name: 'ArmError',
      attempted: 'import aks-acr-pull/probe:3.9 into registry contoso',
      ...error,
    });
  });

  it('ends after three minutes, however long the registry goes on', async () => {
    const { outcome, clock } = importing(new ScriptedHttp(() => begun));
    expect(await thrown(() => outcome)).toMatchObject({ said: 'it did not end within 180 s' });
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(190_000);
  });

  it('asks nobody but the resource manager, wherever a Location points', async () => {
    const http = inTurn({ status: 202, headers: { location: 'https://evil.example/operation' } });
    expect(await thrown(() => importing(http).outcome)).toMatchObject({ name: 'CredentialWithheld' });
    expect(http.requests).toHaveLength(1);
  });
});
