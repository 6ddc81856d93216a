/**
 * Prints what the three bundles cost: requests and round trips, bytes shipped, processor time and memory; and how that is
 * beside the Azure CLI, where it is installed.
 *
 *   npm run bench                          tables
 *   npm run bench --silent -- --json       the same as JSON
 *   npm run bench --silent -- --markdown   the same as a page; --write writes it to docs/bench.md
 *   npm run bench -- --delay 200           milliseconds that each service takes to answer; default 50
 *   npm run bench -- --repeat 5            runs of which the median is taken; default 3
 *
 * Times are this machine's; counts are the same everywhere. __tests__/e2e/counts.test.ts holds them within their bounds.
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import ncc from '@vercel/ncc';
import { asMarkdown, asText, machine, tables } from './bench/tables.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    delay: { type: 'string', default: '50' },
    repeat: { type: 'string', default: '3' },
  },
});
const delayMs = Number(values.delay);
const repeat = Number(values.repeat);
if (!(delayMs >= 0) || !(repeat >= 1)) throw new Error('--delay and --repeat want numbers');

async function shipped() {
  const files = [];
  for (const bundle of (await readdir(join(ROOT, 'dist'))).sort()) {
    for (const file of (await readdir(join(ROOT, 'dist', bundle))).sort()) {
      if (!file.endsWith('.js')) continue;
      files.push({ bundle, file, bytes: (await stat(join(ROOT, 'dist', bundle, file))).size });
    }
  }
  return files;
}

/**
 * The sources that measure are TypeScript: they are bundled first. Two folders below the project's, as they are themselves:
 * what they use of the tests finds the project from there.
 */
async function measured() {
  await mkdir(join(ROOT, '.tmp'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.tmp', 'bench-'));
  try {
    const entry = join(ROOT, 'scripts', 'bench', 'measure.ts');
    const { code, assets } = await ncc(entry, {
      cache: false,
      quiet: true,
      transpileOnly: true,
      target: 'es2022',
    });
    const bundled = {
      ...assets,
      'index.js': { source: code },
      'package.json': { source: '{"type":"module"}' },
    };
    for (const [name, { source }] of Object.entries(bundled)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), source);
    }
    const { measure, measureAccess, compareWithAz } = await import(
      pathToFileURL(join(folder, 'index.js')).href
    );
    // First, while there is nothing else in memory.
    const access = measureAccess();
    const runs = medians(await rounds(() => measure(ROOT, delayMs)));
    // The action's runs first, then those of the other hosts.
    runs.sort((one, other) => Number(one.bundle !== 'github') - Number(other.bundle !== 'github'));
    const compared = await rounds(() => compareWithAz(ROOT, delayMs));
    const [first] = compared;
    return { runs, access, az: typeof first === 'string' ? first : medians(compared) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rounds(once) {
  const results = [];
  for (let round = 0; round < repeat; round++) results.push(await once());
  return results;
}

/** Of rows that come in the same order in each round: the median of every number. */
function medians(all) {
  return all[0].map((first, row) =>
    Object.fromEntries(
      Object.entries(first).map(([key, value]) => [
        key,
        typeof value === 'number' ? median(all.map((round) => round[row][key])) : value,
      ]),
    ),
  );
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];
}

const found = { machine: machine(), delayMs, repeat, files: await shipped(), ...(await measured()) };
if (typeof found.az === 'string') console.error(`SKIPPED: the comparison with the Azure CLI - ${found.az}`);
if (values.write) await writeFile(join(ROOT, 'docs', 'bench.md'), asMarkdown(tables(found)));
if (values.json) console.log(JSON.stringify(found, null, 2));
else if (values.markdown) process.stdout.write(asMarkdown(tables(found)));
else asText(tables(found));
