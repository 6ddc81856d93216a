/**
 * The order in which Jest begins test files: those that take longest first, so that none of them is left to run alone at the
 * end. Jest itself goes by what it remembers of earlier runs and, in a fresh clone, by size; but the longest are short:
 * tables of whole runs.
 */
import Sequencer from '@jest/test-sequencer';
import { relative, sep } from 'node:path';

/** Beginnings of paths below __tests__, the longest first. What is in none of them comes last. */
const LONG = ['e2e/faults-network', 'e2e/faults-once', 'e2e/mended', 'e2e/faults', 'e2e/left-behind', 'e2e/'];

export default class Order extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}

function rank({ path, context }) {
  const name = relative(`${context.config.rootDir}${sep}__tests__`, path).replaceAll(sep, '/');
  const at = LONG.findIndex((beginning) => name.startsWith(beginning));
  return at === -1 ? LONG.length : at;
}
