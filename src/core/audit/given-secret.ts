/** One pull secret that the user named: what it is for a registry, and until when. */
import type { ClusterConnection } from '../kubernetes/connection.js';
import { statusMessage } from '../kubernetes/answers.js';
import { textAt } from '../kubernetes/json.js';
import { heldCredentials, isFor, PULL_SECRET_TYPES } from './docker-config.js';
import { classify } from './kind.js';
import type { Classified } from './kind.js';

/** What came of looking at it. */
export type GivenSecret =
  /** The one of its credentials for the registry that lasts longest: nodes offer all of them. */
  | { kind: 'usable'; credential: Classified }
  /** It isn't there, or is nothing that a node could take a credential for the registry from. */
  | { kind: 'unusable'; why: string }
  /** The API server did not give it. */
  | { kind: 'refused'; status: number; said: string };

/**
 * Reads the Secret. No part of what it holds leaves this function but what {@link classify} says.
 *
 * @throws {HttpFault} when there was no answer
 */
export async function readGivenSecret(
  connection: Pick<ClusterConnection, 'request'>,
  namespace: string,
  name: string,
  loginServer: string,
  signal: AbortSignal,
): Promise<GivenSecret> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`;
  const { status, body } = await connection.request('GET', path, { signal });
  if (status === 404) return { kind: 'unusable', why: `it is not there (${statusMessage(body) ?? '404'})` };
  if (status !== 200) return { kind: 'refused', status, said: statusMessage(body) ?? `HTTP ${status}` };
  // What answers 200 with anything else is no API server; its words aren't quoted, because they may be a Secret's.
  if (textAt(body, 'kind') !== 'Secret')
    return { kind: 'refused', status, said: 'what answered is no Secret' };
  const type = textAt(body, 'type') ?? '';
  const types = PULL_SECRET_TYPES.map((one) => one.type);
  if (!types.some((one) => one === type))
    return { kind: 'unusable', why: `its type is ${JSON.stringify(type)}, not ${types.join(' or ')}` };
  const held = heldCredentials(body);
  if (held === undefined) return { kind: 'unusable', why: 'what it holds is no Docker configuration' };
  const own = held.filter(({ host }) => isFor(host, loginServer));
  if (own.length === 0) {
    const hosts = held.map(({ host }) => host);
    return {
      kind: 'unusable',
      why: `it has no credential for ${loginServer}${hosts.length === 0 ? '' : `, only for ${hosts.join(', ')}`}`,
    };
  }
  // A login server is `name` or, with a domain name label, `name-hash`; a registry's name has no dash.
  const registryName = /^[^.-]*/.exec(loginServer)?.[0] ?? '';
  const [credential] = own
    .map((one) => classify(one, registryName))
    .sort((a, b) => (b.expiresOn ?? Infinity) - (a.expiresOn ?? Infinity) || 0);
  return credential === undefined
    ? { kind: 'unusable', why: `it has no credential for ${loginServer}` }
    : { kind: 'usable', credential };
}
