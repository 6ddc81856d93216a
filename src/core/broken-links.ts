/**
 * What is wrong, in the order in which it has to be mended: everything that leads with a cause (the log's last line, the
 * page, annotations, the output `cause`) reads it here, so that all of them name the same one.
 */
import { familyOf, isCause } from './diagnosis/causes.js';
import type { Family } from './diagnosis/causes.js';
import { parseSymptom } from './diagnosis/symptoms/parse.js';
import { optional } from './json.js';
import type { Check, Connection, Fix, Pull, Report } from './report.js';

/** One thing that is wrong: a check, or pulls that fail alike, or both where they have the same cause. */
export interface BrokenLink {
  status: 'fail' | 'unknown';
  /** What was asserted. */
  title: string;
  /** What was seen. */
  seen: string;
  cause?: string;
  fix?: Fix;
  docs?: string;
  /** Id of the check; absent where pulls alone tell. */
  check?: string;
  /** The pulls that fail so. */
  pulls: readonly Pull[];
}

/**
 * Which of several to mend first, where pulls fail differently: who may pull at all before the way to the registry, the
 * way before what is asked for there, and what the nodes lack last. What nobody could tell comes after all that was told.
 */
const ORDER: readonly Family[] = ['access', 'registry', 'network', 'image', 'policy', 'node', 'cluster'];

/** Causes that say no more than that none was found. */
const OPEN: ReadonlySet<string> = new Set(['undetermined', 'unauthorized-unresolved', 'access-unknown']);

/** The verdict's own cause (docs/contract.md): it says both that the role is missing and that the pull worked all the same. */
const VERDICT = 'pulled-without-the-identity';

/**
 * All that is wrong with a connection, each thing once, the one to mend first before the others: failures before what
 * could not be told; of each, checks in the order of the story, which is the order of the way from the login to the
 * nodes, then pulls. Empty when the connection passed.
 */
export function brokenLinks(connection: Connection): BrokenLink[] {
  if (connection.result === 'passed') return [];
  const links = linksOf(connection);
  // A refusal that a grant's youth explains leaves it open whether anything is broken.
  return connection.result === 'unknown' ? links.map((link) => ({ ...link, status: 'unknown' })) : links;
}

function linksOf({ checks, pulls }: Connection): BrokenLink[] {
  return (['fail', 'unknown'] as const).flatMap((status) => {
    const groups = alikeIn(pulls.filter((pull) => pull.status === status)).sort(
      ([one], [other]) => urgency(one) - urgency(other),
    );
    const told = checks
      .filter((check) => check.status === status)
      .sort((one, other) => Number(other.cause === VERDICT) - Number(one.cause === VERDICT))
      .map((check) => ofCheck(check, groups));
    const taken = new Set(told.flatMap((link) => link.pulls));
    const rest = groups.filter((group) => !group.some((pull) => taken.has(pull))).map(ofPulls);
    // A check that only follows from the pulls, and has no fix of its own, says less than they do.
    const isBare = ({ fix }: BrokenLink): boolean =>
      fix === undefined && rest.some((link) => link.fix !== undefined);
    return [...told.filter((link) => !isBare(link)), ...rest, ...told.filter(isBare)];
  });
}

/** What to mend first of a whole run: a failure anywhere before what could not be told. */
export function leadingLink({ connections }: Pick<Report, 'connections'>): BrokenLink | undefined {
  const all = connections.flatMap(brokenLinks);
  return all.find(({ status }) => status === 'fail') ?? all[0];
}

/** Pulls that fail alike, in the order of the first of each; the most frequent first where nothing else counts. */
function alikeIn(pulls: readonly Pull[]): Pull[][] {
  const groups = new Map<string, Pull[]>();
  for (const pull of pulls) {
    const key = likeness(pull);
    groups.set(key, [...(groups.get(key) ?? []), pull]);
  }
  return [...groups.values()].sort((one, other) => other.length - one.length);
}

/** The same for pulls that have the same explanation: the same cause and fix; where none was found, the same words. */
export function likeness({ status, cause, fix, node, message = '' }: Pull): string {
  // A command that looks at the node names it.
  const commands = (fix?.commands ?? []).map((one) => (node === undefined ? one : one.replaceAll(node, '')));
  const explained = [status, cause, fix?.summary, commands];
  if (cause !== undefined && !OPEN.has(cause)) return JSON.stringify(explained);
  const { speaks, attempts } = parseSymptom(message);
  return JSON.stringify([...explained, (speaks ?? attempts[0])?.words]);
}

function urgency(pull: Pull | undefined): number {
  const cause = pull?.cause;
  if (cause === undefined || !isCause(cause) || OPEN.has(cause)) return ORDER.length + 1;
  const place = ORDER.indexOf(familyOf(cause));
  return place === -1 ? ORDER.length : place;
}

function ofCheck(
  { id, title, status, evidence, cause, fix, docs }: Check,
  groups: readonly Pull[][],
): BrokenLink {
  return {
    status: status === 'fail' ? 'fail' : 'unknown',
    title,
    seen: evidence,
    ...optional('cause', cause),
    ...optional('fix', fix),
    ...optional('docs', docs),
    check: id,
    pulls:
      cause === undefined ? [] : groups.filter(([pull]) => pull?.cause === cause).flatMap((group) => group),
  };
}

function ofPulls(pulls: readonly Pull[]): BrokenLink {
  const [first] = pulls;
  return {
    status: first?.status === 'fail' ? 'fail' : 'unknown',
    title: `${poolsOf(pulls)} can pull ${imagesOf(pulls)}`,
    seen: first?.message ?? '',
    ...optional('cause', first?.cause),
    ...optional('fix', first?.fix),
    ...optional('docs', first?.docs),
    pulls,
  };
}

/** More names than this are counted. */
const MOST_NAMES = 4;

/** `node pool a`, `node pools a, b and c`, `12 node pools (a, b, c, d and 8 more)`. */
export function poolsOf(pulls: readonly Pull[]): string {
  const names = [...new Set(pulls.map(({ nodePool }) => nodePool))];
  if (names.length === 1) return `node pool ${names.join('')}`;
  return names.length > MOST_NAMES
    ? `${names.length} node pools (${shortList(names)})`
    : `node pools ${shortList(names)}`;
}

function imagesOf(pulls: readonly Pull[]): string {
  const names = [...new Set(pulls.map(({ image }) => image))];
  return names.length === 1 ? names.join('') : `${names.length} images (${shortList(names)})`;
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES);
  const more = names.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.pop();
  return `${shown.join(', ')} and ${last ?? ''}`;
}
