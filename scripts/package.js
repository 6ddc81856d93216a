/**
 * Packs what a release gives: the extension for Azure Pipelines and the npm package, which holds the action and the command.
 *
 *   node scripts/package.js                         into build/
 *   node scripts/package.js --into FOLDER
 *   node scripts/package.js --flavour development   an extension with ids of its own, to be installed beside the released one
 *
 * It packs dist as it is committed and needs no network. tfx makes a package without a word when files are missing, so what
 * is in it is looked at afterwards (tfs-cli, app/exec/extension/_lib/merger.ts).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { unzipSync } from 'fflate';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const read = (file) => readFile(join(ROOT, file), 'utf8');

/** What tells the flavours apart. A task's id is the same for ever: another one is another task to every pipeline. */
const FLAVOURS = {
  release: {},
  development: {
    extension: { id: 'aks-acr-pull-development', name: 'AKS pulls from ACR (development)', public: false },
    task: {
      id: '1f0dd4a5-5f0a-4d53-9d40-7d4f8a5d2f6e',
      name: 'AksAcrPullDevelopment',
      friendlyName: 'AKS pulls from ACR (development)',
    },
  },
};

/** Lays out the extension as it is packed: the task in a folder of its own, where server and tfx look for task.json. */
async function stage(into, { extension = {}, task = {} }) {
  const folder = join(into, 'AksAcrPull');
  await rm(into, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = { ...JSON.parse(await read('vss-extension.json')), ...extension };
  const declared = { ...JSON.parse(await read('task.json')), ...task };
  await writeFile(join(into, 'vss-extension.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, 'task.json'), `${JSON.stringify(declared, null, 2)}\n`);
  const copies = {
    LICENSE: 'LICENSE',
    'extension/icon.png': 'icon.png',
    'extension/overview.md': 'overview.md',
    'extension/task-icon.png': 'AksAcrPull/icon.png',
    'dist/azure-pipelines': 'AksAcrPull/dist/azure-pipelines',
    'docs/images': 'images',
  };
  for (const [from, to] of Object.entries(copies))
    await cp(join(ROOT, from), join(into, to), { recursive: true });
  return manifest;
}

async function packExtension(into, flavour) {
  const staged = join(into, 'vsix');
  const { publisher, id, version } = await stage(staged, FLAVOURS[flavour]);
  const file = join(into, `${publisher}.${id}-${version}.vsix`);
  await rm(file, { force: true });
  const tfx = createRequire(import.meta.url).resolve('tfx-cli/_build/tfx-cli.js');
  const { stdout, stderr } = await run(process.execPath, [
    ...[tfx, 'extension', 'create', '--root', staged, '--manifests', 'vss-extension.json'],
    ...['--output-path', file, '--no-prompt', '--no-color'],
  ]);
  // It only warns of a task that no agent would run.
  if (/warn/i.test(`${stdout}${stderr}`)) throw new Error(`tfx warns: ${stdout}${stderr}`);
  await refuseMissing(file, staged);
  return file;
}

/** Every staged file must be in the package. */
async function refuseMissing(file, staged) {
  const packed = new Set(Object.keys(unzipSync(await readFile(file))));
  const entries = await readdir(staged, { recursive: true, withFileTypes: true });
  const wanted = entries
    .filter((entry) => entry.isFile() && entry.name !== 'vss-extension.json')
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(staged.length + 1)
        .replaceAll('\\', '/'),
    );
  const missing = wanted.filter((name) => !packed.has(encodeURI(name)) && !packed.has(name));
  if (missing.length > 0) throw new Error(`${file} lacks ${missing.join(', ')}`);
}

/** The action and the command: what `files` of package.json names. */
async function packNpm(into) {
  const npm = process.env.npm_execpath;
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const { stdout } = await run(
    command,
    [...first, 'pack', '--ignore-scripts', '--silent', '--pack-destination', into],
    { cwd: ROOT },
  );
  const file = join(into, stdout.trim().split('\n').at(-1));
  if (!existsSync(file)) throw new Error(`npm pack made no ${file}`);
  return file;
}

const { values } = parseArgs({
  options: { into: { type: 'string' }, flavour: { type: 'string', default: 'release' } },
});
try {
  if (!Object.hasOwn(FLAVOURS, values.flavour))
    throw new Error(`--flavour ${values.flavour}: it is ${Object.keys(FLAVOURS).join(' or ')}`);
  const into = resolve(values.into ?? join(ROOT, 'build'));
  await mkdir(into, { recursive: true });
  console.log(await packExtension(into, values.flavour));
  if (values.flavour === 'release') console.log(await packNpm(into));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
