/** Everything in a cluster that an audit looks at: lists side by side, each with its own refusal. */
import { HttpFault } from '../ports.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { heldCredentials, isFor, PULL_SECRET_TYPES } from './docker-config.js';
import type { HeldCredential } from './docker-config.js';
import { asRelease, RELEASE_QUERY } from './helm.js';
import type { Release } from './helm.js';
import { listAll } from './listing.js';
import type { Listed } from './listing.js';
import type { ObjectName } from './model.js';
import { asAccount, asWorkload, listPath, makerOf, nameOf, WORKLOAD_KINDS } from './objects.js';
import type { Account, Workload } from './objects.js';

/** A pull secret with credentials for the registry. */
export interface FoundSecret extends ObjectName {
  type: string;
  held: HeldCredential[];
  /** Hosts of its other entries: what would be lost if it went as a whole. */
  others: string[];
  release?: string;
  madeBy?: string;
}

/** A list, with what it is a list of. */
export interface NamedList<T> extends Listed<T> {
  /** As kubectl takes it. */
  resource: string;
  group: string;
}

export interface Gathered {
  /** One list a type of pull secret. */
  secrets: NamedList<FoundSecret>[];
  releases: NamedList<Release>;
  accounts: NamedList<Account>;
  /** One list a kind. */
  workloads: NamedList<Workload>[];
}

const ACCOUNTS = { resource: 'serviceaccounts', group: '' } as const;
const SECRETS = { resource: 'secrets', group: '' } as const;

/** Reads them all. A list that is refused, or gets no answer, is told in its place; the others go on. */
export async function gather(
  connection: ClusterConnection,
  loginServer: string,
  signal: AbortSignal,
): Promise<Gathered> {
  const list = async <T>(
    kind: { resource: string; group: '' | 'apps' | 'batch' },
    query: Record<string, string>,
    keep: (object: unknown) => T | undefined,
  ): Promise<NamedList<T>> => {
    const limit = String(connection.pageSize);
    try {
      const listed = await listAll(connection, listPath(kind), { limit, ...query }, keep, signal);
      return { resource: kind.resource, group: kind.group, ...listed };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HttpFault)) throw error;
      const refused = { status: 0, said: error.message };
      return { resource: kind.resource, group: kind.group, items: [], requests: 1, refused };
    }
  };
  const [secrets, releases, accounts, workloads] = await Promise.all([
    Promise.all(
      PULL_SECRET_TYPES.map(({ type }) =>
        list(SECRETS, { fieldSelector: `type=${type}` }, (secret) => asFound(secret, type, loginServer)),
      ),
    ),
    list(SECRETS, RELEASE_QUERY, (secret) => asRelease(secret, loginServer)),
    list(ACCOUNTS, {}, asAccount),
    Promise.all(WORKLOAD_KINDS.map((kind) => list(kind, {}, (object) => asWorkload(kind, object)))),
  ]);
  return { secrets, releases, accounts, workloads };
}

function asFound(secret: unknown, type: string, loginServer: string): FoundSecret | undefined {
  const named = nameOf('Secret', secret);
  const all = heldCredentials(secret) ?? [];
  const held = all.filter(({ host }) => isFor(host, loginServer));
  if (named === undefined || held.length === 0) return undefined;
  const others = all.filter((one) => !held.includes(one)).map(({ host }) => host);
  return { ...named, type, held, others, ...makerOf(secret) };
}
