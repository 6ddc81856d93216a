/** Azure Resource Graph: answers for all subscriptions at once, but only with what this login can read, and late. */
import { at } from '../json.js';
import { ArmError } from './arm.js';
import type { Arm } from './arm.js';

const API_VERSION = '2022-10-01';

/**
 * The rows of a query's first page. Shape: recording resourceGraph.json.
 *
 * @param query what stands in it was held against strict patterns: nothing is quoted here
 * @param attempted completes "could not …"
 * @throws {ArmError}
 */
export async function queryResources(arm: Arm, query: string, attempted: string): Promise<unknown[]> {
  const body = await arm.post(
    '/providers/Microsoft.ResourceGraph/resources',
    API_VERSION,
    { query, options: { resultFormat: 'objectArray' } },
    attempted,
  );
  const rows = at(body, 'data');
  // What is no list of rows must not read as "there is none".
  if (!Array.isArray(rows)) throw new ArmError(attempted, 200, '', 'the answer holds no list');
  return rows as unknown[];
}
