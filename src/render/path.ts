/** The way an image takes, as a picture: kubelet identity → role → registry → node pools, with the broken link marked. */
import { brokenLinks } from '../core/broken-links.js';
import type { BrokenLink } from '../core/broken-links.js';
import { CAUSES, familyOf, isCause } from '../core/diagnosis/causes.js';
import type { CauseId, Family } from '../core/diagnosis/causes.js';
import type { Connection, Pull, PullStatus } from '../core/report.js';
import { forMarkdown, forMermaid } from './escape.js';
import { count, list, MARKS, poolStatuses, registryName } from './words.js';

/** `broken`: the one to mend first; `also`: broken as well. */
type LinkState = 'good' | 'broken' | 'also' | 'unknown' | 'untried';

interface Link {
  state: LinkState;
  /** What stands at the arrow, without its mark. */
  words: string;
}

/** A word and a line's shape as well as a colour, for those who don't see colours. */
const LOOKS: Readonly<Record<LinkState, { mark: string; arrow: string; style: string }>> = {
  good: { mark: `${MARKS.pass} `, arrow: '-->', style: 'stroke:#1a7f37,stroke-width:2px' },
  broken: {
    mark: `${MARKS.fail} BROKEN: `,
    arrow: '-.->',
    style: 'stroke:#cf222e,stroke-width:4px,stroke-dasharray:6 4',
  },
  also: {
    mark: `${MARKS.fail} `,
    arrow: '-.->',
    style: 'stroke:#cf222e,stroke-width:2px,stroke-dasharray:6 4',
  },
  unknown: {
    mark: `${MARKS.unknown} UNKNOWN: `,
    arrow: '-.->',
    style: 'stroke:#9a6700,stroke-width:2px,stroke-dasharray:2 4',
  },
  untried: { mark: '', arrow: '-.->', style: 'stroke:#8c959f,stroke-dasharray:2 4' },
};

/** Where on the way a check is: before it begins, between identity and registry, at the registry; all others at the nodes. */
type Place = 'run' | 'role' | 'registry' | 'nodes';
const PLACES: Readonly<Record<string, Place>> = {
  'signed-in': 'run',
  ended: 'run',
  'went-through': 'run',
  cluster: 'run',
  repositories: 'run',
  assignments: 'run',
  'kubelet-identity': 'role',
  'identity-in-directory': 'role',
  'access-before': 'role',
  access: 'role',
  'deny-assignments': 'role',
  grant: 'role',
  plan: 'role',
  'pulled-by-the-identity': 'role',
  'pull-secret': 'role',
  'pull-secret-expiry': 'role',
  registry: 'registry',
};
const placeOf = ({ check }: BrokenLink): Place =>
  check === undefined ? 'nodes' : (PLACES[check] ?? 'nodes');

const POOL_LINKS: Readonly<Record<PullStatus, Link>> = {
  pass: { state: 'good', words: 'pulled' },
  fail: { state: 'also', words: 'pull refused' },
  unknown: { state: 'unknown', words: 'pull not proved' },
  skip: { state: 'untried', words: 'no pull' },
};

/** What became of a pull that wasn't refused for who asked. */
const POOL_WORDS: Readonly<Partial<Record<Family | CauseId, string>>> = {
  'firewall-403': 'kept out',
  network: 'not reached',
  image: 'not this image',
  node: 'not pulled',
};

/** More pools than this share nodes of the picture. */
const MOST_POOLS = 8;
const LONGEST_LABEL = 60;

/** Longer text is cut at its end. */
function short(line: string): string {
  const characters = [...line];
  return characters.length > LONGEST_LABEL ? `${characters.slice(0, LONGEST_LABEL - 1).join('')}…` : line;
}

function label(...lines: string[]): string {
  return `"${lines.map((line) => forMermaid(short(line))).join('<br/>')}"`;
}

/** Who the nodes pull as. */
function pullsAs(connection: Connection): { what: string; name: string } {
  const { pullSecret } = connection;
  return pullSecret === undefined
    ? { what: 'kubelet identity', name: identityName(connection) }
    : { what: 'pull secret', name: `${pullSecret.namespace}/${pullSecret.name}` };
}

function identityName({ identity }: Connection): string {
  const name = identity.resourceId?.split('/').at(-1);
  if (name !== undefined && name !== '') return name;
  if (identity.kind === 'service-principal') return 'a service principal';
  return identity.objectId === undefined ? 'not known' : 'a managed identity';
}

function roleNames({ access, role }: Connection): string {
  const held = [...new Set(access.grants.map(({ roleName }) => roleName))];
  return held.length === 0 ? (role ?? 'a pull role') : list(held);
}

/** identity → role, role → registry; nothing in it is marked as broken yet. */
function accessLinks(connection: Connection): [Link, Link] {
  const { access, identity, checks, result, wouldChange } = connection;
  const untried = (words: string): Link => ({ state: 'untried', words });
  // A stored credential has no role in between that anybody looked at.
  if (connection.pullSecret !== undefined)
    return checks.some(({ id, status }) => id === 'pulled-with-the-secret' && status === 'pass')
      ? [
          { state: 'good', words: 'let the nodes pull' },
          { state: 'good', words: 'lets it pull' },
        ]
      : [untried('not proved'), untried('not reached')];
  // Mode disconnect: that there is no grant is what was wanted.
  if (access.removed !== undefined && access.allowed === false)
    return [untried('no grant'), untried('not reached')];
  if (access.allowed === true) {
    const made = access.created === undefined ? 'has it' : 'has it, granted now';
    return [
      { state: 'good', words: made },
      { state: 'good', words: 'lets it pull' },
    ];
  }
  if (identity.objectId === undefined) return [untried('not reached'), untried('not reached')];
  if (access.allowed === 'unknown') {
    const asked = checks.some(({ id }) => id === 'access');
    return [
      asked ? { state: 'unknown', words: 'could not be told' } : untried('not told'),
      untried('not reached'),
    ];
  }
  if (access.grants.length === 0) {
    const planned = wouldChange === true && result === 'passed';
    return [untried(planned ? 'no grant yet' : 'no grant'), untried('not reached')];
  }
  return [{ state: 'good', words: 'has it' }, untried('does not let it pull here')];
}

function poolLink(pulls: readonly Pull[], status: PullStatus): Link {
  const cause = pulls.find((pull) => pull.status === status)?.cause;
  const told = status === 'fail' && cause !== undefined && isCause(cause) ? cause : undefined;
  const words = told === undefined ? undefined : (POOL_WORDS[told] ?? POOL_WORDS[familyOf(told)]);
  return words === undefined ? POOL_LINKS[status] : { ...POOL_LINKS[status], words };
}

/** Node pools with what became of their pulls; many that look alike as one. */
function poolLinks(
  { pulls, result }: Connection,
  lead: BrokenLink | undefined,
): { name: string; link: Link }[] {
  const pools = [...poolStatuses(pulls)].map(([name, status]) => {
    const own = pulls.filter(({ nodePool }) => nodePool === name);
    const known = poolLink(own, status);
    const link: Link =
      known.state === 'also' && result === 'unknown' ? { ...known, state: 'unknown' } : known;
    const leads =
      lead !== undefined && placeOf(lead) === 'nodes' && own.some((pull) => lead.pulls.includes(pull));
    return { name, link: leads && link.state === 'also' ? { ...link, state: 'broken' as const } : link };
  });
  if (pools.length === 0) return [{ name: 'node pools', link: { state: 'untried', words: 'no pull tried' } }];
  if (pools.length <= MOST_POOLS) return pools.map(({ name, link }) => ({ name: `node pool ${name}`, link }));
  const alike = new Map<string, { link: Link; number: number }>();
  for (const { link } of pools) {
    const key = `${link.state} ${link.words}`;
    alike.set(key, { link, number: (alike.get(key)?.number ?? 0) + 1 });
  }
  return [...alike.values()].map(({ link, number }) => ({ name: count(number, 'node pool'), link }));
}

interface Way {
  /** Only where the way breaks before it begins. */
  before?: Link;
  toRole: Link;
  toRegistry: Link;
  pools: { name: string; link: Link }[];
}

/** All links, those that are broken marked: exactly one place is the one to mend first. */
function wayOf(connection: Connection): Way {
  const broken = connection.access.removed === undefined ? brokenLinks(connection) : [];
  const [lead] = broken;
  const [toRole, toRegistry] = accessLinks(connection);
  const way: Way = { toRole, toRegistry, pools: poolLinks(connection, lead) };
  return broken.reduce((marked, link) => mark(marked, link, link === lead), way);
}

function mark(way: Way, link: BrokenLink, leads: boolean): Way {
  const state = link.status === 'unknown' ? 'unknown' : leads ? 'broken' : 'also';
  const named =
    link.cause !== undefined && isCause(link.cause) ? short(CAUSES[link.cause].title) : 'see above';
  /** What the picture says of a link already stands, unless it looks good or untouched there. */
  const marked = ({ state: before, words }: Link): Link => ({
    state,
    words: before === 'good' || /^(not reached|not told|no pull tried)$/.test(words) ? named : words,
  });
  switch (placeOf(link)) {
    case 'run':
      return way.before === undefined ? { ...way, before: { state, words: named } } : way;
    case 'role':
      return way.toRole.state !== 'good' || way.toRegistry.state === 'good'
        ? { ...way, toRole: marked(way.toRole) }
        : { ...way, toRegistry: marked(way.toRegistry) };
    case 'registry':
      return { ...way, toRegistry: marked(way.toRegistry) };
    case 'nodes':
      // Pools that pulled, or failed, show it themselves.
      return {
        ...way,
        pools: way.pools.map((pool) =>
          link.pulls.length === 0 && pool.link.state === 'untried' && leads
            ? { ...pool, link: marked(pool.link) }
            : pool,
        ),
      };
  }
}

/** The same way as a Markdown list, a line for each link: for pages that show no pictures. */
export function pathList(connection: Connection): string {
  const { before, toRole, toRegistry, pools } = wayOf(connection);
  const [role, registry] = [`role ${roleNames(connection)}`, `registry ${registryName(connection)}`];
  const { what, name: who } = pullsAs(connection);
  const identity = `${what} ${who}`;
  const item = (from: string, { state, words }: Link, to: string): string => {
    const line = `${LOOKS[state].mark}${forMarkdown(`${from} → ${to}: ${words}`)}`;
    return `- ${state === 'broken' ? `**${line}**` : line}`;
  };
  return [
    ...(before === undefined ? [] : [item('this run', before, identity)]),
    ...(connection.pullSecret === undefined
      ? [item(identity, toRole, role), item(role, toRegistry, registry)]
      : [item(identity, toRole, registry)]),
    ...pools.map(({ name, link }) => item(registry, link, name)),
  ].join('\n');
}

/** A Mermaid flowchart of one connection, without its fence. */
export function pathDiagram(connection: Connection): string {
  const { before, toRole, toRegistry, pools } = wayOf(connection);
  const bySecret = connection.pullSecret !== undefined;
  const { what, name: who } = pullsAs(connection);
  const arrow = (from: string, { state, words }: Link, to: string): string =>
    `  ${from} ${LOOKS[state].arrow}|"${LOOKS[state].mark}${forMermaid(words)}"| ${to}`;
  const links = [
    ...(before === undefined ? [] : [{ from: 'run', link: before, to: 'identity' }]),
    ...(bySecret
      ? [{ from: 'identity', link: toRole, to: 'registry' }]
      : [
          { from: 'identity', link: toRole, to: 'role' },
          { from: 'role', link: toRegistry, to: 'registry' },
        ]),
    ...pools.map(({ link }, index) => ({ from: 'registry', link, to: `pool${index}` })),
  ];
  return [
    'flowchart LR',
    ...(before === undefined ? [] : [`  run([${label('this run')}])`]),
    `  identity([${label(what, who)}])`,
    ...(bySecret ? [] : [`  role[${label('role', roleNames(connection))}]`]),
    `  registry[${label('registry', registryName(connection))}]`,
    ...pools.map(({ name }, index) => `  pool${index}[${label(name)}]`),
    ...links.map(({ from, link, to }) => arrow(from, link, to)),
    ...links.map(({ link }, index) => `  linkStyle ${index} ${LOOKS[link.state].style}`),
  ].join('\n');
}
