/** Where a plan is put down. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlanFile } from '../render/plan/index.js';

/**
 * Writes the files of a plan into `plan`, beside the report, for this user's eyes alone (folder 0700, files 0600).
 *
 * @param reportFolder made by this run, for this user alone
 * @returns the path of `plan`; empty when there is nothing to write
 */
export async function writePlan(reportFolder: string, files: readonly PlanFile[]): Promise<string> {
  if (files.length === 0) return '';
  const folder = join(reportFolder, 'plan');
  await mkdir(folder, { mode: 0o700 });
  for (const { name, text } of files) await writeFile(join(folder, name), text, { mode: 0o600, flag: 'wx' });
  return folder;
}
