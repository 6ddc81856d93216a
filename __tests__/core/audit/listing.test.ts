/** Lists that go on, are refused half-way, or take too long; and releases that are none. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asRelease } from '../../../src/core/audit/helm.js';
import { listAll } from '../../../src/core/audit/listing.js';

const page = (names: string[], more?: string) => ({
  status: 200,
  body: { metadata: more === undefined ? {} : { continue: more }, items: names },
});
const listed = async (answers: { status: number; body: unknown }[]) => {
  const asked: (string | undefined)[] = [];
  const connection = {
    request: async (_method: string, _path: string, options?: { query?: Record<string, string> }) => {
      asked.push(options?.query?.['continue']);
      const answer = answers[asked.length - 1];
      if (answer === undefined) throw new Error('one request too many');
      return answer;
    },
  };
  const keep = (item: unknown): unknown => (item === 'skip' ? undefined : item);
  const list = await listAll(connection, '/x', { limit: '2' }, keep, new AbortController().signal);
  return { list, asked };
};

describe('a list', () => {
  it('is followed to its end', async () => {
    const { list, asked } = await listed([page(['a', 'skip'], 'one'), page(['b'])]);
    expect(list).toEqual({ items: ['a', 'b'], requests: 2 });
    expect(asked).toEqual([undefined, 'one']);
  });
  it('that took too long goes on with the token of its refusal', async () => {
    const gone = { status: 410, body: { metadata: { continue: 'two' }, message: 'too old' } };
    const { list, asked } = await listed([page(['a'], 'one'), gone, page(['b'])]);
    expect(list).toEqual({ items: ['a', 'b'], requests: 3 });
    expect(asked).toEqual([undefined, 'one', 'two']);
  });
  it('that ends in a refusal says so, and keeps what it had', async () => {
    const { list } = await listed([page(['a'], 'one'), { status: 403, body: { message: 'no' } }]);
    expect(list).toEqual({ items: ['a'], requests: 2, refused: { status: 403, said: 'no' } });
  });
  it('that is none is a refusal, not an empty list', async () => {
    expect((await listed([{ status: 200, body: '<html>' }])).list.refused).toBeDefined();
    expect((await listed([{ status: 200, body: {} }])).list.refused).toBeDefined();
  });
});

const release = (body: unknown): object => ({
  metadata: { namespace: 'apps' },
  data: {
    release: Buffer.from(gzipSync(JSON.stringify(body)).toString('base64')).toString('base64'),
  },
});

describe('a Helm release', () => {
  it('names pull secrets in its values, by the path that --set takes', () => {
    const config = { web: { 'image.v2': { pullSecrets: ['acr'] } }, imagePullSecrets: [{ name: 'b' }] };
    expect(asRelease(release({ name: 'shop', config }), 'contoso.azurecr.io')?.named).toEqual([
      { path: 'web.image\\.v2.pullSecrets[0]', name: 'acr' },
      { path: 'imagePullSecrets[0].name', name: 'b' },
    ]);
  });
  it("names them in its chart's own values too, unless it sets others", () => {
    const values = { imagePullSecrets: [{ name: 'acr' }], image: { pullSecrets: ['old'], tag: '1' } };
    const chart = { metadata: { name: 'shop' }, values };
    const config = { image: { pullSecrets: null } };
    const { chart: name, named } = asRelease(release({ name: 'shop', chart, config }), 'contoso.azurecr.io')!;
    expect({ name, named }).toEqual({
      name: 'shop',
      named: [{ path: 'imagePullSecrets[0].name', name: 'acr' }],
    });
  });
  it('names them in its manifest, and holds what a Secret there holds; once where its values do too', () => {
    const config = { registry: 'contoso.azurecr.io', username: 'puller', password: 'p' };
    const secret = (name: string, password: string) =>
      `---\n# Source: shop/templates/${name}.yaml\napiVersion: v1\nkind: Secret\nmetadata: { name: ${name} }\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '${JSON.stringify({ auths: { 'contoso.azurecr.io': { username: 'puller', password } } })}'\n`;
    const manifest = `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  template:\n    spec:\n      imagePullSecrets: [{ name: acr }]\n      containers: [{ name: web, image: contoso.azurecr.io/web:1 }]\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default }\nimagePullSecrets: [{ name: handed }]\n---\nbroken: [imagePullSecrets\n${secret('known', 'p')}${secret('acr', 'q')}`;
    const found = asRelease(release({ name: 'shop', config, manifest }), 'contoso.azurecr.io')!;
    expect(found.inManifest).toEqual(['acr', 'handed']);
    expect(
      found.credentials.map(({ password, ...rest }) => [
        'manifest' in rest ? rest.manifest : rest.path,
        password.reveal(),
      ]),
    ).toEqual([
      ['', 'p'],
      ['acr', 'q'],
    ]);
  });
  it.each(['--post-renderer=/tmp/x', 'a b', '', 'A'.repeat(60), 7])('is none by the name %j', (name) => {
    expect(asRelease(release({ name, config: {} }), 'contoso.azurecr.io')).toBeUndefined();
  });
  it('may be anything at all', () => {
    fc.assert(fc.property(fc.anything(), (any) => void asRelease(any, 'contoso.azurecr.io')));
    fc.assert(
      fc.property(fc.jsonValue(), (config) => {
        asRelease(release({ name: 'shop', config }), 'contoso.azurecr.io');
      }),
    );
  });
  it('that unpacks to far more than Helm keeps is left alone', () => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, 32)).toString('base64');
    const secret = {
      metadata: { namespace: 'apps' },
      data: { release: Buffer.from(bomb).toString('base64') },
    };
    expect(asRelease(secret, 'contoso.azurecr.io')).toBeUndefined();
  });
});
