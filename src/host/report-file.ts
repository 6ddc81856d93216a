/** Where the report is put down. */
import { lstat, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../core/json.js';

/**
 * Writes `<temporary folder>/aks-acr-pull/<run id>/report.json`, for this user's eyes alone (folders 0700, file 0600), and
 * returns its path. Where another user of the machine owns that folder, a fresh one beside it is taken.
 */
export async function writeReport(temporaryFolder: string, runId: string, text: string): Promise<string> {
  const folder = join(await ownFolder(temporaryFolder), runId);
  await mkdir(folder, { mode: 0o700 });
  const path = join(folder, 'report.json');
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  return path;
}

async function ownFolder(temporaryFolder: string): Promise<string> {
  const folder = join(temporaryFolder, 'aks-acr-pull');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // In a shared /tmp it may be somebody else's, or a link to somewhere else.
    const found = await lstat(folder);
    if (found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid()))
      return folder;
  } catch (error) {
    const code = at(error, 'code');
    if (code !== 'EEXIST' && code !== 'EACCES') throw error;
  }
  return mkdtemp(`${folder}-`);
}
