/**
 * The catalogue: why a check fails, and how to mend it. A cause is a record in the file of its family; adding one touches
 * that file and its page in docs/causes, which is made from it.
 */
import { ACCESS } from './catalogue/access.js';
import { AZURE } from './catalogue/azure.js';
import { CLUSTER } from './catalogue/cluster.js';
import { IMAGE } from './catalogue/image.js';
import { NETWORK } from './catalogue/network.js';
import { NODE } from './catalogue/node.js';
import { POLICY } from './catalogue/policy.js';
import { REGISTRY } from './catalogue/registry.js';
import { RUN } from './catalogue/run.js';
import { SIGN_IN } from './catalogue/sign-in.js';
import { TOOL } from './catalogue/tool.js';
import type { Cause } from './cause.js';

/** What kind of thing is broken, and the causes of that kind. */
const FAMILIES = {
  access: ACCESS,
  image: IMAGE,
  network: NETWORK,
  registry: REGISTRY,
  node: NODE,
  cluster: CLUSTER,
  policy: POLICY,
  tool: TOOL,
  azure: AZURE,
  'sign-in': SIGN_IN,
  run: RUN,
} as const;

export type Family = keyof typeof FAMILIES;

export type CauseId = { [Kind in Family]: keyof (typeof FAMILIES)[Kind] }[Family];

const ENTRIES = Object.entries(FAMILIES).flatMap(([family, causes]) =>
  Object.entries<Cause>(causes).map(([id, cause]) => ({ id, cause, family: family as Family })),
);

/** All causes, by id. */
export const CAUSES = Object.fromEntries(ENTRIES.map(({ id, cause }) => [id, cause])) as Readonly<
  Record<CauseId, Cause>
>;

const FAMILY_OF = new Map(ENTRIES.map(({ id, family }) => [id, family]));

/** Where the pages are. */
export const DOCS = 'https://github.com/aks-acr-pull/aks-acr-pull/blob/main/docs/causes';

/** What kind of thing is broken. */
export function familyOf(id: CauseId): Family {
  const family = FAMILY_OF.get(id);
  if (family === undefined) throw new Error(`no family has the cause ${id}`);
  return family;
}

/** The page of a cause. */
export function pageOf(id: string): string {
  return `${DOCS}/${id}.md`;
}

/** Whether an id is one of the catalogue's. */
export function isCause(id: string): id is CauseId {
  return FAMILY_OF.has(id);
}
