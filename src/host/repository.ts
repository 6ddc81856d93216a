/** The checked-out repository on disk. */
import type { Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../core/ports.js';

/** Left out wherever they are: not the repository's own words. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules']);
/** Entries looked at in all, so that a huge folder ends too. */
const MOST_ENTRIES = 200_000;
const DEEPEST = 30;

/** Where a CI system checks out what a job is for; else where this process was started. */
export function repositoryRoot(environment: NodeJS.ProcessEnv): string {
  const given = [environment.GITHUB_WORKSPACE, environment.BUILD_SOURCESDIRECTORY];
  return given.find((folder) => folder !== undefined && folder !== '') ?? process.cwd();
}

export function openRepository(root: string): Repository {
  return {
    async list(most, wanted) {
      const paths: string[] = [];
      let [left, seen] = [0, 0];
      const walk = async (folder: string, depth: number): Promise<void> => {
        for (const entry of await entriesOf(join(root, folder))) {
          seen += 1;
          if (seen > MOST_ENTRIES) return;
          const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
          if (entry.isDirectory()) {
            if (!LEFT_OUT.has(entry.name) && depth < DEEPEST) await walk(path, depth + 1);
          } else if (entry.isFile() && wanted(path)) {
            if (paths.length < most) paths.push(path);
            else left += 1;
          }
        }
      };
      await walk('', 0);
      return { paths: paths.sort(), left };
    },
    async read(path, mostBytes) {
      try {
        const file = await open(join(root, path), 'r');
        try {
          if ((await file.stat()).size > mostBytes) return undefined;
          return await file.readFile('utf8');
        } finally {
          await file.close();
        }
      } catch {
        return undefined;
      }
    },
  };
}

/** What is in a folder, by name; nothing where it can't be read. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
