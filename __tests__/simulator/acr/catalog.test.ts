import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { openClient, principal } from '../net/client.js';
import type { Client } from '../net/client.js';

const HOST = 'contoso.azurecr.io';

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator(`
name: catalog
identities: [{ name: puller }]
clusters: []
registries:
  - name: contoso
    resourceGroup: registry-rg
    repositories:
      - name: shop/web
        images: [{ tag: '1.4', platforms: [linux/amd64, linux/arm64] }, { tag: plain, index: false }]
roleAssignments: [{ principal: puller, role: AcrPull, scope: 'registry:contoso' }]
`);
  client = openClient(simulator);
});
afterAll(async () => {
  await client.close();
  await simulator.stop();
});

async function token(scope: string): Promise<string> {
  const post = async (path: string, form: Record<string, string>): Promise<Record<string, string>> => {
    const answer = await client.send(`https://${HOST}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ service: HOST, ...form }).toString(),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const { context } = simulator;
  const entra = context.tokens.issue(principal(simulator, 'puller'), 'https://containerregistry.azure.net');
  const { refresh_token = '' } = await post('/oauth2/exchange', {
    grant_type: 'access_token',
    access_token: entra,
  });
  const { access_token = '' } = await post('/oauth2/token', {
    grant_type: 'refresh_token',
    refresh_token,
    scope,
  });
  return access_token;
}

async function get(
  path: string,
  scope = 'repository:shop/web:metadata_read',
): Promise<{ status: number; link: string | null; body: Record<string, unknown> }> {
  const answer = await client.send(`https://${HOST}/acr/v1/${path}`, {
    headers: { authorization: `Bearer ${await token(scope)}` },
  });
  return {
    status: answer.status,
    link: answer.headers.get('link'),
    body: (await answer.json()) as Record<string, unknown>,
  };
}

const HEADING = { registry: HOST, imageName: 'shop/web' };
const CHANGEABLE = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };

describe('/acr/v1', () => {
  it('asks for the right to read metadata', async () => {
    const answer = await client.send(`https://${HOST}/acr/v1/shop%2Fweb/_tags`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('scope="repository:shop/web:metadata_read"');
    expect((await get('shop/web', 'repository:shop/web:push')).status).toBe(401);
  });

  it('tells of the repository', async () => {
    const { body } = await get('shop%2Fweb');
    const web = simulator.state.registries[0]?.repositories[0];
    expect(body).toEqual({
      ...HEADING,
      createdTime: expect.any(String),
      lastUpdateTime: expect.any(String),
      manifestCount: web?.manifests.size,
      tagCount: 2,
      changeableAttributes: CHANGEABLE,
    });
    expect((await get('_catalog', 'registry:catalog:*')).body).toEqual({ repositories: ['shop/web'] });
  });

  it('tells of tags, in pages', async () => {
    const digest = simulator.state.registries[0]?.repositories[0]?.tags.get('1.4');
    const tag = {
      name: '1.4',
      digest,
      createdTime: expect.any(String),
      lastUpdateTime: expect.any(String),
      signed: false,
      changeableAttributes: CHANGEABLE,
    };
    const first = await get('shop/web/_tags?n=1');
    expect(first.body).toEqual({ ...HEADING, tags: [tag] });
    expect(first.link).toBe('</acr/v1/shop/web/_tags?last=1.4&n=1>; rel="next"');
    expect((await get('shop/web/_tags?n=1&last=1.4')).body).toMatchObject({ tags: [{ name: 'plain' }] });
    expect((await get('shop/web/_tags/1.4')).body).toEqual({ ...HEADING, tag });
    expect(await get('shop/web/_tags/none')).toMatchObject({
      status: 404,
      body: { errors: [{ code: 'TAG_UNKNOWN' }] },
    });
  });

  it('tells of manifests, their platforms and sizes', async () => {
    const { body } = await get('shop/web/_manifests');
    const manifests = body.manifests as Record<string, unknown>[];
    const index = manifests.find(({ tags }) => String(tags) === '1.4');
    const images = manifests.filter(({ tags }) => tags === undefined);
    expect(images.map(({ architecture }) => architecture).sort()).toEqual(['amd64', 'arm64']);
    expect(index).toMatchObject({ mediaType: 'application/vnd.oci.image.index.v1+json' });
    expect(index).not.toHaveProperty('architecture');
    expect(index?.imageSize).toBe(images.reduce((sum, { imageSize }) => sum + Number(imageSize), 0));
    expect((await get(`shop/web/_manifests/${String(index?.digest)}`)).body).toEqual({
      ...HEADING,
      manifest: index,
    });
    expect((await get(`shop/web/_manifests/sha256:${'0'.repeat(64)}`)).status).toBe(404);
  });
});
