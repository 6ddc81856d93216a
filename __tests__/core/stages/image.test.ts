import { describe, expect, it } from '@jest/globals';
import { parseRegistry } from '../../../src/core/azure/registry.js';
import type { Registry } from '../../../src/core/azure/registry.js';
import { InputErrors, readRequest } from '../../../src/core/request.js';
import type { RawInputs } from '../../../src/core/inputs.js';
import type { Connection } from '../../../src/core/report.js';
import { importedImage, wantedImages } from '../../../src/core/stages/image.js';
import { StoryEnds, Telling } from '../../../src/core/telling.js';
import { registryBody } from '../azure/bodies.js';
import { CALLER_OBJECT_ID, CLUSTER_ID, REGISTRY_ID, routed, thrown, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const TOKENS: [RegExp, Reply][] = [
  [/oauth2\/exchange/, { body: { refresh_token: 'r' } }],
  [/oauth2\/token/, { body: { access_token: 'a' } }],
];
const THERE: Reply = {
  headers: { 'docker-content-digest': DIGEST },
  body: { manifests: [{ digest: DIGEST, platform: { os: 'linux', architecture: 'amd64' } }] },
};
const REFUSED: Reply = { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] } };
const DONE: Reply = { body: { status: 'Succeeded' } };

function registryOf(mode = 'LegacyRegistryPermissions'): Registry {
  const registry = parseRegistry(registryBody({ roleAssignmentMode: mode }));
  if (registry === undefined) throw new Error('no registry');
  return registry;
}

describe('importedImage', () => {
  const importing = async (...routes: [RegExp, Reply | (() => Reply)][]) => {
    const http = routed(...TOKENS, ...routes);
    const { azure, ports, log } = world(http);
    const connection = { checks: [], findings: [] } as unknown as Connection;
    const telling = new Telling(connection, log, ports.clock);
    telling.facts.registry = { id: REGISTRY_ID, name: 'contoso', loginServer: 'contoso.azurecr.io' };
    telling.facts.caller = { objectId: CALLER_OBJECT_ID, type: 'ServicePrincipal' };
    const image = await importedImage(registryOf(), azure, ports, telling).catch((error: unknown) => {
      if (error instanceof StoryEnds) return undefined;
      throw error;
    });
    return { image, http, check: connection.checks[0] };
  };
  const imports = (http: ScriptedHttp): number =>
    http.asked.filter((line) => line.endsWith('/importImage')).length;
  /** Absent at first, there from the second look on. */
  const appearing = (): (() => Reply) => {
    let looks = 0;
    return () => (looks++ === 0 ? { status: 404 } : THERE);
  };

  it('puts it there, reads it again, and says what stays and how it goes', async () => {
    const { image, http, check } = await importing([/manifests/, appearing()], [/importImage/, DONE]);
    expect(imports(http)).toBe(1);
    expect(image).toMatchObject({
      reference: 'contoso.azurecr.io/aks-acr-pull/probe:3.9',
      chosen: true,
      seen: 'there',
      facts: { digest: DIGEST },
    });
    expect(check).toMatchObject({
      id: 'probe-image',
      status: 'pass',
      evidence:
        'imported now from mcr.microsoft.com/oss/kubernetes/pause:3.9; it stays there, and az acr repository delete -n contoso --repository aks-acr-pull/probe --yes removes it',
    });
  });

  it('asks for no import, and so for no right, where it is there', async () => {
    const { image, http, check } = await importing([/manifests/, THERE]);
    expect(imports(http)).toBe(0);
    expect(image).toMatchObject({ seen: 'there', why: 'imported earlier to be pulled' });
    expect(check?.evidence).toContain('it was there already; it stays there');
  });

  it('needs no right to see it: the import tells that it is there', async () => {
    const taken = { code: 'Conflict', message: 'Tag x:1 already exists in target registry.' };
    const { image, http, check } = await importing(
      [/manifests/, REFUSED],
      [/importImage/, { status: 409, body: { error: taken } }],
    );
    expect(image).toMatchObject({ seen: 'unknown' });
    expect(check).toMatchObject({ status: 'pass', evidence: expect.stringContaining('there already') });
    expect(http.asked.filter((line) => line.includes('manifests'))).toHaveLength(1);
  });

  it('is not called absent by a registry that lags behind its own import', async () => {
    const { image } = await importing([/manifests/, { status: 404 }], [/importImage/, DONE]);
    expect(image?.seen).toBe('unknown');
  });

  it('names the right that is missing, with the least role for it', async () => {
    const message = `The client 'x' with object id '${CALLER_OBJECT_ID}' does not have authorization to perform action 'Microsoft.ContainerRegistry/registries/importImage/action' over scope '${REGISTRY_ID}'`;
    const { image, check } = await importing(
      [/manifests/, { status: 404 }],
      [/importImage/, { status: 403, body: { error: { code: 'AuthorizationFailed', message } } }],
    );
    expect(image).toBeUndefined();
    expect(check).toMatchObject({ status: 'unknown', cause: 'arm-authorization-missing' });
    expect(check?.fix?.summary).toContain('given Container Registry Data Importer and Data Reader');
    expect(check?.fix?.commands.join()).toContain('--role 577a9874-89fd-4f24-9dbd-b5034d0ad23a');
  });

  it.each<[string, Reply]>([
    [
      'the network',
      {
        status: 400,
        body: { error: { code: 'BadRequest', message: 'Access to contoso.azurecr.io denied.' } },
      },
    ],
    ['another change', { status: 409, body: { error: { code: 'Conflict', message: 'is busy' } } }],
  ])('explains a copy that is refused for %s', async (_what, reply) => {
    const { check } = await importing([/manifests/, { status: 404 }], [/importImage/, reply]);
    expect(check).toMatchObject({ status: 'unknown', cause: 'probe-image-not-imported' });
    expect(check?.fix?.commands).toContain('az acr update -n contoso --allow-trusted-services true');
  });

  it.each<[string, Reply, string]>([
    [
      'a lock',
      { status: 409, body: { error: { code: 'ScopeLocked', message: 'locked' } } },
      'arm-scope-locked',
    ],
    [
      'a policy',
      { status: 403, body: { error: { code: 'RequestDisallowedByPolicy', message: 'no' } } },
      'arm-policy-denied',
    ],
    ['throttling', { status: 429, body: {} }, 'arm-error'],
  ])('leaves %s what it is', async (_what, reply, cause) => {
    const { check } = await importing([/manifests/, { status: 404 }], [/importImage/, reply]);
    expect(check).toMatchObject({ status: 'unknown', cause });
  });
});

describe('the choice', () => {
  const choosing = async (registry: Registry, inputs: RawInputs, ...routes: [RegExp, Reply][]) => {
    const { azure } = world(routed(...TOKENS, ...routes));
    azure.trust.admitLoginServer(registry.loginServer);
    const request = readRequest({ cluster: CLUSTER_ID, registry: REGISTRY_ID, ...inputs });
    return wantedImages(request, registry, ['linux/amd64'], azure.dataPlane(registry));
  };

  it('says which and why', async () => {
    const [image] = await choosing(
      registryOf(),
      {},
      [/_catalog/, { body: { repositories: ['web'] } }],
      [/tags\/list/, { body: { tags: ['1'] } }],
      [/manifests/, THERE],
    );
    expect(image).toMatchObject({
      reference: 'contoso.azurecr.io/web:1',
      chosen: true,
      why: expect.stringMatching(/^chosen because none was named: the only image found: for every pool/),
    });
  });

  it.each<[string, string, RawInputs, RegExp]>([
    [
      'a legacy registry',
      'LegacyRegistryPermissions',
      {},
      /or set import-probe-image: true, because .*HTTP 401: UNAUTHORIZED: no; choosing one takes Microsoft\.ContainerRegistry\/registries\/pull\/read\)$/,
    ],
    [
      'an ABAC-enabled one',
      'AbacRepositoryPermissions',
      {},
      /listing needs the role Container Registry Repository Catalog Lister there\)$/,
    ],
    [
      'check, which imports nothing',
      'LegacyRegistryPermissions',
      { mode: 'check' },
      /^(?!.*import-probe-image)/,
    ],
  ])('refused the list of %s, asks for a name', async (_what, mode, inputs, words) => {
    const error = await thrown(() => choosing(registryOf(mode), inputs, [/_catalog/, REFUSED]));
    expect(error).toBeInstanceOf(InputErrors);
    expect((error as InputErrors).problems).toEqual([
      { input: 'image', wanted: expect.stringMatching(words) },
    ]);
  });
});

describe('an image of a single manifest', () => {
  const named = async (attributes: Reply) => {
    const http = routed(
      ...TOKENS,
      [/_manifests/, attributes],
      [/manifests/, { headers: { 'docker-content-digest': DIGEST }, body: { layers: [] } }],
    );
    const { azure } = world(http);
    azure.trust.admitLoginServer(registryOf().loginServer);
    const request = readRequest({ cluster: CLUSTER_ID, registry: REGISTRY_ID, image: 'web:1' });
    return wantedImages(request, registryOf(), ['linux/amd64'], azure.dataPlane(registryOf()));
  };

  it('has the platform that the registry read in its config', async () => {
    const [image] = await named({ body: { manifest: { os: 'linux', architecture: 'arm64' } } });
    expect(image).toMatchObject({ seen: 'there', facts: { platforms: ['linux/arm64'], single: true } });
  });

  it('is there all the same where the registry does not tell', async () => {
    const [image] = await named(REFUSED);
    expect(image).toMatchObject({ seen: 'there', facts: { digest: DIGEST, platforms: [] } });
  });
});
