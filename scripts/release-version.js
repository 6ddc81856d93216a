/**
 * Versions come from package.json.
 *
 *   node scripts/release-version.js v1.2.3    fails unless the tag, package.json and the manifests name the same version
 *   node scripts/release-version.js --stamp   writes package.json's version into the manifests (`npm version` does)
 *
 * The manifests of Azure Pipelines have room for three numbers only, so a prerelease (v1.2.3-rc.1) is 1.2.3 there.
 */
import { readFile, writeFile } from 'node:fs/promises';

const at = (file) => new URL(`../${file}`, import.meta.url);
const text = (file) => readFile(at(file), 'utf8');
const json = async (file) => JSON.parse(await text(file));

/** Where else the version stands: how it is read, and how it is written. */
const MANIFESTS = {
  'task.json': {
    of: ({ version: { Major, Minor, Patch } }) => [Major, Minor, Patch].join('.'),
    stamp: (before, [major, minor, patch]) =>
      before.replace(
        /("Major": )\d+(,\s*"Minor": )\d+(,\s*"Patch": )\d+/,
        (_all, a, b, c) => `${a}${major}${b}${minor}${c}${patch}`,
      ),
  },
  'vss-extension.json': {
    of: ({ version }) => version,
    stamp: (before, numbers) =>
      before.replace(/("version": ")[^"]*/, (_all, start) => `${start}${numbers.join('.')}`),
  },
};

const [wish = ''] = process.argv.slice(2);
const { version } = await json('package.json');
if (wish === '--stamp') {
  const numbers = version.replace(/-.*$/, '').split('.');
  for (const [file, { stamp }] of Object.entries(MANIFESTS))
    await writeFile(at(file), stamp(await text(file), numbers));
} else await check(wish);

async function check(tag) {
  const parts = /^v((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))(?:-[0-9A-Za-z.-]+)?$/.exec(tag);
  if (parts === null) {
    fail(`${tag === '' ? 'no tag' : tag} is given; it must be like v1.2.3 or v1.2.3-rc.1`);
    return;
  }
  if (tag !== `v${version}`) fail(`the tag is ${tag}, but package.json says ${version}`);
  for (const [file, { of }] of Object.entries(MANIFESTS)) {
    const said = of(await json(file));
    if (said !== parts[1]) fail(`the tag is ${tag}, but ${file} says ${said}`);
  }
  if (process.exitCode === undefined) console.log(`${tag}: ${Object.keys(MANIFESTS).join(', ')} say so too`);
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
}
