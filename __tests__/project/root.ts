/** Where the project stands, and what stands in it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Text of one of the project's files. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** What git ignores or keeps for itself, by name at the top. */
const NOT_OURS: ReadonlySet<string> = new Set(['.git', '.tmp', 'coverage', 'node_modules']);

/** Every file of the project below a folder, as a path from the project's folder. */
export function filesBelow(folder = '.'): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (folder === '.' && NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() && !entry.name.endsWith('.log') ? [path] : [];
  });
}
