/**
 * Runs jest on the Node that npm itself runs on. Within npm's scripts plain `node` is another one: the Node 24 that is
 * installed for running the bundles stands first on PATH there.
 */
import { spawnSync } from 'node:child_process';

const node = process.env.npm_node_execpath ?? process.execPath;
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  // As src/host/wasm-tiering.ts does, whose reason counts anew for each file of tests.
  '--wasm-tiering-budget=2000000000',
  'node_modules/jest/bin/jest.js',
];
const { status, error } = spawnSync(node, [...jest, ...process.argv.slice(2)], { stdio: 'inherit' });
if (error !== undefined) console.error(`${node} could not be started: ${error.message}`);
process.exitCode = status ?? 1;
