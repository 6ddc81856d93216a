/** Where things stand beside this program: in the published bundles, or in the sources. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

/** @param here folder of the running module: dist/cli, or src/cli */
export function places(here: string): { scenarios: string; action: string } {
  const first = (...candidates: string[]): string =>
    candidates.find((path) => existsSync(path)) ?? candidates[0] ?? '';
  return {
    scenarios: first(join(here, 'scenarios'), join(here, '..', 'simulator', 'scenarios')),
    action: first(
      join(here, '..', 'github', 'index.js'),
      join(here, '..', '..', 'dist', 'github', 'index.js'),
    ),
  };
}

/** Names of the built-in scenarios, sorted. */
export function scenarioNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => extname(file) === '.yaml')
    .map((file) => basename(file, '.yaml'))
    .sort();
}
