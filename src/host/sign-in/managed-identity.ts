/**
 * Sign-in as the identity of the machine itself, by Azure's instance metadata service (IMDS):
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 *
 * Not @azure/identity's ManagedIdentityCredential: it reads this process's environment, takes its address and a secret for
 * it from there (App Service, Azure Arc), and brings a client of its own that follows proxies.
 */
import { askedWait, readText } from '../../core/http/sender.js';
import { asNumber, asText, at, parseJson } from '../../core/json.js';
import { HttpFault, SignInError } from '../../core/ports.js';
import type { AccessToken, Clock, Credential, Http, Log } from '../../core/ports.js';
import { quotedRefusal, readRefusal, refused } from '../sign-in-refusals.js';
import { cachedTokens } from '../token-cache.js';

export interface ManagedIdentityOptions {
  /** How this login came to be, for people: "the managed identity of this machine". */
  description: string;
  /** Of a user-assigned identity. Absent: the system-assigned one, or the only one that the machine has. */
  clientId?: string | undefined;
  /** Where the service is when not at its own address, as Azure's SDKs take it from AZURE_POD_IDENTITY_AUTHORITY_HOST. */
  podIdentityHost?: string | undefined;
  /** The login's own subscription, when it has one. */
  subscriptionId?: string | undefined;
  /** Must use no proxy: what answers at the service's address is the machine's own. */
  http: Http;
  clock: Clock;
  log: Pick<Log, 'secret'>;
}

const OWN_ADDRESS = 'http://169.254.169.254';
const PATH = '/metadata/identity/oauth2/token';
const API_VERSION = '2018-02-01';

/** A token can take seconds the first time; where there is no such service, most networks just stay silent. */
const HEAD_TIMEOUT_MS = 10_000;

/**
 * Milliseconds to wait before each further try, by what came back. The page above: 404, 429, 5xx and timeouts are tried
 * again with a growing pause, 410 for 70 seconds, and other 4xx never. The numbers are those of @azure/msal-node's
 * ImdsRetryPolicy, but that a service which doesn't answer at all gets one more try only.
 */
const PAUSES = {
  later: [1_000, 2_000, 4_000],
  updating: [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
  silent: [1_000],
  never: [],
} as const;

/**
 * Tokens of a managed identity, kept until 5 minutes before they expire.
 *
 * Its requests go around the guarded sender, and over plain http: the one exception to both rules. They carry nothing
 * secret (the answer is the token), and the service speaks nothing else.
 */
export function managedIdentityCredential(options: ManagedIdentityOptions): Credential {
  const { description: by, clientId, subscriptionId, http, clock, log } = options;

  const token = cachedTokens(clock, async (scope): Promise<AccessToken> => {
    const url = new URL(endpointOf(options.podIdentityHost));
    url.searchParams.set('api-version', API_VERSION);
    url.searchParams.set('resource', scope.replace(/\/\.default$/, ''));
    if (clientId !== undefined) url.searchParams.set('client_id', clientId);
    const what = `get a token for ${scope} by ${by} from ${url.host}`;

    for (let tries = 1; ; tries++) {
      const answer = await ask(url.href);
      const pause = PAUSES[kindOf(answer)][tries - 1];
      if (pause !== undefined) {
        const asked = answer instanceof HttpFault ? undefined : askedWait(answer.retryAfter, '', clock.now());
        await clock.sleep(Math.min(asked ?? pause, 10_000));
        continue;
      }
      if (answer instanceof HttpFault) throw noService(what, answer);
      const { status, text } = answer;
      const body = parseJson(text);
      const value = asText(at(body, 'access_token'));
      if (value !== undefined) log.secret(value);
      const expiresOn = seconds(at(body, 'expires_on'));
      if (status === 200 && value !== undefined && expiresOn !== undefined)
        return { token: value, expiresOn: expiresOn * 1000 };
      throw refusedHere(what, scope, status, text);
    }
  });

  async function ask(
    url: string,
  ): Promise<{ status: number; text: string; retryAfter: string | undefined } | HttpFault> {
    try {
      const { status, headers, body } = await http.send({
        method: 'GET',
        url,
        headers: { metadata: 'true', accept: 'application/json' },
        timeoutMs: HEAD_TIMEOUT_MS,
      });
      return { status, text: await readText(body, new URL(url).host), retryAfter: headers['retry-after'] };
    } catch (error) {
      if (error instanceof HttpFault) return error;
      throw error;
    }
  }

  function refusedHere(what: string, scope: string, status: number, text: string): SignInError {
    const entra = quotedRefusal(text);
    if (entra !== undefined)
      return refused({ by, scope, ...(clientId === undefined ? {} : { clientId }) }, entra);
    const said = readRefusal(text)?.said ?? text.replace(/\s+/g, ' ').trim().slice(0, 300);
    return new SignInError(
      `attempted to ${what}: HTTP ${status}${said === '' ? '' : `: ${said}`}`,
      clientId === undefined
        ? 'Give this machine a managed identity, or, when it has several, name one by its client id (AZURE_CLIENT_ID).'
        : `Assign the identity with the client id ${clientId} to this machine, or name another.`,
      'managed-identity-missing',
    );
  }

  return { description: by, token, subscriptionId: async () => subscriptionId?.toLowerCase() };
}

function endpointOf(podIdentityHost: string | undefined): string {
  if (podIdentityHost === undefined) return `${OWN_ADDRESS}${PATH}`;
  const given = URL.parse(podIdentityHost);
  if (given === null || !['http:', 'https:'].includes(given.protocol)) {
    throw new SignInError(
      'AZURE_POD_IDENTITY_AUTHORITY_HOST holds no address',
      'Set it to an address such as http://127.0.0.1:2579, or unset it.',
      'managed-identity-missing',
    );
  }
  return `${given.origin}${PATH}`;
}

function kindOf(answer: { status: number } | HttpFault): keyof typeof PAUSES {
  if (answer instanceof HttpFault) return answer.kind === 'aborted' ? 'never' : 'silent';
  if (answer.status === 410) return 'updating';
  return answer.status >= 500 || [404, 408, 429].includes(answer.status) ? 'later' : 'never';
}

function noService(what: string, fault: HttpFault): SignInError {
  return new SignInError(
    `attempted to ${what}: ${fault.message}`,
    'Only machines in Azure have a metadata service, and containers only where the machine lets them reach it. Sign in another way here.',
    'managed-identity-missing',
    { cause: fault },
  );
}

/** Numbers come as text here. */
function seconds(value: unknown): number | undefined {
  const number = asNumber(value) ?? Number(asText(value) ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}
