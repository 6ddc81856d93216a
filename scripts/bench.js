/**
 * Prints what the action costs: bytes shipped, processor time, memory, requests and round trips.
 *
 *   npm run bench                          a table
 *   npm run bench --silent -- --json       the same as JSON
 *   npm run bench -- --delay 200           milliseconds that each service takes to answer; default 50
 *   npm run bench -- --repeat 5            runs of which the median is taken; default 3
 *
 * Times are this machine's; counts are the same everywhere. __tests__/e2e/counts.test.ts holds them within their bounds.
 */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import ncc from '@vercel/ncc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
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

/** The sources that measure are TypeScript: they are bundled first, beside nothing else. */
async function measure() {
  const folder = await mkdtemp(join(tmpdir(), 'aks-acr-pull-bench-'));
  try {
    const entry = join(ROOT, 'scripts', 'bench', 'measure.ts');
    const { code, assets } = await ncc(entry, {
      cache: false,
      quiet: true,
      transpileOnly: true,
      target: 'es2022',
    });
    const files = {
      ...assets,
      'index.js': { source: code },
      'package.json': { source: '{"type":"module"}' },
    };
    for (const [name, { source }] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), source);
    }
    const { measure: once } = await import(pathToFileURL(join(folder, 'index.js')).href);
    const rounds = [];
    for (let round = 0; round < repeat; round++) rounds.push(await once(ROOT, delayMs));
    return rounds[0].map((first, run) =>
      Object.fromEntries(
        Object.keys(first).map((key) => [
          key,
          key === 'run' ? first.run : median(rounds.map((round) => round[run][key])),
        ]),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];
}

const files = await shipped();
const runs = await measure();
if (values.json) {
  console.log(JSON.stringify({ node: process.version, delayMs, repeat, files, runs }, null, 2));
} else {
  const mebibytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  console.log('JavaScript shipped');
  const lines = files.map(({ bundle, file, bytes }) => ({ file: `dist/${bundle}/${file}`, bytes }));
  for (const bundle of new Set(files.map((file) => file.bundle))) {
    const bytes = files.reduce((sum, file) => sum + (file.bundle === bundle ? file.bytes : 0), 0);
    lines.push({ file: `dist/${bundle} in all`, bytes });
  }
  console.table(lines);
  console.log(`The action on Node ${process.version}, each service ${delayMs} ms away, median of ${repeat}`);
  console.table(
    Object.fromEntries(
      runs.map((one) => [
        one.run,
        {
          'CPU to 1st request': `${one.cpuToFirstRequestMs.toFixed(0)} ms`,
          'CPU in all': `${one.cpuMs.toFixed(0)} ms`,
          'memory at end': mebibytes(one.residentBytes),
          took: `${(one.durationMs / 1000).toFixed(1)} s`,
          requests: one.requests,
          'to ARM': one.armRequests,
          'ARM trips to access': one.armTripsToAccess,
          'ARM trips in all': one.armTrips,
        },
      ]),
    ),
  );
}
