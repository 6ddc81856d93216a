/**
 * Fails unless a tag, package.json and task.json name the same version.
 *
 *   node scripts/release-version.js v1.2.3
 *
 * task.json has room for three numbers only, so a prerelease (v1.2.3-rc.1) is 1.2.3 there.
 */
import { readFile } from 'node:fs/promises';

const [tag = ''] = process.argv.slice(2);
const json = async (file) => JSON.parse(await readFile(new URL(`../${file}`, import.meta.url), 'utf8'));
const parts = /^v((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))(?:-[0-9A-Za-z.-]+)?$/.exec(tag);

if (parts === null) fail(`${tag === '' ? 'no tag' : tag} is given; it must be like v1.2.3 or v1.2.3-rc.1`);
else {
  const { version } = await json('package.json');
  const { Major, Minor, Patch } = (await json('task.json')).version;
  const task = [Major, Minor, Patch].join('.');
  if (tag !== `v${version}`) fail(`the tag is ${tag}, but package.json says ${version}`);
  if (parts[1] !== task) fail(`the tag is ${tag}, but task.json says ${task}`);
  if (process.exitCode === undefined) console.log(`${tag}: package.json and task.json say so too`);
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
}
