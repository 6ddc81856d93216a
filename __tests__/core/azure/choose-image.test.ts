import { describe, expect, it } from '@jest/globals';
import { chooseImage } from '../../../src/core/azure/choose-image.js';
import { parseRegistry } from '../../../src/core/azure/registry.js';
import { ScriptedHttp, thrown, world } from '../support.js';
import type { Reply } from '../support.js';
import { registryBody } from './bodies.js';

const digest = (seed: string): string =>
  `sha256:${Buffer.from(seed).toString('hex').padEnd(64, '0').slice(0, 64)}`;
const OCI = 'application/vnd.oci.image.config.v1+json';

/** What a tag holds: an image's size, the sizes of an index's images by platform, or an artifact's config. */
type Held = number | Record<string, number> | string;

/** A registry as the distribution API shows it. `refused`: repositories that this login may not read. */
function registryOf(
  repositories: Record<string, Record<string, Held>>,
  { refused = [], catalog }: { refused?: string[]; catalog?: Reply } = {},
): ScriptedHttp {
  const manifest = (body: object, of: string): Reply => ({
    headers: { 'docker-content-digest': digest(of) },
    body,
  });
  const single = (size: number, of: string): Reply =>
    manifest({ config: { mediaType: OCI }, layers: [{ size }] }, of);
  const sizes = new Map<string, number>();
  const answer = (url: URL): Reply => {
    if (url.pathname === '/oauth2/exchange') return { body: { refresh_token: 'r' } };
    if (url.pathname === '/oauth2/token') return { body: { access_token: 'a' } };
    const most = Number(url.searchParams.get('n'));
    if (url.pathname === '/v2/_catalog') {
      if (catalog !== undefined) return catalog;
      const after = url.searchParams.get('last') ?? '';
      const names = Object.keys(repositories).filter((name) => name > after);
      return { body: { repositories: names.sort().slice(0, most) } };
    }
    const [, name = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(tags|manifests)\/(.+)$/.exec(url.pathname) ?? [];
    const tags = repositories[name] ?? {};
    if (refused.includes(name)) return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED' }] } };
    if (kind === 'tags') return { body: { tags: Object.keys(tags).sort().slice(0, most) } };
    const inside = sizes.get(`${name}@${reference}`);
    if (inside !== undefined) return single(inside, reference);
    const held = tags[reference];
    if (held === undefined) return { status: 404 };
    if (typeof held === 'number') return single(held, name + reference);
    if (typeof held === 'string')
      return manifest({ config: { mediaType: held }, layers: [{ size: 1 }] }, name + reference);
    const manifests = Object.entries(held).map(([platform, size]) => {
      const [os, architecture] = platform.split('/');
      const child = digest(`${platform}${reference}${name}`);
      sizes.set(`${name}@${child}`, size);
      return { digest: child, platform: { os, architecture } };
    });
    return manifest({ manifests }, name + reference);
  };
  return new ScriptedHttp(({ url }) => answer(new URL(url)));
}

const BOTH = ['linux/amd64', 'linux/arm64'];

async function choosing(http: ScriptedHttp, platforms = BOTH, limits: string[] = []) {
  const { azure } = world(http);
  const registry = parseRegistry(registryBody({}));
  if (registry === undefined) throw new Error('no registry');
  azure.trust.admitLoginServer(registry.loginServer);
  return chooseImage(azure.dataPlane(registry), platforms, limits);
}
/** `repository:tag`, or why there is none. */
async function chosen(...about: Parameters<typeof choosing>): Promise<string> {
  const found = await choosing(...about);
  return 'none' in found ? found.none : `${found.repository}:${found.tag}`;
}

describe('the image that is chosen', () => {
  it('is one for all platforms, and of these the smallest, by the image that a pool would pull', async () => {
    const http = registryOf({
      big: { '1': { 'linux/amd64': 900, 'linux/arm64': 900 } },
      half: { '1': { 'linux/amd64': 1 } },
      one: { '1': 2 },
      small: { '1': { 'windows/amd64': 5000, 'linux/amd64': 300, 'linux/arm64': 300 } },
    });
    expect(await choosing(http)).toMatchObject({
      repository: 'small',
      tag: '1',
      why: 'the best of 4 images looked at: for every pool, 300 bytes',
    });
    expect(await chosen(registryOf({ half: { '1': { 'linux/amd64': 1 } }, one: { '1': 2 } }))).toBe('one:1');
  });

  it('is one for most platforms where none is for all', async () => {
    const http = registryOf({
      a: { '1': { 'linux/amd64': 1 } },
      b: { '1': { 'linux/amd64': 9000, 'windows/amd64': 9000 } },
    });
    expect(await choosing(http, [...BOTH, 'windows/amd64'])).toMatchObject({
      repository: 'b',
      why: 'the best of 2 images looked at: for 2 of 3 platforms of the pools, 9 kB',
    });
  });

  it.each([
    'oss/kubernetes/pause',
    'mirror/oss/v2/kubernetes/coredns',
    'pause',
    'mcr/containernetworking/azure-cni',
    'windows/nanoserver',
    'aks-acr-pull/probe',
  ])('is not one that nodes bring along, such as %s, while there is another', async (held) => {
    expect(await chosen(registryOf({ [held]: { '1': 1 }, 'team/pauses': { '1': 5_000_000 } }))).toBe(
      'team/pauses:1',
    );
    expect(await choosing(registryOf({ [held]: { '1': 1 } }))).toMatchObject({
      repository: held,
      why: expect.stringContaining('the nodes may have it already'),
    });
  });

  it('is the same however often it is asked, and whatever the order of answers', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`r${(at * 7) % 40}`, { '1': 5, '2': 5 }]),
    );
    const first = await chosen(registryOf(many));
    const slow = registryOf(many);
    const shuffled = new ScriptedHttp(async (request, nth) => {
      for (let turns = (nth * 13) % 17; turns > 0; turns -= 1) await Promise.resolve();
      const { status, headers, body } = await slow.send(request);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
    });
    expect(await chosen(shuffled)).toBe(first);
    expect(first).toBe('r0:1');
  });
});

describe('what is no image', () => {
  const HELM = 'application/vnd.cncf.helm.config.v1+json';
  const referrer = `sha256-${'a'.repeat(64)}`;

  it('is passed over: charts by their kind, signatures and attestations by their tags, unread', async () => {
    const http = registryOf({
      'charts/shop': { '1.0.0': HELM },
      'team/app': { [`${referrer}.sig`]: 1, [`${referrer}.att`]: 1, [referrer]: 1, v1: 70 },
    });
    expect(await chosen(http)).toBe('team/app:v1');
    expect(http.asked.filter((line) => line.includes('sha256-'))).toEqual([]);
  });

  it('is told from an empty registry where there is nothing else', async () => {
    expect(
      await chosen(registryOf({ 'charts/a': { '1': HELM }, 'charts/b': { [`${referrer}.sig`]: 1 } })),
    ).toBe(
      'the 2 repositories looked at hold other artifacts, such as charts and signatures, but no tagged image',
    );
    expect(await chosen(registryOf({ untagged: {} }))).toBe('this login sees no tagged image there');
    expect(await chosen(registryOf({}))).toBe('this login sees no repository there');
  });

  it('does not hide an image behind a hundred charts', async () => {
    const charts = Object.fromEntries(
      Array.from({ length: 99 }, (_, at) => [`charts/c${String(at).padStart(2, '0')}`, { '1': HELM }]),
    );
    expect(await chosen(registryOf({ ...charts, web: { '1': 1 } }))).toMatch(/^web:1$|hold other artifacts/);
    const few = Object.fromEntries(Object.entries(charts).slice(0, 30));
    expect(await chosen(registryOf({ ...few, web: { '1': 1 } }))).toBe('web:1');
  });
});

describe('what is asked of the registry', () => {
  it('is bounded, whatever its size', async () => {
    const tags = Object.fromEntries(
      Array.from({ length: 3000 }, (_, at) => [`v${at}`, { 'linux/amd64': at }]),
    );
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`repo${at}`, tags]));
    const http = registryOf(many);
    expect(await chosen(http)).toMatch(/^repo\d+:v/);
    const count = (part: string): number => http.asked.filter((line) => line.includes(part)).length;
    expect([count('_catalog'), count('tags/list')]).toEqual([1, 12]);
    // 12 x 3 tags, and 6 images inside of indexes.
    expect(count('manifests')).toBe(42);
    expect(http.requests.length).toBeLessThanOrEqual(1 + 13 + 1 + 12 + 42);
  });

  it('is bounded where nothing but artifacts is found, too', async () => {
    const http = registryOf(
      Object.fromEntries(
        Array.from({ length: 5000 }, (_, at) => [`c${at}`, { '1': 'application/vnd.x+json' }]),
      ),
    );
    expect(await chosen(http)).toContain('the 36 repositories looked at hold other artifacts');
    expect(http.requests.length).toBeLessThanOrEqual(1 + 37 + 1 + 36 + 36);
  });

  it('is nothing but the repositories that the grant is limited to', async () => {
    const http = registryOf({
      'a/x': { '1': 1 },
      'team/app': { '1': 5 },
      'team/web': { '1': 4 },
      'teams/x': { '1': 1 },
    });
    expect(await chosen(http, BOTH, ['team/*'])).toBe('team/web:1');
    expect(http.requests.find(({ url }) => url.includes('_catalog'))?.url).toContain('last=team%2F');
    expect(http.asked.join()).not.toMatch(/a\/x|teams\/x/);
  });

  it('needs no list where the repositories are named', async () => {
    const http = registryOf({ 'team/app': { '1': 5 } }, { catalog: { status: 401 } });
    expect(await chosen(http, BOTH, ['team/app', 'shop/*'])).toBe('team/app:1');
  });
});

describe('what this login may not read', () => {
  it('is passed over, repository by repository and tag by tag', async () => {
    const http = registryOf({ open: { '1': 1 }, secret: { '1': 1 } }, { refused: ['secret'] });
    expect(await chosen(http)).toBe('open:1');
    expect(await chosen(registryOf({ a: { '1': 1 }, b: {} }, { refused: ['a', 'b'] }))).toBe(
      'this login may read none of the 2 repositories looked at',
    );
  });

  it('is said where it is the list itself', async () => {
    const catalog: Reply = { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] } };
    expect(await thrown(() => choosing(registryOf({}, { catalog })))).toMatchObject({
      name: 'RegistryError',
      message: 'could not list the repositories: HTTP 401: UNAUTHORIZED: no',
    });
  });

  it.each([{ body: 'x' }, { body: { repositories: 'x' } }])(
    'is nothing where the list is none: %j',
    async (catalog) => {
      expect(await chosen(registryOf({ a: { '1': 1 } }, { catalog }))).toBe(
        'this login sees no repository there',
      );
    },
  );
});
