/** Asking as someone else: `kubectl --as` (https://kubernetes.io/docs/reference/access-authn-authz/authentication/, user impersonation). */
import type { Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { AUTHENTICATED } from './authentication.js';
import type { User } from './authentication.js';
import { authorise } from './authorisation.js';
import { forbidden } from './errors.js';
import type { ApiDesk } from './requests.js';

const SERVICE_ACCOUNT = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/;
const NOT_MODELLED = /^impersonate-(uid|extra-.*)$/;

/** The user that a request is to be served as: the one who asks, or whom it names. Throws Forbidden. */
export function impersonated(desk: ApiDesk, exchange: Exchange, user: User): User {
  const { headers } = exchange;
  const name = headers['impersonate-user'];
  const other = Object.keys(headers).find((header) => NOT_MODELLED.test(header));
  if (other !== undefined) throw new NotModelled(`the header ${other}`);
  if (name === undefined) return user;
  const groups = (headers['impersonate-group'] ?? '').split(',').flatMap((group) => group.trim() || []);
  const account = SERVICE_ACCOUNT.exec(name)?.groups;
  if (account === undefined) allow(desk, exchange, user, { resource: 'users', name });
  else {
    const { namespace, name: of = '' } = account;
    allow(desk, exchange, user, { resource: 'serviceaccounts', name: of, namespace });
  }
  for (const group of groups) allow(desk, exchange, user, { resource: 'groups', name: group });
  return {
    name,
    groups: [...(groups.length > 0 ? groups : accountGroups(account?.['namespace'])), AUTHENTICATED],
  };
}

function accountGroups(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

function allow(
  desk: ApiDesk,
  exchange: Exchange,
  user: User,
  whom: { resource: string; name: string; namespace?: string | undefined },
): void {
  const asked = { verb: 'impersonate', group: '', ...whom };
  const decision = authorise(desk.context, desk.cluster, desk.store, user, asked);
  if (decision.allowed) return;
  exchange.note.verdict = decision.why;
  throw forbidden({ ...asked, user: user.name, reason: decision.reason });
}
