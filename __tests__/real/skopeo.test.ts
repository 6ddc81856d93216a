import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { missing, openBench, SCENARIO } from './clients.js';
import type { Bench, Ended } from './clients.js';

/** A refresh token is a password of this user (recording: acr.login.expose-token.recording.json; docs: az acr login --expose-token). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';
const REGISTRY = 'contoso.azurecr.io';
const IMAGE = `docker://${REGISTRY}/shop/web:1.4.2`;

suiteUnless(missing('skopeo'), 'skopeo', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench(
      `${SCENARIO}  - { principal: deployer, role: AcrPush, scope: 'registry:contoso' }\n`,
    );
    const { refresh_token: token } = (await bench.post(`https://${REGISTRY}/oauth2/exchange`, {
      grant_type: 'access_token',
      service: REGISTRY,
      access_token: await bench.armToken(),
    })) as { refresh_token: string };
    const auth = Buffer.from(`${TOKEN_USER}:${token}`).toString('base64');
    await writeFile(join(bench.folder, 'auth.json'), JSON.stringify({ auths: { [REGISTRY]: { auth } } }));
    await writeFile(join(bench.folder, 'none.json'), JSON.stringify({ auths: {} }));
  });
  afterAll(() => bench.end());

  const skopeo = (auth: 'auth.json' | 'none.json', ...args: string[]): Promise<Ended> =>
    bench.run(
      'skopeo',
      ['--override-arch', 'arm64', '--override-os', 'linux', '--insecure-policy', ...args],
      {
        environment: { REGISTRY_AUTH_FILE: join(bench.folder, auth) },
      },
    );

  it('inspects an image of several platforms, signed in with a refresh token', async () => {
    const { exitCode, stdout, stderr } = await skopeo('auth.json', 'inspect', IMAGE);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      Name: `${REGISTRY}/shop/web`,
      RepoTags: ['1.4.2'],
      Os: 'linux',
      Architecture: 'arm64',
    });
  });

  it('copies all of an image, and its bytes are what their digests say', async () => {
    const { exitCode, stderr } = await skopeo('auth.json', 'copy', '--all', IMAGE, 'dir:copy');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const blobs = (await readdir(join(bench.folder, 'copy'))).filter((name) => /^[0-9a-f]{64}$/.test(name));
    // Two platforms: a configuration and at least one layer each.
    expect(blobs.length).toBeGreaterThanOrEqual(4);
    for (const name of blobs) {
      const bytes = await readFile(join(bench.folder, 'copy', name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
    }
  });

  it('copies an image in, of all its platforms, and finds it there as it was', async () => {
    const target = `docker://${REGISTRY}/shop/copied:2.0`;
    const copied = await skopeo('auth.json', 'copy', '--all', 'dir:copy', target);
    expect({ exitCode: copied.exitCode, stderr: copied.stderr }).toEqual({ exitCode: 0, stderr: '' });
    const raw = async (image: string): Promise<string> =>
      (await skopeo('auth.json', 'inspect', '--raw', image)).stdout;
    expect(await raw(target)).toBe(await raw(IMAGE));
    const tags = await skopeo('auth.json', 'list-tags', `docker://${REGISTRY}/shop/copied`);
    expect(JSON.parse(tags.stdout)).toEqual({ Repository: `${REGISTRY}/shop/copied`, Tags: ['2.0'] });
  });

  it('is refused without a credential', async () => {
    const { exitCode, stderr } = await skopeo('none.json', 'inspect', IMAGE);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/authentication required|unauthorized/i);
  });

  it('is told of a tag that is not there', async () => {
    const { exitCode, stderr } = await skopeo(
      'auth.json',
      'inspect',
      `docker://${REGISTRY}/shop/web:no-such-tag`,
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/manifest unknown/i);
  });

  it('fetched its layers from the host that blobs come from', () => {
    const blobHost = bench.simulator.state.registries[0]?.blobHost;
    expect(bench.simulator.connectedNames).toEqual(expect.arrayContaining([REGISTRY, blobHost]));
  });

  it('asked nothing that the simulator does not model', () => {
    expect(bench.notModelled()).toEqual([]);
  });
});
