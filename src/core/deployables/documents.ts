/** Kubernetes YAML → its objects, each with a way from a value back to its line. */
import { isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { asList, asText, at } from '../json.js';

export type Path = readonly (string | number)[];

/** One Kubernetes object. */
export interface KubernetesObject {
  value: unknown;
  kind: string;
  /** Line of the value at a path inside the object; of the nearest that is there. From 1. */
  lineOf(path: Path): number;
}

/** What a text holds. */
export interface Parsed {
  objects: KubernetesObject[];
  /** Documents that are no YAML. */
  broken: { line: number; why: string }[];
}

/** The longest chain of aliases that is followed: kubectl's own parser refuses what grows out of bounds too. */
const MOST_ALIASES = 1_000;

/**
 * Reads every document. A broken one doesn't keep the others from being read. Nothing of the text is quoted in what is
 * wrong with it but names of anchors and keys.
 */
export function parseDocuments(text: string): Parsed {
  const lines = new LineCounter();
  const broken: Parsed['broken'] = [];
  const objects: KubernetesObject[] = [];
  const line = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  // As kubectl's parser does (sigs.k8s.io/yaml): merge keys are followed, keys stand once. The library's own warnings would
  // quote the text on standard error.
  const options = { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'error' } as const;
  const documents = parseAllDocuments(text, options);
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors;
    if (error !== undefined) {
      broken.push({ line: line(error.pos[0]), why: reasonOf(error) });
      continue;
    }
    let value: unknown;
    try {
      const odd = keyThatIsNoText(document);
      if (odd !== undefined) {
        broken.push({
          line: line(odd),
          why: 'a key is itself a map or a list, as {{ … }} outside of quotes is',
        });
        continue;
      }
      value = document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (thrown) {
      broken.push({
        line: line(unresolvedAlias(document) ?? document.contents?.range?.[0] ?? 0),
        why: reasonOf(thrown),
      });
      continue;
    }
    objects.push(...objectsIn(value, [], (path) => line(offsetOf(document, path))));
  }
  return { objects, broken };
}

/** What the library says; it follows a text's nesting by calling itself, and where that ends nobody's manifest begins. */
function reasonOf(thrown: unknown): string {
  const said = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : 'it can not be resolved';
  return /call stack/.test(said) ? 'it nests too deeply' : said;
}

/**
 * Where a key stands that is a map or a list: YAML allows it, Kubernetes' JSON can't hold it, and kubectl refuses it. A
 * template's `image: {{ .Values.image }}` is one, and would else be an object without an image.
 */
function keyThatIsNoText(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Pair(_key, { key }) {
      if (!isCollection(key)) return undefined;
      offset = key.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** Where an alias stands that has no anchor before it. */
function unresolvedAlias(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}

/** The object itself, or those of a List, of whatever kind it is (Kubernetes API, List). */
function objectsIn(value: unknown, base: Path, lineOf: (path: Path) => number): KubernetesObject[] {
  const kind = asText(at(value, 'kind'));
  if (kind === undefined || asText(at(value, 'apiVersion')) === undefined) return [];
  const items = at(value, 'items');
  if (kind.endsWith('List') && Array.isArray(items))
    return asList(items).flatMap((item, nth) => {
      // Items of a DeploymentList and its like say neither kind nor version.
      const typed =
        asText(at(item, 'kind')) === undefined && typeof item === 'object' && item !== null && kind !== 'List'
          ? { apiVersion: at(value, 'apiVersion'), kind: kind.slice(0, -'List'.length), ...item }
          : item;
      return objectsIn(typed, [...base, 'items', nth], lineOf);
    });
  return [{ value, kind, lineOf: (path) => lineOf([...base, ...path]) }];
}

/** Where the value at a path begins; where the path's last part that is there does. */
function offsetOf(document: Document, path: Path): number {
  let here: unknown = document.contents;
  let offset = startOf(here) ?? 0;
  for (const part of path) {
    const next = childOf(here, part);
    if (next === undefined) return offset;
    here = next;
    offset = startOf(here) ?? offset;
  }
  return offset;
}

function childOf(node: unknown, part: string | number): unknown {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === part);
    return isPair(pair) ? (pair.value ?? pair.key) : undefined;
  }
  return isSeq(node) && typeof part === 'number' ? node.items[part] : undefined;
}

function startOf(node: unknown): number | undefined {
  const held = node as Partial<Pick<Node, 'range'>> | undefined | null;
  if (isCollection(node) || isScalar(node)) return node.range?.[0];
  return held?.range?.[0];
}
