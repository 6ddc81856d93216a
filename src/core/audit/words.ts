/** What is said of a credential, in one place. Pure. */
import { fix } from '../diagnosis/fixes.js';
import type { Finding } from '../report.js';
import type { AuditedCredential, CredentialKind } from './model.js';

/** What each kind is, and why it should go. */
export const KINDS: Readonly<Record<CredentialKind, { what: string; why: string }>> = {
  'expose-token': {
    what: 'a token of az acr login --expose-token',
    why: 'Such a token works for three hours: pods that start after that cannot pull.',
  },
  'service-principal': {
    what: "a service principal's secret",
    why: 'It has to be renewed by hand, and whoever reads the secret can pull as that principal from anywhere.',
  },
  'repository-token': {
    what: 'the password of a repository-scoped token',
    why: 'It has to be renewed by hand, and whoever reads the secret can use it from anywhere.',
  },
  'admin-user': {
    what: "the admin user's password",
    why: 'It never expires, is shared by all who use it, and may push and delete too.',
  },
  unknown: {
    what: 'a credential of a kind that could not be told',
    why: 'Whoever reads the secret can use it from anywhere.',
  },
};

const MOST_USERS = 5;

/** `in 42 minutes`, `2 days ago`; rounded down. */
export function when(minutes: number): string {
  const amount = Math.abs(minutes);
  const of = (number: number, unit: string): string => `${number} ${unit}${number === 1 ? '' : 's'}`;
  const said =
    amount < 120
      ? of(amount, 'minute')
      : amount < 48 * 60
        ? of(Math.floor(amount / 60), 'hour')
        : of(Math.floor(amount / 1440), 'day');
  return minutes > 0 ? `in ${said}` : `${said} ago`;
}

function inWords(kind: string): string {
  return kind === 'HelmRelease' ? 'Helm release' : kind;
}

/** `Secret apps/acr`, `Helm release apps/web (imageCredentials)`. */
export function placeOf({ in: { kind, namespace, name, path } }: Pick<AuditedCredential, 'in'>): string {
  return `${inWords(kind)} ${namespace}/${name}${path === undefined || path === '' ? '' : ` (${path})`}`;
}

/** Who uses a credential, a few by name. */
export function usersIn({ usedBy }: Pick<AuditedCredential, 'usedBy'>): string {
  if (usedBy.length === 0) return 'nothing in the cluster was seen to use it';
  const named = usedBy
    .slice(0, MOST_USERS)
    .map(({ kind, namespace, name, via }) => `${inWords(kind)} ${namespace}/${name} (${via})`);
  const more = usedBy.length - named.length;
  return `used by ${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

export function expiryOf({ minutesLeft }: Pick<AuditedCredential, 'minutesLeft'>): string | undefined {
  if (minutesLeft === undefined) return undefined;
  return minutesLeft > 0 ? `expires ${when(minutesLeft)}` : `expired ${when(minutesLeft)}`;
}

/** A credential as a finding. */
export function credentialFinding(credential: AuditedCredential): Finding {
  const { kind, host, user, because, works, madeBy } = credential;
  const expiry = expiryOf(credential);
  const state =
    works === true ? 'it works' : works === false ? 'it does not work' : 'whether it works is unknown';
  return {
    id: `stored-${kind === 'unknown' ? 'credential' : kind}`,
    title: `${placeOf(credential)} holds ${KINDS[kind].what} for ${host}${expiry === undefined ? '' : `, which ${expiry}`}`,
    evidence: [
      `${state}: ${because}`,
      ...(user === undefined || kind === 'expose-token' ? [] : [`user name ${user}`]),
      usersIn(credential),
      ...(madeBy === undefined ? [] : [`made by ${madeBy}`]),
    ].join('; '),
    fix: fix(`${KINDS[kind].why} The steps of the way off are in this report.`),
  };
}
