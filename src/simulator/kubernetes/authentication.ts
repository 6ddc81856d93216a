/** Who asks: a client certificate, a local account's token, or an Entra token. */
import { timingSafeEqual } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Exchange } from '../net/exchange.js';
import { unauthorized } from './errors.js';
import { AKS_SERVER_ID, LOCAL_ACCOUNT } from './kubeconfig.js';
import type { LocalTokens } from './kubeconfig.js';

/** An authenticated caller. */
export interface User {
  name: string;
  groups: string[];
  /** Object id in Entra, where that is how it signed in. */
  objectId?: string;
}

/** The group of everyone who is somebody. */
export const AUTHENTICATED = 'system:authenticated';

/**
 * Finds out who asks. Throws 401 for a bad credential and for none at all (assumption: AKS API servers run without
 * anonymous requests; a plain one answers 403 for system:anonymous, capture: 403-anonymous.http).
 */
export async function authenticate(
  context: SimulatorContext,
  cluster: ManagedCluster,
  tokens: LocalTokens,
  exchange: Exchange,
): Promise<User> {
  const authorization = exchange.headers['authorization'];
  if (exchange.clientCertificate !== undefined) {
    const user = await certificateUser(context, cluster, exchange.clientCertificate);
    if (user !== undefined) return user;
  }
  const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  const user =
    bearer === undefined
      ? undefined
      : (localTokenUser(cluster, tokens, bearer) ?? entraUser(context, cluster, bearer));
  if (user === undefined) {
    exchange.note.caller = 'anonymous';
    throw unauthorized();
  }
  return user;
}

async function certificateUser(
  context: SimulatorContext,
  cluster: ManagedCluster,
  certificate: X509Certificate,
): Promise<User | undefined> {
  const authority = await context.clusterAuthority(cluster);
  const now = context.now();
  const valid = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
  if (!authority.signed(certificate) || !valid || cluster.disableLocalAccounts) return undefined;
  const parts = certificate.subject.split('\n').map((line) => {
    const at = line.indexOf('=');
    return { type: line.slice(0, at), value: line.slice(at + 1) };
  });
  const name = parts.find((part) => part.type === 'CN')?.value;
  if (name === undefined) return undefined;
  return {
    name,
    groups: [...parts.filter((part) => part.type === 'O').map((part) => part.value), AUTHENTICATED],
  };
}

function localTokenUser(cluster: ManagedCluster, tokens: LocalTokens, bearer: string): User | undefined {
  if (cluster.disableLocalAccounts) return undefined;
  const given = Buffer.from(bearer);
  const known = Buffer.from(tokens.of(cluster));
  if (given.length !== known.length || !timingSafeEqual(given, known)) return undefined;
  return { name: LOCAL_ACCOUNT.user, groups: [LOCAL_ACCOUNT.group, AUTHENTICATED] };
}

/** A token for the AKS server application. Its holder is named by object id; groups come by theirs. */
function entraUser(context: SimulatorContext, cluster: ManagedCluster, bearer: string): User | undefined {
  if (cluster.entra === undefined) return undefined;
  const verified = context.tokens.verify(bearer, [AKS_SERVER_ID]);
  if ('problem' in verified) return undefined;
  const { oid, groups } = verified.claims;
  return { name: oid, groups: [...groups, AUTHENTICATED], objectId: oid };
}
