import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NotModelled } from '../../../src/simulator/net/exchange.js';
import { first, ROLES, TestCloud } from '../kubernetes/support.js';

const REGISTRY = 'https://containerregistry.azure.net';
const ARM = 'https://management.azure.com';
const ACCEPT = {
  accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json',
};

let cloud: TestCloud;
let base: string;
beforeEach(async () => {
  cloud = await TestCloud.start();
  base = `https://${cloud.registry.loginServer}`;
});
afterEach(() => cloud.stop());

const form = (fields: Record<string, string>) => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
});
const exchange = (audience = REGISTRY, principal = cloud.kubelet) =>
  cloud.registryRequest(
    `${base}/oauth2/exchange`,
    form({
      grant_type: 'access_token',
      service: cloud.registry.loginServer,
      access_token: cloud.context.tokens.issue(principal, audience),
    }),
  );
const tokensOf = (text: string) => JSON.parse(text) as { access_token: string; refresh_token: string };
const refreshToken = async (): Promise<string> => tokensOf((await exchange()).text).refresh_token;
const accessToken = async (scope: string): Promise<string> => {
  const fields = {
    grant_type: 'refresh_token',
    service: cloud.registry.loginServer,
    scope,
    refresh_token: await refreshToken(),
  };
  return tokensOf((await cloud.registryRequest(`${base}/oauth2/token`, form(fields))).text).access_token;
};
const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const get = async (path: string, scope: string, headers: Record<string, string> = ACCEPT, method = 'GET') =>
  cloud.registryRequest(`${base}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${await accessToken(scope)}` },
  });

describe('the challenge', () => {
  it('of /v2/ has no scope and the recorded body', async () => {
    const { status, headers, text } = await cloud.registryRequest(`${base}/v2/`);
    expect(status).toBe(401);
    const host = cloud.registry.loginServer;
    expect(headers['www-authenticate']).toBe(`Bearer realm="https://${host}/oauth2/token",service="${host}"`);
    expect(headers['content-length']).toBe('149');
    expect(JSON.parse(text)).toMatchObject({ errors: [{ code: 'UNAUTHORIZED', detail: null }] });
  });

  it('of a repository names what to ask for, and what was wrong with the token', async () => {
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const path = `${base}/v2/shop/web/manifests/1.4.2`;
    const scope = 'scope="repository:shop/web:pull"';
    const { headers, text } = await cloud.registryRequest(path);
    expect(headers['www-authenticate']).toMatch(new RegExp(`,${scope}$`));
    expect(text).toContain('"detail":[{"Type":"repository","Name":"shop/web","Action":"pull"}]');
    const challenge = async (token: string) =>
      (await cloud.registryRequest(path, { headers: { authorization: `Bearer ${token}` } })).headers[
        'www-authenticate'
      ];
    expect(await challenge('nonsense')).toContain(`${scope},error="malformed_token"`);
    const good = await accessToken('repository:shop/web:pull');
    expect(await challenge(`${good.slice(0, -8)}AAAAAAAA`)).toContain('error="invalid_token"');
    expect(await challenge(await accessToken('repository:shop/api:pull'))).toContain(
      'error="insufficient_scope"',
    );
  });
});

describe('the exchange', () => {
  it('gives a refresh token to who holds a right, with the recorded claims', async () => {
    expect((await exchange()).status).toBe(401);
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const { status, text } = await exchange();
    expect(status).toBe(200);
    const token = claims(tokensOf(text).refresh_token);
    expect(token).toMatchObject({
      iss: 'Azure Container Registry',
      aud: cloud.registry.loginServer,
      grant_type: 'refresh_token',
      appid: cloud.kubelet.clientId,
      permissions: { Actions: ['read'], NotActions: null },
    });
    expect(Number(token['exp']) - Number(token['iat'])).toBe(11_700);
  });

  it('takes ARM tokens unless the registry turns them off, and never others', async () => {
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    expect((await exchange(ARM)).status).toBe(200);
    cloud.registry.armAudienceTokens = 'disabled';
    const refused = await exchange(ARM);
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('token validation failed')]);
    expect((await exchange(REGISTRY)).status).toBe(200);
    expect((await exchange('https://graph.microsoft.com')).status).toBe(401);
  });

  it('is POST only', async () => {
    expect((await cloud.registryRequest(`${base}/oauth2/exchange`)).status).toBe(404);
  });
});

describe('access tokens', () => {
  it('hold the part of the asked scopes that there is a right to', async () => {
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const token = claims(await accessToken('repository:shop/web:pull,push,metadata_read'));
    expect(token['access']).toEqual([
      { Type: 'repository', Name: 'shop/web', Actions: ['pull', 'metadata_read'] },
    ]);
    expect(Number(token['exp']) - Number(token['iat'])).toBe(4_500);
  });

  it('come by Basic, and by a password grant, with the zero GUID as user', async () => {
    cloud.grant(cloud.kubelet, ROLES.acrPull);
    const refresh = await refreshToken();
    const user = '00000000-0000-0000-0000-000000000000';
    const query = 'service=x&scope=repository:shop/web:pull';
    const basic = (password: string) => ({
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    });
    const url = `${base}/oauth2/token?${query}`;
    expect(tokensOf((await cloud.registryRequest(url, basic(refresh))).text).refresh_token).toBe(refresh);
    expect((await cloud.registryRequest(url, basic('wrong'))).status).toBe(401);
    const posted = await cloud.registryRequest(
      `${base}/oauth2/token`,
      form({ grant_type: 'password', username: user, password: refresh, scope: 'repository:shop/web:pull' }),
    );
    expect(claims(tokensOf(posted.text).access_token)['access']).toHaveLength(1);
  });

  it('come to nobody where the registry is closed, and for pulls only where it is open', async () => {
    const url = `${base}/oauth2/token?service=x&scope=repository:shop/web:pull,push`;
    expect((await cloud.registryRequest(url)).status).toBe(401);
    cloud.registry.anonymousPullEnabled = true;
    const { text } = await cloud.registryRequest(url);
    expect(claims(tokensOf(text).access_token)['access']).toEqual([
      { Type: 'repository', Name: 'shop/web', Actions: ['pull'] },
    ]);
  });

  it('follow repository permissions in ABAC mode', async () => {
    cloud.registry.roleAssignmentMode = 'AbacRepositoryPermissions';
    expect((await exchange()).status).toBe(401);
    const condition = `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase 'shop/web'))`;
    cloud.grant(cloud.kubelet, ROLES.repositoryReader, cloud.registryId, condition);
    expect((await get('/v2/shop/web/manifests/1.4.2', 'repository:shop/web:pull')).status).toBe(200);
    expect((await get('/v2/shop/api/manifests/2.0', 'repository:shop/api:pull')).status).toBe(401);
    expect((await get('/v2/_catalog', 'registry:catalog:*')).status).toBe(401);
    cloud.grant(cloud.kubelet, ROLES.catalogLister);
    expect((await get('/v2/_catalog', 'registry:catalog:*')).status).toBe(200);
  });
});

describe('content', () => {
  beforeEach(() => cloud.grant(cloud.kubelet, ROLES.acrPull));
  const scope = 'repository:shop/web:pull';

  it('is found by tag and by digest, with HEAD too', async () => {
    const byTag = await get('/v2/shop/web/manifests/1.4.2', scope);
    const digest = byTag.headers['docker-content-digest'] ?? '';
    expect(digest).toBe(first(cloud.registry.repositories).tags.get('1.4.2'));
    expect((await get(`/v2/shop/web/manifests/${digest}`, scope)).text).toBe(byTag.text);
    const head = await get('/v2/shop/web/manifests/1.4.2', scope, ACCEPT, 'HEAD');
    expect([head.text, head.headers['content-length']]).toEqual(['', String(byTag.text.length)]);
  });

  it('is missing as registries say it: unknown tag, type not accepted, unknown repository', async () => {
    const unknown = await get('/v2/shop/web/manifests/nope', scope);
    expect([unknown.status, unknown.text]).toEqual([
      404,
      expect.stringContaining('manifest tagged by \\"nope\\" is not found'),
    ]);
    expect((await get('/v2/shop/web/manifests/1.4.2', scope, {})).status).toBe(404);
    const repository = await get('/v2/shop/none/tags/list', 'repository:shop/none:metadata_read');
    expect([repository.status, repository.text]).toEqual([404, expect.stringContaining('NAME_UNKNOWN')]);
  });

  it('lists tags and repositories in pages', async () => {
    const tags = await get('/v2/shop/web/tags/list?n=2', 'repository:shop/web:metadata_read');
    expect(JSON.parse(tags.text)).toEqual({ name: 'shop/web', tags: ['1.4.2', 'arm-only'] });
    expect(tags.headers['link']).toBe('</v2/shop/web/tags/list?last=arm-only&n=2>; rel="next"');
    const rest = await get('/v2/shop/web/tags/list?last=arm-only&n=2', 'repository:shop/web:metadata_read');
    expect([JSON.parse(rest.text), rest.headers['link']]).toEqual([
      { name: 'shop/web', tags: ['single'] },
      undefined,
    ]);
    expect(JSON.parse((await get('/v2/_catalog', 'registry:catalog:*')).text)).toEqual({
      repositories: ['shop/api', 'shop/web'],
    });
  });

  it('comes from the blob host, by a signed address and without the token', async () => {
    const [digest, bytes] = first([...first(cloud.registry.repositories).blobs]);
    const redirect = await get(`/v2/shop/web/blobs/${digest}`, scope);
    expect(redirect.status).toBe(307);
    const address = new URL(redirect.headers['location'] ?? '');
    expect(address.hostname).toBe(cloud.registry.blobHost);
    const blob = await cloud.registryRequest(address.toString());
    expect([blob.status, blob.headers['content-length']]).toEqual([200, String(bytes.length)]);
    expect(
      (await cloud.registryRequest(address.toString(), { headers: { authorization: 'Bearer x' } })).status,
    ).toBe(400);
    address.searchParams.set('sig', 'AAAA');
    expect((await cloud.registryRequest(address.toString())).status).toBe(403);
  });

  it('is denied to everyone by the firewall', async () => {
    cloud.registry.publicNetworkAccess = 'Disabled';
    for (const path of ['/v2/', '/oauth2/exchange']) {
      const { status, text } = await cloud.registryRequest(`${base}${path}`);
      expect(status).toBe(403);
      expect(text).toContain('client with IP \\u0027');
    }
  });

  it('can not be deleted: that is not modelled', async () => {
    await expect(
      cloud.registryRequest(`${base}/v2/shop/web/manifests/1.0`, { method: 'DELETE' }),
    ).rejects.toBeInstanceOf(NotModelled);
  });

  describe('is pushed', () => {
    beforeEach(() => {
      cloud.grant(cloud.kubelet, ROLES.acrPull);
    });
    const push = async (method: string, path: string, body = '', headers: Record<string, string> = {}) =>
      cloud.registryRequest(`${base}${path}`, {
        method,
        body,
        headers: { ...headers, authorization: `Bearer ${await accessToken(PUSHING)}` },
      });
    const PUSHING = 'repository:shop/new:pull,push';
    const uploads = '/v2/shop/new/blobs/uploads/';
    const CONTENT = 'a layer';
    const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

    it('not by who may only pull, with a challenge for both', async () => {
      const { status, headers } = await push('POST', uploads);
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toContain(`scope="${PUSHING}",error="insufficient_scope"`);
    });

    describe('by who may push', () => {
      beforeEach(() => {
        cloud.grant(cloud.kubelet, ROLES.acrPush);
      });

      const upload = async (text: string): Promise<void> => {
        const begun = await push('POST', uploads);
        expect([begun.status, begun.headers['range']]).toEqual([202, '0-0']);
        const place = begun.headers['location'] ?? '';
        const half = await push('PATCH', place, text.slice(0, 3));
        expect([half.status, half.headers['range']]).toEqual([202, '0-2']);
        const done = await push('PUT', `${place}&digest=${digest(text)}`, text.slice(3));
        expect([done.status, done.headers['docker-content-digest']]).toEqual([201, digest(text)]);
      };
      const manifest = (content: string): string =>
        JSON.stringify({ schemaVersion: 2, config: { digest: digest(content) }, layers: [] });
      const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };

      it('and is there to be pulled', async () => {
        await upload(CONTENT);
        const sent = manifest(CONTENT);
        const put = await push('PUT', '/v2/shop/new/manifests/1.0', sent, type);
        expect([put.status, put.headers['docker-content-digest']]).toEqual([201, digest(sent)]);
        const got = await get('/v2/shop/new/manifests/1.0', 'repository:shop/new:pull');
        expect([got.status, got.headers['content-type'], got.text]).toEqual([
          200,
          type['content-type'],
          sent,
        ]);
        expect((await get(`/v2/shop/new/blobs/${digest(CONTENT)}`, 'repository:shop/new:pull')).status).toBe(
          307,
        );
      });

      it.each([
        ['a blob that is not what its digest says', 'DIGEST_INVALID'],
        ['a manifest whose blob is not there', 'MANIFEST_BLOB_UNKNOWN'],
        ['what is no manifest', 'MANIFEST_INVALID'],
      ])('but not %s', async (what, code) => {
        const answer = await (async () => {
          if (what.startsWith('a blob')) {
            const { headers } = await push('POST', uploads);
            return push('PUT', `${headers['location'] ?? ''}&digest=${digest('other')}`, CONTENT);
          }
          const body = what.startsWith('what') ? '{}' : manifest(CONTENT);
          return push('PUT', '/v2/shop/new/manifests/1.0', body, type);
        })();
        expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(code)]);
        expect((await get('/v2/shop/new/manifests/1.0', 'repository:shop/new:pull')).status).toBe(404);
      });
    });
  });
});
