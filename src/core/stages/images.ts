/** Images of what is about to be deployed: judged one by one, some of them really pulled. */
import { decideAccess } from '../azure/access.js';
import type { DecidedAccess } from '../azure/access.js';
import type { Cluster, NodePool } from '../azure/cluster.js';
import { RegistryError } from '../azure/data-plane.js';
import type { DataPlane, ImageFacts, ManifestAttributes } from '../azure/data-plane.js';
import type { Registry } from '../azure/registry.js';
import type { Truth } from '../azure/truth.js';
import type { Deployables, ImageUse, NamedImage } from '../deployables/model.js';
import { landsOn } from '../deployables/placement.js';
import { selectPulls } from '../deployables/select.js';
import type { Candidate } from '../deployables/select.js';
import { CAUSES, pageOf } from '../diagnosis/causes.js';
import type { CauseId } from '../diagnosis/causes.js';
import { wrongRole } from '../diagnosis/explain.js';
import { CredentialWithheld } from '../http/trust.js';
import { optional } from '../json.js';
import { ClusterRefusal } from '../kubernetes/answers.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { nodeRoomByPool } from '../kubernetes/nodes.js';
import type { NodeRoom } from '../kubernetes/nodes.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Ports } from '../ports.js';
import type { Allowed, DeployedImage, ImageUse as ReportedUse, Pull, Result } from '../report.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';
import type { AccessFacts } from './decide.js';
import type { WantedImage } from './image.js';
import type { ChosenPools } from './prove.js';

/** Manifests that are asked for side by side. */
const AT_ONCE = 8;

/** What the registry says of one image. */
export interface Seen {
  named: NamedImage;
  exists: Truth;
  facts?: ImageFacts;
  attributes?: ManifestAttributes;
  /** Nobody can pull it: it, or its repository, is locked. */
  locked?: true;
  because?: string;
}

/**
 * Asks the registry about each image, once: whether it is there, and what platforms it has. Where it doesn't answer at all
 * it isn't asked again.
 */
export async function lookAtImages(
  images: readonly NamedImage[],
  registry: Registry,
  dataPlane: DataPlane,
): Promise<Seen[]> {
  let silent: string | undefined;
  return inLanes(images, AT_ONCE, async (named): Promise<Seen> => {
    if (silent !== undefined) return { named, exists: 'unknown', because: silent };
    const { repository } = named.reference;
    try {
      const facts = await dataPlane.describe(named.reference);
      const single = facts.images === undefined && facts.artifact === undefined;
      // A single manifest names its platform in its config alone, which the registry has read.
      const attributes =
        single || registry.quarantines === true
          ? await dataPlane.attributes(repository, facts.digest).catch(noneIfRefused)
          : undefined;
      return { named, exists: true, facts, ...optional('attributes', attributes) };
    } catch (error) {
      if (error instanceof RegistryError) {
        if (error.status === 404) return { named, exists: false, because: error.message };
        // Its words: docs: container-registry/container-registry-image-lock.
        if (/operation is disallowed on this registry, repository or image/i.test(error.said))
          return { named, exists: 'unknown', locked: true, because: error.message };
        return { named, exists: 'unknown', because: error.message };
      }
      if (!(
        error instanceof HttpFault ||
        error instanceof SignInError ||
        error instanceof CredentialWithheld
      ))
        throw error;
      if (error instanceof HttpFault && error.kind === 'aborted') throw error;
      silent = error.message;
      return { named, exists: 'unknown', because: silent };
    }
  });
}

function noneIfRefused(error: unknown): undefined {
  if (error instanceof RegistryError) return undefined;
  throw error;
}

async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  await Promise.all(
    Array.from({ length: Math.min(lanes, items.length) }, async () => {
      for (const [nth, item] of waiting) results[nth] = await work(item);
    }),
  );
  return results;
}

/** Pods' names of an image, as the runtime completes them. */
const nameOf = ({ named }: Pick<Seen, 'named'>): string => named.reference.name;

export interface Judgement {
  registry: Registry;
  cluster: Cluster;
  principalId: string;
  decided: AccessFacts;
  chosen: ChosenPools;
  /** Pools were named: only these are asked about. */
  poolsNamed: boolean;
  /** Real pulls on each pool that this registry may have. */
  most: number;
}

/** What is known of a pool's nodes: their labels, and room for images. */
export type Nodes = ReadonlyMap<string, readonly NodeRoom[]>;

/**
 * The pools' nodes, for where workloads can land and for room on their disks. Optional: without the right to list them
 * labels are known as far as Azure says, and no pull is held back.
 */
export async function lookAtNodes(
  connection: ClusterConnection,
  ports: Ports,
  telling: Telling,
): Promise<Nodes | undefined> {
  const since = ports.clock.now();
  try {
    return await nodeRoomByPool(connection, ports.signal);
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error;
    telling.tell(
      'nodes-listed',
      'the nodes have room for the images, and their labels are known',
      {
        status: 'skip',
        evidence: `${error.message}; this takes the right to list nodes`,
      },
      since,
    );
    return undefined;
  }
}

/** An image with all that was found out about it. */
interface Judged {
  seen: Seen;
  row: DeployedImage;
  access: DecidedAccess | undefined;
  mode: Registry['mode'];
  /** Pools it can land on: surely, or possibly. */
  pools: { pool: NodePool; lands: Truth; platform: Truth }[];
}

/** One registry's images. */
export class DeployedImages {
  readonly #judged: Judged[];

  constructor(
    seen: readonly Seen[],
    private readonly ground: Judgement,
    private readonly nodes: Nodes | undefined,
  ) {
    const decide = accessByRepository(ground);
    this.#judged = seen.map((one) => judge(one, decide(one.named.reference.repository), ground, nodes));
  }

  get rows(): DeployedImage[] {
    return this.#judged.map(({ row }) => row);
  }

  /** The pulls to make, and those that would fill a node. */
  async select(dataPlane: DataPlane): Promise<Selection> {
    const pools = this.ground.chosen.pools;
    const candidates = this.#judged
      .filter(({ seen }) => seen.exists !== false && seen.locked !== true)
      .map((one): Candidate<Judged, NodePool> => ({
        image: one,
        pools: one.pools.flatMap(({ pool, lands, platform }) =>
          lands !== false && platform !== false && pools.includes(pool) ? [pool] : [],
        ),
        repository: one.seen.named.reference.repository,
        access: [...(one.access?.decidedBy ?? []), String(one.access?.allowed)].join(' '),
        ...optional('size', sizeOf(one.seen)),
      }));
    const pairs = selectPulls(candidates, pools, this.ground.most);
    const rooms = new Map<string, RoomLeft[]>(
      [...(this.nodes ?? [])].map(([pool, nodes]) => [pool, nodes.map(roomLeft)]),
    );
    const selection: Selection = { pairs: [], held: [] };
    for (const { image, pool } of pairs) {
      const rooms_ = rooms.get(pool.name);
      const size = rooms_ === undefined ? undefined : await sizeFor(image.seen, pool, dataPlane);
      const fits = rooms_ === undefined ? ({ fits: true } as Fitting) : place(rooms_, size);
      if (fits.fits)
        selection.pairs.push({ image: wanted(image.seen), pool, ...optional('node', fits.node) });
      else selection.held.push({ image: nameOf(image.seen), pool, why: fits.why });
    }
    return selection;
  }

  /** Keeps what the pulls came to, and tells all images, by what they have in common. */
  tell(pulls: readonly Pull[], request: Request, telling: Telling): Result {
    for (const { row } of this.#judged) addPulls(row, pulls);
    for (const one of this.#judged) settle(one, request);
    telling.connection.images = this.rows;
    const count = this.#judged.length;
    if (count === 0) return 'passed';
    const { loginServer } = this.ground.registry;
    const all = count === 1 ? `the one image of ${loginServer}` : `all ${count} images of ${loginServer}`;
    for (const { id, title, fails } of ASSERTIONS) {
      const failing = this.#judged.flatMap((one) => {
        const found = fails(one, request);
        return found === undefined ? [] : [{ ...found, one }];
      });
      const worst =
        failing.find(({ status }) => status === 'fail') ??
        failing.find(({ status }) => status === 'unknown') ??
        failing[0];
      if (worst === undefined) {
        if (this.#isSaid(id)) telling.pass(id, title(all), this.#good(id));
        continue;
      }
      telling.tell(id, title(all), {
        status: worst.status,
        evidence: listed(
          failing.map(({ one, why }) => `${nameOf(one.seen)} (${whereOf(one.seen.named.uses)}): ${why}`),
        ),
        ...optional('cause', worst.cause),
        ...(worst.cause === undefined
          ? {}
          : {
              fix: CAUSES[worst.cause].fix({
                ...telling.facts,
                image: worst.one.seen.named.reference.repository,
              }),
            }),
      });
    }
    this.#tellPulled(request, telling);
    const statuses = this.rows.map(({ status }) => status);
    if (statuses.includes('fail')) return 'failed';
    return statuses.includes('unknown') ? 'unknown' : 'passed';
  }

  /** That access covers the images the check of access has said; locks show only where they are. */
  #isSaid(id: string): boolean {
    if (id === 'images-access') return false;
    return id !== 'images-held' || this.ground.registry.quarantines === true;
  }

  #good(id: string): string {
    if (id !== 'images-there') return '';
    return `${this.#judged.filter(({ seen }) => seen.exists === true).length} manifests read`;
  }

  #tellPulled(request: Request, telling: Telling): void {
    if (request.verify !== 'pull') return;
    const not = this.rows.filter(({ pulled }) => pulled === 'not pulled');
    const pulled = this.rows.length - not.length;
    if (not.length === 0) return;
    telling.tell(
      'images-pulled',
      `of ${this.rows.length} images ${pulled} ${pulled === 1 ? 'was' : 'were'} really pulled`,
      {
        status: 'skip',
        evidence: `not pulled, but judged by manifest and access: ${listed(not.map(({ image }) => image))}. At most ${this.ground.most} a pool are pulled (input max-pulls).`,
      },
    );
  }
}

/** Lines of a list that may be long. */
const MOST_LISTED = 20;

function listed(lines: readonly string[]): string {
  const shown = lines.slice(0, MOST_LISTED);
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more; the report names all`] : [])].join(
    lines.length > 1 ? '\n' : '',
  );
}

function whereOf(uses: readonly ImageUse[]): string {
  const [first] = uses;
  if (first === undefined) return 'input image';
  const { file, line } = first.place;
  const more = uses.length > 1 ? ` and ${uses.length - 1} more` : '';
  return `${file}${line === undefined ? '' : `:${line}`}${more}`;
}

interface Failing {
  status: 'warn' | 'fail' | 'unknown';
  why: string;
  cause?: CauseId;
}

interface Assertion {
  id: string;
  /** @param all "all 60 images of contoso.azurecr.io" */
  title: (all: string) => string;
  fails: (one: Judged, request: Request) => Failing | undefined;
}

const isPulled = ({ row }: Judged): boolean => row.pulled === 'proved';

/** What is asserted of every image, in the order in which it is told. */
const ASSERTIONS: readonly Assertion[] = [
  {
    id: 'images-there',
    title: (all) =>
      `${all} that are to be deployed are in the registry`.replace(
        /^(the one image.*) that are to be deployed are/,
        '$1 that is to be deployed is',
      ),
    fails(one) {
      const { exists, because = '', locked, facts } = one.seen;
      if (exists === false) return { status: 'fail', cause: 'tag-not-found', why: because };
      if (facts?.artifact !== undefined && facts.platforms.length === 0)
        return {
          status: 'fail',
          cause: 'manifest-media-type',
          why: `it is no image but ${facts.artifact || 'another artifact'}`,
        };
      if (exists === true || locked === true || isPulled(one)) return undefined;
      return { status: 'unknown', cause: 'image-unseen', why: because };
    },
  },
  {
    id: 'images-held',
    title: (all) => `nothing in the registry holds back ${all}`,
    fails({ seen: { locked, attributes, because = '' } }) {
      if (locked === true || attributes?.readEnabled === false)
        return { status: 'fail', cause: 'registry-locked', why: because || 'readEnabled is false' };
      const state = attributes?.quarantine;
      if (state !== undefined && state.toLowerCase() !== 'passed')
        return { status: 'fail', cause: 'image-quarantined', why: `its quarantine state is ${state}` };
      return undefined;
    },
  },
  {
    id: 'images-access',
    title: (all) => `the kubelet identity may pull from the repositories of ${all}`,
    fails({ access, mode, row }) {
      if (row.access === true) return undefined;
      if (row.access === 'unknown' || access === undefined)
        return {
          status: row.pulled === 'proved' ? 'warn' : 'unknown',
          cause: 'access-unknown',
          why: access?.because ?? 'role assignments could not be read',
        };
      return {
        status: 'fail',
        cause: wrongRole({
          ignoredRole: access.ignored.length > 0,
          limitedRole: access.limited.length > 0,
          denied: access.denied !== undefined,
          mode,
        }),
        why: access.because,
      };
    },
  },
  {
    id: 'images-platforms',
    title: (all) =>
      `${all} have a platform for every pool that their workloads can land on`.replace(
        /^(the one image.*) have a platform(.*) their workloads/,
        '$1 has a platform$2 its workloads',
      ),
    fails({ pools, seen: { facts, attributes, exists }, row }) {
      if (exists !== true) return undefined;
      const has = platformsOf(facts, attributes).join(', ') || 'a platform that it does not tell';
      const surely = pools.filter(({ lands, platform }) => lands === true && platform === false);
      if (surely.length > 0)
        return {
          status: 'fail',
          cause: 'platform-mismatch-arch',
          why: `it has ${has}, and its workload can land on ${poolsInWords(surely)}; a nodeSelector such as kubernetes.io/os or kubernetes.io/arch keeps it away`,
        };
      const perhaps = pools.filter(({ lands, platform }) => lands === 'unknown' && platform === false);
      if (perhaps.length > 0)
        return {
          status: 'unknown',
          cause: 'platform-mismatch-arch',
          why: `it has ${has}, and whether its workload can land on ${poolsInWords(perhaps)} is not known: that takes the labels of its nodes`,
        };
      if (pools.every(({ lands }) => lands === false))
        return {
          status: 'warn',
          why: 'no pool of the cluster takes its workload, by selector, affinity or taints',
        };
      const untold = pools.filter(({ lands, platform }) => lands !== false && platform === 'unknown');
      if (untold.length > 0 && row.pulled !== 'proved')
        return {
          status: 'unknown',
          cause: 'image-unseen',
          why: `its platform could not be read, so whether ${poolsInWords(untold)} can run it is not known`,
        };
      return undefined;
    },
  },
];

function poolsInWords(pools: readonly { pool: NodePool }[]): string {
  return pools.map(({ pool }) => `${pool.name} (${pool.os}/${pool.architecture})`).join(', ');
}

function accessByRepository({
  decided,
  registry,
  principalId,
}: Judgement): (repository: string) => DecidedAccess | undefined {
  const known = new Map<string, DecidedAccess | undefined>();
  return (repository) => {
    const read = decided.unreadable === undefined ? decided.read : undefined;
    if (!known.has(repository))
      known.set(
        repository,
        read === undefined ? undefined : decideAccess(read, registry, principalId, [repository]),
      );
    return known.get(repository);
  };
}

function judge(
  seen: Seen,
  access: DecidedAccess | undefined,
  { cluster, registry, chosen, poolsNamed }: Judgement,
  nodes: Nodes | undefined,
): Judged {
  const workloads = seen.named.uses.map(({ workload }) => workload);
  const asked = poolsNamed ? chosen.pools : cluster.pools;
  const platforms = platformsOf(seen.facts, seen.attributes);
  const pools = asked.map((pool) => {
    const here = workloads.map((workload) => landsOn(workload, pool, nodes?.get(pool.name)));
    const lands: Truth =
      workloads.length === 0 || here.includes(true) ? true : here.includes('unknown') ? 'unknown' : false;
    const platform: Truth =
      platforms.length === 0 || pool.provisioned === true
        ? 'unknown'
        : platforms.includes(`${pool.os}/${pool.architecture}`);
    return { pool, lands, platform };
  });
  const allowed: Allowed = access?.allowed ?? 'unknown';
  return {
    seen,
    access,
    mode: registry.mode,
    pools,
    row: {
      image: nameOf(seen),
      status: 'pass',
      exists: seen.exists,
      ...optional('digest', seen.facts?.digest),
      access: allowed,
      pools: pools.flatMap(({ pool, lands, platform }) =>
        lands === false ? [] : [{ nodePool: pool.name, platform }],
      ),
      pulled: 'not pulled',
      uses: seen.named.uses.map(reportedUse),
    },
  };
}

/** A use as the report tells it. */
export function reportedUse({ place, workload, container }: ImageUse): ReportedUse {
  const namespace = workload.namespace === undefined ? '' : `${workload.namespace}/`;
  return { ...place, workload: `${workload.kind} ${namespace}${workload.name}`, container };
}

function platformsOf(facts: ImageFacts | undefined, attributes: ManifestAttributes | undefined): string[] {
  if (facts === undefined) return [];
  if (facts.platforms.length > 0) return facts.platforms;
  return attributes?.platform === undefined ? [] : [attributes.platform];
}

function sizeOf({ facts, attributes }: Seen): number | undefined {
  return facts?.size ?? (facts?.images === undefined ? attributes?.size : undefined);
}

/** Compressed bytes of what a pool's nodes would pull. */
async function sizeFor(seen: Seen, pool: NodePool, dataPlane: DataPlane): Promise<number | undefined> {
  const own = sizeOf(seen);
  if (own !== undefined) return own;
  const inside = seen.facts?.images?.find(({ platform }) => platform === `${pool.os}/${pool.architecture}`);
  if (inside === undefined || inside.digest === '') return undefined;
  try {
    return (await dataPlane.attributes(seen.named.reference.repository, inside.digest)).size;
  } catch (error) {
    if (error instanceof RegistryError || error instanceof HttpFault) return undefined;
    throw error;
  }
}

function wanted(seen: Seen): WantedImage {
  const seenAs = seen.exists === true ? 'there' : seen.exists === false ? 'absent' : 'unknown';
  return {
    reference: nameOf(seen),
    repository: seen.named.reference.repository,
    chosen: false,
    seen: seenAs,
    ...optional('facts', seen.facts),
    ...optional('because', seen.because),
  };
}

/** What is to be pulled where. */
export interface Selection {
  pairs: { image: WantedImage; pool: NodePool; node?: string }[];
  /** Pulls that are not made, because a node would have no room for them. */
  held: { image: string; pool: NodePool; why: string }[];
}

interface RoomLeft {
  node: NodeRoom;
  /** Bytes that images may still take; absent where the node doesn't say. */
  left?: number;
}

/** Kubelets remove images from this part of the disk on (KubeletConfiguration, imageGCHighThresholdPercent: 85). */
const FILLED = 0.85;
/**
 * A pulled image takes its compressed layers and the unpacked ones, which are larger. Assumption: three times the
 * compressed size in all; images of code and libraries unpack to about twice.
 */
const UNPACKED = 3;

function roomLeft(node: NodeRoom): RoomLeft {
  return {
    node,
    ...optional('left', node.diskBytes === undefined ? undefined : node.diskBytes * FILLED - node.imageBytes),
  };
}

type Fitting = { fits: true; node?: string } | { fits: false; why: string };

/** Finds room on a node of a pool and takes it; a node is named only where not every one has room. */
function place(rooms: readonly RoomLeft[], size: number | undefined): Fitting {
  const ready = rooms.filter(({ node }) => node.ready);
  if (ready.length === 0) return { fits: true };
  const needed = (size ?? 0) * UNPACKED;
  const fitting = ready.filter(
    ({ node, left }) => !node.diskPressure && (left === undefined || left >= needed),
  );
  const [first] = [...fitting].sort((one, other) => (other.left ?? 0) - (one.left ?? 0));
  if (first === undefined) {
    const pressed = ready.filter(({ node }) => node.diskPressure).map(({ node }) => node.name);
    return {
      fits: false,
      why:
        pressed.length > 0
          ? `${pressed.join(', ')} ${pressed.length === 1 ? 'is' : 'are'} under disk pressure`
          : `about ${inMegabytes(needed)} would be needed, and ${inMegabytes(Math.max(0, ...ready.map(({ left = 0 }) => left)))} are left before kubelets remove images`,
    };
  }
  // Where any node may take it, it counts on every one.
  const all = fitting.length === ready.length;
  for (const room of all ? fitting : [first]) if (room.left !== undefined) room.left -= needed;
  return all ? { fits: true } : { fits: true, node: first.node.name };
}

const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`;

/** A pull that isn't made because of the node's disk. */
export function heldBack({ image, pool, why }: Selection['held'][number], telling: Telling): Pull {
  const cause = 'would-fill-node';
  return {
    nodePool: pool.name,
    os: pool.os,
    architecture: pool.architecture,
    image,
    proved: 'none',
    status: 'unknown',
    message: why,
    cause,
    fix: CAUSES[cause].fix(telling.facts),
    docs: pageOf(cause),
    attempts: 0,
    durationMs: 0,
  };
}

function addPulls(row: DeployedImage, pulls: readonly Pull[]): void {
  const own = pulls.filter(({ image, status }) => image === row.image && status !== 'skip');
  if (own.length === 0) return;
  if (own.some(({ status }) => status === 'fail')) row.pulled = 'refused';
  else row.pulled = own.every(({ status }) => status === 'pass') ? 'proved' : 'unknown';
}

const ORDER = ['fail', 'unknown', 'warn'] as const;

/** Gives an image the worst that was found of it. */
function settle(one: Judged, request: Request): void {
  const found = ASSERTIONS.flatMap(({ fails }) => fails(one, request) ?? []);
  const worst = ORDER.flatMap((status) => found.filter((failing) => failing.status === status))[0];
  const { row } = one;
  if (worst !== undefined) {
    row.status = worst.status;
    row.message = worst.why;
    if (worst.cause !== undefined) row.cause = worst.cause;
  }
  if (row.pulled === 'refused' && row.status !== 'fail') {
    row.status = 'fail';
    row.message = 'a node could not pull it';
  } else if (row.pulled === 'unknown' && row.status !== 'fail') row.status = 'unknown';
}

/** The images that belong to a registry, once its login server is known. */
export function imagesOf(deployables: Deployables, registry: Pick<Registry, 'loginServer'>): NamedImage[] {
  return deployables.images.filter(({ reference }) => reference.host === registry.loginServer);
}
