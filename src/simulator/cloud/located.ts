/** Where in a YAML text a path such as `clusters[0].pools[1].os` stands. */
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Node } from 'yaml';

export interface Place {
  /** Both from 1. */
  line: number;
  column: number;
}

/**
 * The place of the last thing on the path that is in the text: for a key that isn't known the key, for one that is
 * missing whatever lacks it. Undefined for a text that holds nothing.
 */
export function placeOf(document: Document, path: string, lines: LineCounter): Place | undefined {
  let offset = startOf(document.contents);
  let node = resolved(document, document.contents);
  let rest = path;
  while (rest !== '') {
    const step = next(node, rest);
    if (step === undefined) break;
    offset = startOf(step.shown) ?? offset;
    node = resolved(document, step.node);
    rest = step.rest;
  }
  if (offset === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

interface Step {
  node: unknown;
  /** What a reader is led to: the key of a pair, the value in a list. */
  shown: unknown;
  rest: string;
}

function next(node: unknown, path: string): Step | undefined {
  if (isSeq(node)) {
    const [whole = '', index] = /^\[(\d+)\]\.?/.exec(path) ?? [];
    const item = index === undefined ? undefined : node.items[Number(index)];
    return item === undefined ? undefined : { node: item, shown: item, rest: path.slice(whole.length) };
  }
  if (!isMap(node)) return undefined;
  // Keys may hold dots and brackets: the longest one that the path begins with is meant.
  const keys = node.items
    .flatMap((pair) => (isScalar(pair.key) ? [{ name: String(pair.key.value), pair }] : []))
    .filter(({ name }) => path.startsWith(name) && /^(?:$|[.[])/.test(path.slice(name.length)))
    .sort((one, other) => other.name.length - one.name.length);
  const [found] = keys;
  if (found === undefined) return undefined;
  return {
    node: found.pair.value,
    shown: found.pair.key,
    rest: path.slice(found.name.length).replace(/^\./, ''),
  };
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
