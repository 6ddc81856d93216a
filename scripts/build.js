/**
 * Builds what is shipped: dist/github, dist/azure-pipelines and dist/cli, each one bundle with all it needs.
 *
 *   node scripts/build.js                     builds into dist
 *   node scripts/build.js --check             builds elsewhere and tells how dist differs; exit 1 if it does
 *   node scripts/build.js --only github       one bundle alone
 *   node scripts/build.js --only single --into FOLDER
 *                                             the command as one file, with its checksum, for a release
 *
 * The same sources give the same bytes, on any machine and in any folder.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minify } from '@swc/core';
import ncc from '@vercel/ncc';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');

/** What is built. `limit`: bytes of JavaScript at most. */
const BUNDLES = {
  github: { entry: 'src/github/main.ts', limit: 2_500_000 },
  'azure-pipelines': { entry: 'src/azure-pipelines/main.ts', limit: 2_500_000 },
  cli: { entry: 'src/cli/main.ts', copies: { 'src/simulator/scenarios': 'scenarios' } },
};

/** The command as one file, for a release: `--only single --into FOLDER`. Not a part of dist. */
const SINGLE = { entry: 'src/cli/single.ts', file: 'aks-acr-pull.mjs' };

/** Files of dependencies that are never used: helper programs of sign-ins that need a browser. */
const UNUSED_ASSETS = new Set(['xdg-open']);
/** Others: gRPC's descriptions of services that are not spoken to. */
const isUnused = (file) => UNUSED_ASSETS.has(file) || file.endsWith('.proto');

function bundle(entry) {
  return ncc(join(ROOT, entry), {
    cache: false,
    minify: true,
    sourceMap: false,
    transpileOnly: true,
    target: 'es2022',
    quiet: true,
  });
}

async function buildSingle(into) {
  const { code, assets, stats } = await bundle(SINGLE.entry);
  const modules = resourcesOf(stats.compilation.modules);
  refuseMissing('single', modules);
  // What is loaded later would have to lie beside it: no more than what opens a browser, which is never done, may.
  for (const [file, { source }] of Object.entries(assets)) {
    // The name .mjs says by itself what package.json would.
    if (file === 'package.json') continue;
    const unused = isUnused(file) || [...UNUSED_ASSETS].some((name) => source.includes(name));
    if (!unused) throw new Error(`${SINGLE.file} would need ${file} beside it`);
  }
  const notes = (await licenses(modules)).replaceAll('*/', '* /');
  const text = `${code}\n/*\n${notes}\n*/\n`;
  refuseOurPath(SINGLE.file, text);
  await mkdir(into, { recursive: true });
  await writeFile(join(into, SINGLE.file), text, { mode: 0o755 });
  const sum = createHash('sha256').update(text).digest('hex');
  await writeFile(join(into, `${SINGLE.file}.sha256`), `${sum}  ${SINGLE.file}\n`);
  console.log(`${SINGLE.file}: ${Buffer.byteLength(text).toLocaleString('en')} bytes, sha256 ${sum}`);
}

async function build(name, into) {
  const { entry, limit, copies = {} } = BUNDLES[name];
  const { code, assets, stats } = await bundle(entry);
  const modules = resourcesOf(stats.compilation.modules);
  refuseMissing(name, modules);
  const folder = join(into, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const files = { 'index.js': code };
  for (const [file, { source }] of Object.entries(assets)) {
    if (!isUnused(file)) files[file] = await smaller(file, source.toString());
  }
  files['LICENSES.txt'] = await licenses(modules);
  files['package.json'] = `${JSON.stringify({ type: 'module' })}\n`;
  let javaScript = 0;
  for (const [file, text] of Object.entries(files)) {
    refuseOurPath(`${name}/${file}`, text);
    if (file.endsWith('.js')) javaScript += Buffer.byteLength(text);
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  for (const [from, to] of Object.entries(copies)) {
    if (existsSync(join(ROOT, from))) {
      await cp(join(ROOT, from), join(folder, to), {
        recursive: true,
        filter: (path) => !/\.tsx?$/.test(path),
      });
    }
  }
  console.log(
    `${name}: ${javaScript.toLocaleString('en')} bytes of JavaScript, ${Object.keys(files).length} files`,
  );
  if (limit !== undefined && javaScript > limit) {
    throw new Error(`dist/${name} holds ${javaScript} bytes of JavaScript; ${limit} is the limit`);
  }
}

/** ncc minifies what is loaded first, and leaves what is loaded later as it is. */
async function smaller(file, text) {
  if (!file.endsWith('.js')) return text;
  const { code } = await minify(text, { module: true, compress: true, mangle: true });
  return `${code}\n`;
}

/** Paths of all modules that went into a bundle. */
function resourcesOf(modules) {
  return [...modules].flatMap(({ resource, modules: inner }) => [
    ...(typeof resource === 'string' ? [resource] : []),
    ...(inner === undefined ? [] : resourcesOf(inner)),
  ]);
}

/** ncc puts its own file in the place of a module that it doesn't find, says nothing and ends well. */
function refuseMissing(name, resources) {
  const missing = resources.flatMap((resource) => /@@notfound\.js\?(.*)$/.exec(resource)?.[1] ?? []);
  if (missing.length > 0) throw new Error(`dist/${name} would not start: missing ${missing.join(', ')}`);
}

/** Nothing that is shipped may tell where it was built. */
function refuseOurPath(file, text) {
  if (text.includes(ROOT)) throw new Error(`dist/${file} names the folder it was built in`);
}

/** Name, version and license of every package inside, in the order of their names. (ncc's own keeps one chunk's alone.) */
async function licenses(resources) {
  const folders = new Set(
    resources.flatMap((path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0] ?? []),
  );
  const texts = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      const file = (await readdir(folder)).sort().find((entry) => /^licen[sc]e/i.test(entry));
      const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
      return `${name} ${version}: ${license}\n${text}`.replaceAll('\r\n', '\n');
    }),
  );
  return texts.sort().join(`\n${'-'.repeat(80)}\n\n`);
}

async function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Lines that tell how two folders differ. */
async function differences(fresh, committed) {
  const names = new Set([...(await filesBelow(fresh)), ...(await filesBelow(committed))]);
  const lines = [];
  for (const name of [...names].sort()) {
    const [a, b] = await Promise.all(
      [fresh, committed].map((folder) => readFile(join(folder, name)).catch(() => undefined)),
    );
    if (a === undefined) lines.push(`dist/${name}: no longer built`);
    else if (b === undefined) lines.push(`dist/${name}: missing`);
    else if (!a.equals(b))
      lines.push(`dist/${name}: differs (${b.length} bytes, ${a.length} when built now)`);
  }
  return lines;
}

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, only: { type: 'string' }, into: { type: 'string' } },
});
const names = values.only === undefined ? Object.keys(BUNDLES) : [values.only];
const into = values.check
  ? await mkdtemp(join(tmpdir(), 'aks-acr-pull-dist-'))
  : (values.into ?? join(ROOT, 'dist'));
try {
  for (const name of names) await (name === 'single' ? buildSingle(into) : build(name, into));
  if (values.check) {
    const stale = (
      await Promise.all(
        names.map(async (name) => {
          const lines = await differences(join(into, name), join(ROOT, 'dist', name));
          return lines.map((line) => line.replace('dist/', `dist/${name}/`));
        }),
      )
    ).flat();
    for (const line of stale) console.error(line);
    if (stale.length > 0) {
      console.error('dist is stale: run npm run build and commit what it wrote');
      process.exitCode = 1;
    } else console.log('dist is what the sources give');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (values.check) await rm(into, { recursive: true, force: true });
}
