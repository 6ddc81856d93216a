/** The way an image takes, as a picture: kubelet identity → role → registry → node pools, with the broken link marked. */
import type { Connection, PullStatus } from '../core/report.js';
import { forMarkdown, forMermaid } from './escape.js';
import { count, list, MARKS, poolStatuses, registryName } from './words.js';

type LinkState = 'good' | 'broken' | 'unknown' | 'untried';

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
  unknown: {
    mark: `${MARKS.unknown} UNKNOWN: `,
    arrow: '-.->',
    style: 'stroke:#9a6700,stroke-width:2px,stroke-dasharray:2 4',
  },
  untried: { mark: '', arrow: '-.->', style: 'stroke:#8c959f,stroke-dasharray:2 4' },
};

const POOL_LINKS: Readonly<Record<PullStatus, Link>> = {
  pass: { state: 'good', words: 'pulled' },
  fail: { state: 'broken', words: 'pull refused' },
  unknown: { state: 'unknown', words: 'pull not proved' },
  skip: { state: 'untried', words: 'no pull' },
};

/** More pools than this share one node of the picture. */
const MOST_POOLS = 8;
const LONGEST_LABEL = 60;

function label(...lines: string[]): string {
  const shown = lines.map((line) => {
    const characters = [...line];
    return forMermaid(
      characters.length > LONGEST_LABEL ? `${characters.slice(0, LONGEST_LABEL - 1).join('')}…` : line,
    );
  });
  return `"${shown.join('<br/>')}"`;
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

/** identity → role, role → registry. */
function accessLinks({ access, identity }: Connection): [Link, Link] {
  const untried: Link = { state: 'untried', words: 'not reached' };
  // Mode disconnect: that there is no grant is what was wanted.
  if (access.removed !== undefined && access.allowed === false)
    return [{ state: 'untried', words: 'no grant' }, untried];
  if (access.allowed === true) {
    const made = access.created === undefined ? 'has it' : 'has it, granted now';
    return [
      { state: 'good', words: made },
      { state: 'good', words: 'lets it pull' },
    ];
  }
  if (identity.objectId === undefined) {
    return [{ state: 'unknown', words: 'which identity could not be told' }, untried];
  }
  if (access.allowed === 'unknown') return [{ state: 'unknown', words: 'could not be told' }, untried];
  if (access.grants.length === 0) return [{ state: 'broken', words: 'no grant' }, untried];
  return [
    { state: 'good', words: 'has it' },
    { state: 'broken', words: 'does not let it pull here' },
  ];
}

function poolLinks({ pulls }: Connection): { name: string; link: Link }[] {
  const pools = [...poolStatuses(pulls)];
  if (pools.length === 0) return [{ name: 'node pools', link: { state: 'untried', words: 'no pull tried' } }];
  if (pools.length <= MOST_POOLS) {
    return pools.map(([name, status]) => ({ name: `node pool ${name}`, link: POOL_LINKS[status] }));
  }
  const alike = new Map<PullStatus, number>();
  for (const [, status] of pools) alike.set(status, (alike.get(status) ?? 0) + 1);
  return [...alike].map(([status, number]) => ({
    name: count(number, 'node pool'),
    link: POOL_LINKS[status],
  }));
}

/** What failed may lie outside access and pulls, such as a stopped cluster: then the first link that isn't good is it. */
function withFailureMarked(links: Link[], { result, access }: Connection): Link[] {
  // What mode disconnect could not remove breaks no link.
  if (access.removed !== undefined) return links;
  if (result !== 'failed' || links.some(({ state }) => state === 'broken')) return links;
  const first = links.findIndex(({ state }) => state !== 'good');
  return links.map((link, index) => (index === first ? { ...link, state: 'broken' } : link));
}

function allLinks(
  connection: Connection,
  pools: readonly { link: Link }[],
): [Link | undefined, Link | undefined, ...Link[]] {
  const [toRole, toRegistry, ...toPools] = withFailureMarked(
    [...accessLinks(connection), ...pools.map(({ link }) => link)],
    connection,
  );
  return [toRole, toRegistry, ...toPools];
}

/** The same way as a Markdown list, a line for each link: for pages that show no pictures. */
export function pathList(connection: Connection): string {
  const pools = poolLinks(connection);
  const [toRole, toRegistry, ...toPools] = allLinks(connection, pools);
  const [role, registry] = [`role ${roleNames(connection)}`, `registry ${registryName(connection)}`];
  const item = (from: string, link: Link | undefined, to: string): string => {
    const { state, words } = link ?? { state: 'untried', words: '' };
    const line = `${LOOKS[state].mark}${forMarkdown(`${from} → ${to}: ${words}`)}`;
    return `- ${state === 'broken' ? `**${line}**` : line}`;
  };
  return [
    item(`kubelet identity ${identityName(connection)}`, toRole, role),
    item(role, toRegistry, registry),
    ...pools.map(({ name }, index) => item(registry, toPools[index], name)),
  ].join('\n');
}

/** A Mermaid flowchart of one connection, without its fence. */
export function pathDiagram(connection: Connection): string {
  const pools = poolLinks(connection);
  const [toRole, toRegistry, ...toPools] = allLinks(connection, pools);
  const arrow = (from: string, link: Link | undefined, to: string): string => {
    const { mark, arrow: shape } = LOOKS[link?.state ?? 'untried'];
    return `  ${from} ${shape}|"${mark}${forMermaid(link?.words ?? '')}"| ${to}`;
  };
  const links = [toRole, toRegistry, ...toPools];
  return [
    'flowchart LR',
    `  identity([${label('kubelet identity', identityName(connection))}])`,
    `  role[${label('role', roleNames(connection))}]`,
    `  registry[${label('registry', registryName(connection))}]`,
    ...pools.map(({ name }, index) => `  pool${index}[${label(name)}]`),
    arrow('identity', toRole, 'role'),
    arrow('role', toRegistry, 'registry'),
    ...pools.map((_, index) => arrow('registry', toPools[index], `pool${index}`)),
    ...links.map((link, index) => `  linkStyle ${index} ${LOOKS[link?.state ?? 'untried'].style}`),
  ].join('\n');
}
