/** What Entra's refusals mean: one record for each kind, found by its AADSTS code. */
import { asList, asText, at, parseJson } from '../core/json.js';
import { SignInError } from '../core/ports.js';
import { shellWord } from '../core/shell.js';

/** Who tried to sign in, and what it showed: nothing of it is a secret. */
export interface SignInAttempt {
  /** "GitHub's OIDC token", "the Azure CLI's login". */
  by: string;
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

/**
 * Sources: https://learn.microsoft.com/entra/identity-platform/reference-error-codes;
 * recording: errors.quoted-in-public-docs.json (700213, 70021, 700016); 7002138 is quoted in Azure/login issue 515,
 * 700211 in Azure/azure-workload-identity issue 1200, 700024 in Azure/login issue 372.
 */
const KINDS: readonly RefusalKind[] = [
  {
    codes: [70021, 70025, 700211, 700212, 700213, 7002137],
    causeId: 'federated-credential-mismatch',
    fix: federate,
  },
  {
    codes: [7002138],
    causeId: 'federated-credential-mismatch',
    fix: (attempt) =>
      `The federated credential differs from the token in upper and lower case alone: they must be the same. ${federate(attempt)}`,
  },
  {
    codes: [700016],
    causeId: 'application-not-found',
    fix: ({ clientId, tenantId }) =>
      `Look whether client-id is the application's client id${shown(clientId)}, not its object id or secret's id, and whether tenant-id${shown(tenantId)} is the tenant it is in.`,
  },
  {
    codes: [90002, 900023],
    causeId: 'tenant-not-found',
    fix: ({ tenantId }) =>
      `Look at tenant-id${shown(tenantId)}: az account show --query tenantId -o tsv prints it.`,
  },
  {
    codes: [7000215, 7000222],
    causeId: 'client-secret-refused',
    fix: () =>
      'The client secret is wrong or has expired. Sign in without one: give the application a federated credential, see https://learn.microsoft.com/azure/developer/github/connect-from-azure-openid-connect',
  },
  {
    codes: [700024],
    causeId: 'assertion-expired',
    fix: () =>
      "The CI system's token that this login began with has expired, and with it the login can't get tokens for anything new. Sign in right before this step, or give client-id, tenant-id and subscription-id to this step: it then asks for a fresh one whenever it needs it.",
  },
  {
    codes: [50078, 50173, 70043, 70044, 700082, 700084],
    causeId: 'login-expired',
    fix: () => 'The login has expired. Sign in again: az login',
  },
  {
    codes: [50076, 50079, 53003],
    causeId: 'conditional-access',
    fix: () =>
      "A Conditional Access policy of the tenant asks for more than this login has shown. Ask the tenant's administrators which.",
  },
  {
    codes: [7000112],
    causeId: 'application-disabled',
    fix: ({ clientId }) =>
      `The application${shown(clientId)} is disabled. Enable it in Entra, or sign in as another.`,
  },
  {
    codes: [500011],
    causeId: 'resource-not-in-tenant',
    fix: ({ scope, tenantId }) =>
      `The tenant${shown(tenantId)} doesn't know ${scope}. Sign in to the tenant that the cluster and the registry belong to.`,
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
