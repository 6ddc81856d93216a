/**
 * Which image is pulled where none was named: a small one, for every pool, that the nodes hardly have yet. However many
 * repositories a registry has, a bounded part of it is looked at; the same registry gives the same image.
 */
import { coversRepository } from './condition.js';
import type { DataPlane, ImageFacts } from './data-plane.js';
import { RegistryError } from './data-plane.js';

export interface ChosenImage {
  repository: string;
  tag: string;
  facts: ImageFacts;
  /** For people: why this one. */
  why: string;
}

/** How much of a registry is looked at. */
const PAGE = 100;
const TAGS_LISTED = 20;
const TAGS_EACH = 3;
const REPOSITORIES_AT_ONCE = 12;
/** More of them only while there was no image among those before. */
const ROUNDS = 3;
const MOST_PREFIXES = 3;
/** Indexes that are looked into for the size of an image of theirs. */
const MOST_WEIGHED = 6;

/** cosign's signatures, attestations and bills of material, and the referrers of an image, by their tags. */
const REFERRER_TAG = /^sha256-[0-9a-f]{64}(\.\w+)?$/;

/**
 * Copies of what the nodes' own image brings, by the names they have at Microsoft's registry, and our own probe image,
 * which an earlier run left on them (Azure/AgentBaker, parts/common/components.json).
 */
const LIKELY_HELD =
  /(^|\/)(oss\/(v2\/)?(kubernetes|kubernetes-csi|azure|cilium|calico|tigera|open-policy-agent)|containernetworking|azuremonitor|aks|windows\/(servercore|nanoserver))\/|(^|\/)windows\/(servercore|nanoserver)$|(^|\/)(pause|kube-proxy|coredns|metrics-server)$|^aks-acr-pull\/probe$/;

interface Candidate {
  repository: string;
  tag: string;
  facts: ImageFacts;
  /** Platforms that are wanted and not there; a half when that can't be told. */
  missing: number;
  likelyHeld: boolean;
  size?: number;
}

/** What was looked at, for people. */
interface Looked {
  repositories: number;
  unreadable: number;
  artifacts: number;
}

/**
 * @param platforms `os/architecture` of the pools
 * @param limits repositories that may be chosen from; `team/*` is a prefix; empty: all
 * @returns the image, or why there is none
 * @throws {RegistryError} when the repositories can't be listed
 */
export async function chooseImage(
  plane: DataPlane,
  platforms: readonly string[],
  limits: readonly string[] = [],
): Promise<ChosenImage | { none: string; refused: boolean }> {
  const names = await repositoriesIn(plane, limits);
  const looked: Looked = { repositories: 0, unreadable: 0, artifacts: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const part = spread(names, round);
    const found = (await Promise.all(part.map((name) => lookInto(plane, name, platforms, looked)))).flat();
    if (found.length > 0) return best(plane, found, platforms);
  }
  return { none: nothingIn(looked), refused: looked.unreadable > 0 };
}

async function repositoriesIn(plane: DataPlane, limits: readonly string[]): Promise<string[]> {
  if (limits.length === 0) return plane.repositories(PAGE);
  const prefixes = limits.filter((limit) => limit.endsWith('/*')).slice(0, MOST_PREFIXES);
  const pages = await Promise.all(
    prefixes.map(async (prefix) => plane.repositories(PAGE, prefix.slice(0, -1)).catch(noneIfRefused)),
  );
  const listed = pages.flat().filter((name) => coversRepository(limits, name));
  return [...new Set([...limits.filter((limit) => !limit.endsWith('/*')), ...listed])];
}

/** Evenly over the whole page, so that one team's hundred charts, all of one prefix, don't hide the rest. */
function spread(names: readonly string[], round: number): string[] {
  const step = Math.max(1, Math.ceil(names.length / REPOSITORIES_AT_ONCE));
  const order = Array.from({ length: step }, (_, offset) => names.filter((__, at) => at % step === offset));
  return order.flat().slice(round * REPOSITORIES_AT_ONCE, (round + 1) * REPOSITORIES_AT_ONCE);
}

/** Images of one repository; none when this login may not read it: another may do. */
async function lookInto(
  plane: DataPlane,
  repository: string,
  platforms: readonly string[],
  looked: Looked,
): Promise<Candidate[]> {
  looked.repositories += 1;
  let tags: string[];
  try {
    tags = await plane.tags(repository, TAGS_LISTED);
  } catch (error) {
    looked.unreadable += 1;
    return noneIfRefused(error);
  }
  const named = tags.filter((tag) => !REFERRER_TAG.test(tag));
  looked.artifacts += tags.length - named.length;
  const described = await Promise.all(
    // The last by name: of versions the newest, as a rule, which the nodes have pulled less often.
    named.slice(-TAGS_EACH).map(async (tag): Promise<Candidate[]> => {
      const facts = await plane.describe({ repository, tag }).catch(noneIfRefused);
      if (Array.isArray(facts)) return [];
      if (facts.artifact !== undefined) {
        looked.artifacts += 1;
        return [];
      }
      return [
        {
          repository,
          tag,
          facts,
          missing: missingOf(facts, platforms),
          likelyHeld: LIKELY_HELD.test(repository),
          ...(facts.size === undefined ? {} : { size: facts.size }),
        },
      ];
    }),
  );
  return described.flat();
}

function noneIfRefused(error: unknown): never[] {
  if (error instanceof RegistryError) return [];
  throw error;
}

function missingOf({ platforms: has }: ImageFacts, platforms: readonly string[]): number {
  return has.length === 0 ? 0.5 : platforms.filter((platform) => !has.includes(platform)).length;
}

async function best(
  plane: DataPlane,
  found: readonly Candidate[],
  platforms: readonly string[],
): Promise<ChosenImage> {
  const ranked = [...found].sort(byRank);
  const [top] = ranked;
  if (top === undefined) throw new Error('there is nothing to choose from');
  const equals = ranked.filter(
    ({ missing, likelyHeld }) => missing === top.missing && likelyHeld === top.likelyHeld,
  );
  const weighed = await Promise.all(
    equals.map(async (one, nth) => (nth < MOST_WEIGHED ? weigh(plane, one, platforms) : one)),
  );
  const [chosen = top] = weighed.sort(byRank);
  const { repository, tag, facts } = chosen;
  return { repository, tag, facts, why: whyOf(chosen, found.length, platforms) };
}

/** An index's size is that of its image for a pool. */
async function weigh(plane: DataPlane, one: Candidate, platforms: readonly string[]): Promise<Candidate> {
  const { repository, facts, size } = one;
  const image = facts.images?.find(({ platform }) => platforms.includes(platform)) ?? facts.images?.[0];
  if (size !== undefined || image === undefined || image.digest === '') return one;
  const inside = await plane.describe({ repository, digest: image.digest }).catch(noneIfRefused);
  return Array.isArray(inside) || inside.size === undefined ? one : { ...one, size: inside.size };
}

function byRank(one: Candidate, other: Candidate): number {
  return (
    one.missing - other.missing ||
    Number(one.likelyHeld) - Number(other.likelyHeld) ||
    (one.size ?? Number.MAX_SAFE_INTEGER) - (other.size ?? Number.MAX_SAFE_INTEGER) ||
    inOrder(one.repository, other.repository) ||
    inOrder(one.tag, other.tag)
  );
}

/** By code units: the same on every machine, whatever its language. */
function inOrder(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function whyOf(chosen: Candidate, images: number, platforms: readonly string[]): string {
  const covered = platforms.length - chosen.missing;
  const reach =
    chosen.missing === 0
      ? 'for every pool'
      : chosen.facts.platforms.length === 0
        ? 'for one platform, which only the node will tell'
        : `for ${covered} of ${platforms.length} platforms of the pools`;
  const size = chosen.size === undefined ? '' : `, ${sizeInWords(chosen.size)}`;
  const among = images === 1 ? 'the only image found' : `the best of ${images} images looked at`;
  const held = chosen.likelyHeld ? '; the nodes may have it already' : '';
  return `${among}: ${reach}${size}${held}`;
}

function sizeInWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}

function nothingIn({ repositories, unreadable, artifacts }: Looked): string {
  if (repositories === 0) return 'this login sees no repository there';
  const count = repositories === 1 ? 'the one repository' : `the ${repositories} repositories`;
  if (unreadable === repositories) return `this login may read none of ${count} looked at`;
  return artifacts > 0
    ? `${count} looked at hold other artifacts, such as charts and signatures, but no tagged image`
    : 'this login sees no tagged image there';
}
