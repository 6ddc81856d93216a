/** Situations of access as one simulated cloud: for each a subscription, a registry, and a cluster whose nodes pull from it. */
import type { Simulator } from '../../src/simulator/index.js';
import { NodeImages } from '../../src/simulator/kubernetes/node-images.js';
import { createCredentialProvider } from '../../src/simulator/kubernetes/credentials.js';
import { pullImage } from '../../src/simulator/kubernetes/puller.js';
import { ROLES, SITUATIONS } from '../core/azure/situations.js';
import type { Denied, Situation, Where } from '../core/azure/situations.js';

/** Repositories of every registry: all that situations ask for, and some beside them. */
export const REPOSITORIES = ['hello-world', 'team/app', 'team/sub/app', 'teams/x', 'backend/api'];
const TAG = '1';

/** What the simulated Azure evaluates of a condition (src/simulator/cloud/condition.ts); the rest it refuses as not modelled. */
const MODELLED =
  /^String(?:Not)?(?:Equals|StartsWith|Like)(?:IgnoreCase)?$|^ForAnyOfAnyValues:(?:String|Guid)Equals(?:IgnoreCase)?$/i;

function isModelled(condition: string): boolean {
  if (/&&|\|\||\bNOT\b|\bExists\b|SubOperation|@Environment|@Principal|containers:Name/i.test(condition))
    return false;
  const operators = [...condition.matchAll(/\]\s+([\w:]+)/g)].map(([, operator = '']) => operator);
  return operators.every((operator) => MODELLED.test(operator)) && /^[(!@]/.test(condition);
}

/** Situations with a definite answer that a scenario can express. */
export const PULLED: readonly Situation[] = SITUATIONS.filter(
  (situation) =>
    situation.mode !== 'unknown' &&
    situation.allowed !== 'unknown' &&
    situation.groupsRefused !== true &&
    situation.given.every(({ condition }) => condition === undefined || isModelled(condition)),
);

const subscriptionId = (nth: number): string => `10000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;
const ELSEWHERE = '20000000-0000-4000-8000-000000000000';

export const registryName = (nth: number): string => `reg${String(nth).padStart(4, '0')}`;
export const registryIdOf = (nth: number): string =>
  `/subscriptions/${subscriptionId(nth)}/resourceGroups/rg${nth}/providers/Microsoft.ContainerRegistry/registries/${registryName(nth)}`;

function scopeOf(nth: number, at: Where): string {
  const scopes: Record<Where, string> = {
    registry: `registry:${registryName(nth)}`,
    group: `rg:rg${nth}`,
    subscription: `subscription:sub${nth}`,
    'management-group': `management-group:mg${nth}`,
    root: '/',
    below: `${registryIdOf(nth)}/replications/west`,
    'other-registry': `${registryIdOf(nth)}2`,
    'other-group': `rg:other${nth}`,
    'other-subscription': 'subscription:elsewhere',
  };
  return scopes[at];
}

export const identityOf = (nth: number): string => `kubelet of c${nth}`;

function principalOf(nth: number, to: Denied['to'][number]): string {
  const principals: Record<typeof to, string> = {
    self: identityOf(nth),
    group: `group${nth}`,
    'outer-group': `outer${nth}`,
    other: 'stranger',
    everyone: 'everyone',
  };
  return principals[to];
}

/** All of them as one scenario. `deployer` may read everything. */
export function accessScenario(situations: readonly Situation[] = PULLED): string {
  const each = <T>(of: (situation: Situation, nth: number) => T[]): T[] => situations.flatMap(of);
  return JSON.stringify({
    name: 'access',
    grantDelay: '0s',
    identities: [{ name: 'deployer' }, { name: 'stranger' }],
    subscriptions: [
      ...each((_situation, nth) => [
        {
          id: subscriptionId(nth),
          name: `sub${nth}`,
          managementGroups: [`mg${nth}`],
          resourceGroups: [{ name: `rg${nth}` }, { name: `other${nth}` }],
        },
      ]),
      { id: ELSEWHERE, name: 'elsewhere', managementGroups: ['mg-elsewhere'] },
    ],
    clusters: each((_situation, nth) => [
      { name: `c${nth}`, resourceGroup: `rg${nth}`, subscription: `sub${nth}`, pools: [{ name: 'system' }] },
    ]),
    registries: each(({ mode }, nth) => [
      {
        name: registryName(nth),
        resourceGroup: `rg${nth}`,
        subscription: `sub${nth}`,
        mode,
        repositories: REPOSITORIES.map((name) => ({
          name,
          images: [{ tag: TAG, platforms: ['linux/amd64'], layers: 1 }],
        })),
      },
    ]),
    groups: each((_situation, nth) => [
      { name: `group${nth}`, members: [identityOf(nth)] },
      { name: `outer${nth}`, members: [`group${nth}`] },
    ]),
    customRoles: Object.entries(ROLES).flatMap(([name, { guid, ...permission }]) =>
      guid === undefined ? [{ name, ...permission }] : [],
    ),
    roleAssignments: [
      { principal: 'deployer', role: 'Reader', scope: '/' },
      ...each(({ given }, nth) =>
        given.map(({ role, at, to, condition }) => ({
          principal: principalOf(nth, to),
          role,
          scope: scopeOf(nth, at),
          ...(condition === undefined ? {} : { condition }),
        })),
      ),
    ],
    denyAssignments: each(({ denied }, nth) =>
      denied.map(({ at, to, except = [], onlyThere, ...permission }, place) => ({
        name: `deny ${nth} ${place}`,
        scope: scopeOf(nth, at),
        ...permission,
        principals: to.map((one) => principalOf(nth, one)),
        // Whoever reads must be able to, whatever is denied to everyone else.
        exclude: [...except.map((one) => principalOf(nth, one)), 'deployer'],
        appliesToChildScopes: onlyThere !== true,
      })),
    ),
  });
}

/** The repositories that an answer to the situation's question speaks of. */
export function repositoriesOf({ ask, given }: Pick<Situation, 'ask' | 'given'>): string[] {
  if (ask?.endsWith('/*') === true) return REPOSITORIES.filter((one) => one.startsWith(ask.slice(0, -1)));
  if (ask !== undefined) return [ask];
  // Without a condition all repositories are alike.
  return given.some(({ condition }) => condition !== undefined) ? REPOSITORIES : REPOSITORIES.slice(1, 2);
}

/** Pulls as a node of the situation's cluster does: its credential provider, then its runtime. @returns whether it worked */
export async function pulls(simulator: Simulator, nth: number, repository: string): Promise<boolean> {
  const { context, state } = simulator;
  const cluster = state.clusters.find(({ name }) => name === `c${nth}`);
  const registry = state.registries.find(({ name }) => name === registryName(nth));
  if (cluster === undefined || registry === undefined) throw new Error(`no situation ${nth}`);
  const reference = { host: registry.loginServer, repository, tag: TAG };
  const { signal } = new AbortController();
  const credentials = await createCredentialProvider(context, cluster).credentials(reference, signal);
  for (const credential of [...credentials, undefined]) {
    try {
      await pullImage(
        (url, request) => context.dial(url, request),
        new NodeImages(),
        reference,
        { os: 'linux', architecture: 'amd64' },
        credential,
        signal,
      );
      return true;
    } catch (error) {
      if (!(error instanceof Error) || !/\b401\b|\b403\b|insufficient_scope|denied/i.test(error.message))
        throw error;
    }
  }
  return false;
}
