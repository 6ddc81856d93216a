import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { DataPlane } from '../../../src/core/azure/data-plane.js';
import { registrySaid } from '../../../src/core/azure/data-plane.js';
import { parseRegistry } from '../../../src/core/azure/registry.js';
import { CredentialWithheld } from '../../../src/core/http/trust.js';
import { inTurn, routed, thrown, world } from '../support.js';
import type { Reply, ScriptedHttp } from '../support.js';
import { registryBody } from './bodies.js';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const EXCHANGED: [RegExp, Reply] = [
  /^POST .*\/oauth2\/exchange$/,
  { body: { refresh_token: 'refresh-hunter2' } },
];
const TOKEN: [RegExp, Reply] = [/^POST .*\/oauth2\/token$/, { body: { access_token: 'access-hunter2' } }];
const UNAUTHORIZED: Reply = {
  status: 401,
  headers: {
    'www-authenticate': 'Bearer realm="https://evil.example/oauth2/token",service="contoso.azurecr.io"',
  },
  body: { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required', detail: null }] },
};

function index(...platforms: string[]): Reply {
  const manifests = platforms.map((platform) => {
    const [os, architecture] = platform.split('/');
    return { digest: DIGEST, platform: { os, architecture } };
  });
  return { headers: { 'docker-content-digest': DIGEST }, body: { manifests } };
}
const single = (...sizes: number[]): Reply => ({
  headers: { 'docker-content-digest': DIGEST },
  body: { layers: sizes.map((size) => ({ size })) },
});

function dataPlane(http: ScriptedHttp, loginServer = 'contoso.azurecr.io') {
  const { azure, log } = world(http);
  const registry = parseRegistry(registryBody({ loginServer }));
  if (registry === undefined) throw new Error('no registry');
  azure.trust.admitLoginServer('contoso.azurecr.io');
  const plane: DataPlane = azure.dataPlane(registry);
  return { plane, log };
}

describe('signing in to the registry', () => {
  it('exchanges the Entra token at the login server itself, then asks for one scope', async () => {
    const http = inTurn(
      { body: { refresh_token: 'refresh-hunter2' } },
      { body: { access_token: 'access-hunter2' } },
      single(1),
    );
    await dataPlane(http).plane.describe({ repository: 'team/app', tag: '1' });
    expect(http.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://contoso.azurecr.io/oauth2/exchange',
      'POST https://contoso.azurecr.io/oauth2/token',
      'GET https://contoso.azurecr.io/v2/team/app/manifests/1',
    ]);
    const forms = http.requests.slice(0, 2).map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
    expect(forms).toEqual([
      {
        service: 'contoso.azurecr.io',
        grant_type: 'access_token',
        access_token: 'entra-token-for-https://containerregistry.azure.net/.default',
      },
      {
        service: 'contoso.azurecr.io',
        grant_type: 'refresh_token',
        scope: 'repository:team/app:pull',
        refresh_token: 'refresh-hunter2',
      },
    ]);
    expect(http.requests[2]?.headers?.authorization).toBe('Bearer access-hunter2');
    expect(http.requests[2]?.headers?.accept).toContain('application/vnd.oci.image.index.v1+json');
  });

  it('happens once for all repositories, and once for each scope', async () => {
    const http = routed(EXCHANGED, TOKEN, [/manifests/, single(1)]);
    const { plane } = dataPlane(http);
    await Promise.all([
      plane.describe({ repository: 'a', tag: '1' }),
      plane.describe({ repository: 'a', tag: '2' }),
      plane.describe({ repository: 'b', tag: '1' }),
    ]);
    expect(http.asked.filter((line) => line.endsWith('exchange'))).toHaveLength(1);
    expect(http.asked.filter((line) => line.endsWith('oauth2/token'))).toHaveLength(2);
  });

  it('tells both tokens as secrets, and nobody else', async () => {
    const http = routed(EXCHANGED, TOKEN, [/manifests/, { status: 404 }]);
    const { plane, log } = dataPlane(http);
    const error = await thrown(() => plane.describe({ repository: 'a', tag: '1' }));
    expect(log.secrets).toEqual(['refresh-hunter2', 'access-hunter2']);
    expect(JSON.stringify([String(error), log.lines, log.told])).not.toContain('hunter2');
  });

  it.each<[string, Reply]>([
    ['refused', UNAUTHORIZED],
    [
      'walled off',
      {
        status: 403,
        body: { errors: [{ code: 'DENIED', message: "client with IP '1.2.3.4' is not allowed access" }] },
      },
    ],
    ['not JSON', { body: '<html>' }],
    ['without a token', { body: { token: 'other-hunter2' } }],
    ['with a token that is none', { body: { refresh_token: { a: 'hunter2' } } }],
    ['redirected', { status: 307, headers: { location: 'https://evil.example/' } }],
  ])('that is %s ends there, and quotes no token', async (_how, reply) => {
    const http = inTurn(reply);
    const error = await thrown(() => dataPlane(http).plane.describe({ repository: 'a', tag: '1' }));
    expect(error).toMatchObject({ name: 'RegistryError', attempted: 'sign in to contoso.azurecr.io' });
    expect(String(error)).not.toContain('hunter2');
    expect(http.requests).toHaveLength(1);
  });

  it("never follows a challenge's realm or a redirect with a token", async () => {
    const http = routed(
      EXCHANGED,
      TOKEN,
      [/manifests\/1/, UNAUTHORIZED],
      [/manifests\/2/, { status: 307, headers: { location: 'https://evil.example/blob' } }],
    );
    const { plane } = dataPlane(http);
    expect(await thrown(() => plane.describe({ repository: 'a', tag: '1' }))).toMatchObject({ status: 401 });
    expect(await thrown(() => plane.describe({ repository: 'a', tag: '2' }))).toMatchObject({ status: 307 });
    expect(http.requests.every(({ url }) => url.startsWith('https://contoso.azurecr.io/'))).toBe(true);
  });

  it('happens at no host that ARM did not name', async () => {
    for (const host of [
      'evil.example',
      'contoso.azurecr.io.evil.example',
      'contoso.azurecr.io@evil.example',
      'contoso.azurecr.io:8443',
    ]) {
      const http = inTurn();
      const error = await thrown(() => dataPlane(http, host).plane.describe({ repository: 'a', tag: '1' }));
      expect(error).toBeInstanceOf(CredentialWithheld);
      expect(http.requests).toEqual([]);
    }
  });
});

describe('describe', () => {
  const describing = async (
    reply: Reply,
    image: { repository: string; tag?: string; digest?: string } = { repository: 'a', tag: '1' },
  ) => {
    const http = routed(EXCHANGED, TOKEN, [/manifests/, reply]);
    return { facts: await dataPlane(http).plane.describe(image), http };
  };

  it('knows the platforms of an index, without its attestations', async () => {
    expect(
      (await describing(index('linux/amd64', 'linux/arm64', 'unknown/unknown', 'windows/amd64'))).facts,
    ).toEqual({
      digest: DIGEST,
      platforms: ['linux/amd64', 'linux/arm64', 'windows/amd64'],
      images: ['linux/amd64', 'linux/arm64', 'windows/amd64'].map((platform) => ({
        platform,
        digest: DIGEST,
      })),
    });
  });

  it('knows the size of a single manifest', async () => {
    expect((await describing(single(3, 4))).facts).toEqual({ digest: DIGEST, platforms: [], size: 7 });
  });

  it('asks by digest where one is given', async () => {
    const { http } = await describing(single(1), { repository: 'a', tag: '1', digest: DIGEST });
    expect(http.asked.at(-1)).toBe(`GET https://contoso.azurecr.io/v2/a/manifests/${DIGEST}`);
  });

  it.each([{}, { 'docker-content-digest': 'sha256:abc' }, { 'docker-content-digest': '<b>' }])(
    'trusts no digest that is none (%j)',
    async (headers) => {
      expect(await thrown(() => describing({ headers, body: {} }))).toMatchObject({
        name: 'RegistryError',
        said: 'the answer names none',
      });
    },
  );

  it('takes malformed manifests for what they show', async () => {
    for (const body of [
      '',
      '<html>',
      '[]',
      { manifests: 'x', layers: [null, { size: 'x' }] },
      { manifests: [null, {}] },
    ]) {
      const { facts } = await describing({ headers: { 'docker-content-digest': DIGEST }, body });
      expect(facts).toMatchObject({ digest: DIGEST, platforms: [] });
    }
  });
});

describe('what is no image', () => {
  const OCI = 'application/vnd.oci.image.config.v1+json';
  const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const artifactOf = async (body: object): Promise<string | undefined> => {
    const http = routed(EXCHANGED, TOKEN, [
      /manifests/,
      { headers: { 'docker-content-digest': DIGEST }, body },
    ]);
    return (await dataPlane(http).plane.describe({ repository: 'a', tag: '1' })).artifact;
  };
  const manifest = (config: string, ...layers: string[]): object => ({
    config: { mediaType: config },
    layers: layers.map((mediaType) => ({ mediaType, size: 1 })),
  });

  it.each<[string, object, string]>([
    [
      'a Helm chart',
      manifest(
        'application/vnd.cncf.helm.config.v1+json',
        'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      ),
      'application/vnd.cncf.helm.config.v1+json',
    ],
    [
      'a signature, whose config is that of an image',
      manifest(OCI, 'application/vnd.dev.cosign.simplesigning.v1+json'),
      'application/vnd.dev.cosign.simplesigning.v1+json',
    ],
    [
      'an attestation',
      manifest(OCI, 'application/vnd.dsse.envelope.v1+json'),
      'application/vnd.dsse.envelope.v1+json',
    ],
    ['a bill of material', manifest(OCI, LAYER, 'application/spdx+json'), 'application/spdx+json'],
    [
      'WebAssembly',
      manifest('application/vnd.wasm.config.v0+json', 'application/wasm'),
      'application/vnd.wasm.config.v0+json',
    ],
    [
      'an artifact of the OCI',
      { ...manifest('application/vnd.oci.empty.v1+json'), artifactType: 'application/vnd.example' },
      'application/vnd.example',
    ],
    [
      'an index of referrers',
      { manifests: [{ digest: DIGEST, artifactType: 'application/vnd.example' }] },
      '',
    ],
    [
      'an index of attestations',
      { manifests: [{ platform: { os: 'unknown', architecture: 'unknown' } }] },
      '',
    ],
  ])('knows %s', async (_what, body, type) => {
    expect(await artifactOf(body)).toBe(type);
  });

  it.each<[string, object]>([
    ['OCI', manifest(OCI, LAYER, 'application/vnd.oci.image.layer.v1.tar+zstd')],
    [
      "Docker's, with a layer of Windows",
      manifest(
        'application/vnd.docker.container.image.v1+json',
        'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        'application/vnd.docker.image.rootfs.diff.tar.gzip',
      ),
    ],
    ['of no kind that it says', { layers: [{ size: 1 }] }],
  ])('takes an image for one: %s', async (_what, body) => {
    expect(await artifactOf(body)).toBeUndefined();
  });
});

describe('lists', () => {
  it('are one page, and what is no name is left out', async () => {
    const http = routed(
      EXCHANGED,
      TOKEN,
      [/_catalog/, { body: { repositories: ['a', 7, 'b', 'c'] } }],
      [/tags\/list/, { body: { tags: null } }],
    );
    const { plane } = dataPlane(http);
    expect(await plane.repositories(2, 'team/')).toEqual(['a', 'b']);
    expect(await plane.tags('a', 5)).toEqual([]);
    expect(http.requests.map(({ url }) => url).filter((url) => url.includes('/v2/'))).toEqual([
      'https://contoso.azurecr.io/v2/_catalog?n=2&last=team%2F',
      'https://contoso.azurecr.io/v2/a/tags/list?n=5',
    ]);
  });
});

it("quotes a registry's own words, shortened, and no success", () => {
  expect(registrySaid({ status: 403, text: '{"errors":[{"code":"DENIED","message":"no"}]}' })).toBe(
    'DENIED: no',
  );
  expect(registrySaid({ status: 401, text: '{"errors":[{"code":"X"}]}' })).toBe('X');
  expect(registrySaid({ status: 502, text: '' })).toBe('(empty answer)');
  expect(registrySaid({ status: 502, text: `<p>${'x '.repeat(500)}` })).toHaveLength(200);
  expect(registrySaid({ status: 200, text: '{"token":"hunter2"}' })).not.toContain('hunter2');
});

describe('a chart', () => {
  const CONTENT = 'a packaged chart';
  const LAYER = `sha256:${createHash('sha256').update(CONTENT).digest('hex')}`;
  const manifest = (
    digest: string,
    mediaType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  ): Reply => ({
    body: {
      layers: [{ mediaType: 'application/vnd.cncf.helm.chart.provenance.v1.prov' }, { mediaType, digest }],
    },
  });
  const read = (http: ScriptedHttp): Promise<Uint8Array> =>
    dataPlane(http).plane.chart({ repository: 'charts/shop', tag: '1.2' });

  it('is read from where the registry sends, without a credential there', async () => {
    const http = routed(
      EXCHANGED,
      TOKEN,
      [/manifests\/1\.2$/, manifest(LAYER)],
      [
        /contoso.azurecr.io\/.*\/blobs\//,
        { status: 307, headers: { location: 'https://blobs.example/x?sig=1' } },
      ],
      [/blobs\.example/, { body: CONTENT }],
    );
    expect(Buffer.from(await read(http)).toString()).toBe(CONTENT);
    const sent = http.requests.find(({ url }) => url.startsWith('https://blobs.example'));
    expect(sent?.headers?.authorization).toBeUndefined();
  });

  it.each<[string, Reply, Reply, string]>([
    [
      'content that is not what its digest says',
      manifest(LAYER),
      { body: 'another chart' },
      'not what its digest says',
    ],
    [
      'an image',
      manifest(LAYER, 'application/vnd.oci.image.layer.v1.tar+gzip'),
      { body: CONTENT },
      'no Helm chart',
    ],
    ['a digest that is none', manifest('../../x'), { body: CONTENT }, 'no Helm chart'],
    [
      'a way over http',
      manifest(LAYER),
      { status: 302, headers: { location: 'http://blobs.example/x' } },
      'over http',
    ],
    ['what is not served', manifest(LAYER), { status: 404 }, 'not served'],
  ])('is not taken: %s', async (_what, described, content, why) => {
    const http = routed(EXCHANGED, TOKEN, [/manifests/, described], [/blobs/, content]);
    expect(await thrown(() => read(http))).toMatchObject({
      message: expect.stringContaining(why) as unknown,
    });
  });
});
