/** What Entra's refusals mean: one record for each kind, found by its AADSTS code. */
import { ENTRA_CODES } from '../core/diagnosis/entra-codes.js';
import { asList, asText, at, parseJson } from '../core/json.js';
import { SignInError } from '../core/ports.js';
import { shellWord } from '../core/shell.js';

/** Who tried to sign in, and what it showed: nothing of it is a secret. */
export interface SignInAttempt {
  /** "GitHub's OIDC token", "the Azure CLI's login". */
  by: string;
  /** What it showed to Entra, where that is known; else a login that began earlier. */
  shows?: 'assertion' | 'secret' | 'certificate';
  scope: string;
  clientId?: string;
  tenantId?: string;
  /** Claims of the assertion that was shown. */
  assertion?: AssertionClaims;
}

export interface AssertionClaims {
  issuer: string;
  subject: string;
  audience: string;
}

/** Entra's answer: its code, without "AADSTS", and its own words. */
export interface Refusal {
  code: number | undefined;
  said: string;
}

interface RefusalKind {
  codes: readonly number[];
  causeId: string;
  fix: (attempt: SignInAttempt) => string;
}

/** What is done about each; the more special first. */
const KINDS: readonly RefusalKind[] = [
  {
    codes: [7002138],
    causeId: 'federated-credential-mismatch',
    fix: (attempt) =>
      `The federated credential differs from the token in upper and lower case alone: they must be the same. ${federate(attempt)}`,
  },
  {
    codes: ENTRA_CODES['federated-credential-mismatch'],
    causeId: 'federated-credential-mismatch',
    fix: federate,
  },
  {
    codes: ENTRA_CODES['application-not-found'],
    causeId: 'application-not-found',
    fix: ({ clientId, tenantId }) =>
      `Look whether client-id is the application's client id${shown(clientId)}, not its object id or secret's id, and whether tenant-id${shown(tenantId)} is the tenant it is in.`,
  },
  {
    codes: ENTRA_CODES['tenant-not-found'],
    causeId: 'tenant-not-found',
    fix: ({ tenantId }) =>
      `Look at tenant-id${shown(tenantId)}, and whether environment is the cloud it is in: az account show --query tenantId -o tsv prints it.`,
  },
  {
    codes: ENTRA_CODES['cloud-mismatch'],
    causeId: 'cloud-mismatch',
    fix: ({ tenantId }) =>
      `The tenant${shown(tenantId)} is in another cloud than the one that was asked. Give this step the environment that it is in.`,
  },
  {
    codes: ENTRA_CODES['client-secret-refused'],
    causeId: 'client-secret-refused',
    fix: () =>
      'The client secret is wrong or has expired. Sign in without one: give the application a federated credential, see https://learn.microsoft.com/azure/developer/github/connect-from-azure-openid-connect',
  },
  {
    codes: ENTRA_CODES['client-certificate-refused'],
    causeId: 'client-certificate-refused',
    fix: ({ clientId }) =>
      `Entra doesn't know the certificate as the application's${shown(clientId)}, or it is no longer valid. Add it to the application: az ad app credential reset --id ${clientId ?? '<client id>'} --cert @certificate.pem --append`,
  },
  { codes: ENTRA_CODES['assertion-expired'], causeId: 'assertion-expired', fix: freshen },
  {
    codes: ENTRA_CODES['login-expired'],
    causeId: 'login-expired',
    fix: () => 'The login has expired. Sign in again: az login',
  },
  {
    codes: ENTRA_CODES['conditional-access'],
    causeId: 'conditional-access',
    fix: () =>
      "A Conditional Access policy of the tenant asks for more than this login has shown. Ask the tenant's administrators which.",
  },
  {
    codes: ENTRA_CODES['application-disabled'],
    causeId: 'application-disabled',
    fix: ({ clientId }) =>
      `The application${shown(clientId)} is disabled. Enable it in Entra, or sign in as another.`,
  },
  {
    codes: ENTRA_CODES['resource-not-in-tenant'],
    causeId: 'resource-not-in-tenant',
    fix: ({ scope, tenantId }) =>
      `The tenant${shown(tenantId)} doesn't know ${scope}. Sign in to the tenant that the cluster and the registry belong to.`,
  },
  {
    codes: [50002, 500021, 500022, 500212, 500213],
    causeId: 'sign-in-refused',
    fix: ({ tenantId }) =>
      `Tenant restrictions of this machine's network, or the tenant's${shown(tenantId)} policy for other tenants, forbid it. Ask the administrators of both.`,
  },
  {
    codes: [50033, 90006, 90012, 90024, 90033, 90055],
    causeId: 'sign-in-refused',
    fix: () => 'Entra has trouble, and says that it will pass. Run it again in a few minutes.',
  },
];

const OTHER: RefusalKind = {
  codes: [],
  causeId: 'sign-in-refused',
  fix: () =>
    "Look the code up at https://login.microsoftonline.com/error and at the application's sign-in logs in Entra.",
};

/** Every cause that a refusal can be given: each has a page. */
export const SIGN_IN_CAUSES: readonly string[] = [
  ...new Set([...KINDS, OTHER].map(({ causeId }) => causeId)),
];

/** The refusal in the body of a token endpoint's answer; undefined when there is none. */
export function readRefusal(body: string): Refusal | undefined {
  const json = parseJson(body);
  const said = asText(at(json, 'error_description')) ?? asText(at(json, 'error'));
  if (said === undefined) return undefined;
  const [code] = asList(at(json, 'error_codes'));
  return { code: typeof code === 'number' ? code : codeIn(said), said: firstSentences(said) };
}

/** The refusal that a text such as the Azure CLI's standard error quotes; undefined when it quotes none. */
export function quotedRefusal(text: string): Refusal | undefined {
  const said = /AADSTS\d+:[^\n]*/.exec(text)?.[0];
  return said === undefined ? undefined : { code: codeIn(said), said: firstSentences(said) };
}

/** The error for a refusal: what was attempted, what came back, what the assertion claimed, and what to do. */
export function refused(attempt: SignInAttempt, refusal: Refusal): SignInError {
  const kind = KINDS.find(({ codes }) => refusal.code !== undefined && codes.includes(refusal.code)) ?? OTHER;
  const as = attempt.clientId === undefined ? '' : ` as ${attempt.clientId}`;
  const claims =
    attempt.assertion === undefined
      ? ''
      : ` The token shown has issuer ${attempt.assertion.issuer}, subject ${attempt.assertion.subject}, audience ${attempt.assertion.audience}.`;
  return new SignInError(
    `attempted to sign in${as} by ${attempt.by} for ${attempt.scope}: ${refusal.said}.${claims}`,
    kind.fix(attempt),
    kind.causeId,
  );
}

/** Issuer, subject and audience of a JWT: for people, unverified. Undefined when it is none. */
export function claimsOf(jwt: string): AssertionClaims | undefined {
  const payload = parseJson(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const issuer = asText(at(payload, 'iss'));
  const subject = asText(at(payload, 'sub'));
  const audience = at(payload, 'aud');
  if (issuer === undefined || subject === undefined) return undefined;
  return {
    issuer,
    subject,
    audience: asList(audience)
      .concat(asText(audience) ?? [])
      .join(', '),
  };
}

function federate({ clientId, assertion }: SignInAttempt): string {
  if (assertion === undefined) {
    return "Give the application a federated credential with the token's issuer, subject and audience, exactly: see https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
  }
  const { issuer, subject, audience } = assertion;
  const parameters = JSON.stringify({ name: 'aks-acr-pull', issuer, subject, audiences: [audience] });
  return `Give the application a federated credential with exactly these values: az ad app federated-credential create --id ${clientId ?? '<client id>'} --parameters ${shellWord(parameters)}`;
}

/** An assertion that isn't valid now: why depends on who made it, and when. */
function freshen({ shows }: SignInAttempt): string {
  if (shows === 'certificate')
    return 'The assertion was made just now, so this machine and Entra differ about the time: set its clock.';
  if (shows === 'assertion')
    return "The token is asked for anew for every sign-in, so whoever issues it gave one that is not valid now, or the clock of this machine's host is wrong. A file that AZURE_FEDERATED_TOKEN_FILE names must be renewed before its token expires.";
  return "The CI system's token that this login began with has expired, and with it the login can't get tokens for anything new. Sign in right before this step, or give client-id, tenant-id and subscription-id to this step: it then asks for a fresh one whenever it needs it.";
}

function shown(id: string | undefined): string {
  return id === undefined ? '' : ` (${id})`;
}

function codeIn(text: string): number | undefined {
  const code = /AADSTS(\d+)/.exec(text)?.[1];
  return code === undefined ? undefined : Number(code);
}

/** Without the trace that Entra appends, and never endless. */
function firstSentences(said: string): string {
  return said
    .split(/[\r\n]+|\s+Trace ID:/)[0]!
    .trim()
    .replace(/\.$/, '')
    .slice(0, 600);
}
