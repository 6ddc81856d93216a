/** The logins that hosts know: what the Azure CLI holds, and GitHub's OIDC token. */
import { ClientAssertionCredential } from '@azure/identity';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { AZURE_CLOUD } from '../core/azure/clouds.js';
import { SENDER_DECIDES, azureHttpClient } from '../core/http/azure-client.js';
import type { Sender, TextResponse } from '../core/http/sender.js';
import { CredentialWithheld } from '../core/http/trust.js';
import { asNumber, asText, at, parseJson } from '../core/json.js';
import { HttpFault, SignInError } from '../core/ports.js';
import type { AccessToken, Clock, Credential, Exec, Log } from '../core/ports.js';
import { CommandNotFound } from './exec.js';
import { cachedTokens, unlessAborted } from './token-cache.js';
import { claimsOf, quotedRefusal, readRefusal, refused } from './sign-in-refusals.js';
import type { Refusal, SignInAttempt } from './sign-in-refusals.js';

/** az starts a Python interpreter; on a busy Windows runner that has been seen to take most of a minute. */
const AZ_TIMEOUT_MS = 120_000;

export interface AzureCliOptions {
  exec: Exec;
  clock: Pick<Clock, 'now'>;
  log: Pick<Log, 'secret'>;
  /** What to do on this host when nobody is signed in: a sentence. */
  howToSignIn: string;
}

/**
 * The Azure CLI's login, as `az login` or azure/login left it.
 *
 * It asks az itself rather than through @azure/identity's AzureCliCredential: that starts a shell with all of the
 * environment, can't be cancelled, and replaces Entra's own words by "Please run 'az login'" whenever az adds that line.
 * The answer's form: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token (expires_on, in seconds,
 * since az 2.54; before that expiresOn, local time).
 */
export function azureCliCredential({ exec, clock, log, howToSignIn }: AzureCliOptions): Credential {
  const by = "the Azure CLI's login";

  async function az(args: string[], what: string, attempt: SignInAttempt): Promise<unknown> {
    let answer;
    try {
      answer = await exec.run('az', [...args, '--output', 'json'], { timeoutMs: AZ_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof CommandNotFound) {
        throw new SignInError(
          `attempted ${what}: az was not found on this machine`,
          howToSignIn,
          'azure-cli-missing',
          { cause: error },
        );
      }
      throw error;
    }
    const { exitCode, stdout, stderr } = answer;
    if (exitCode === 0) return parseJson(stdout);
    const refusal = quotedRefusal(stderr);
    if (refusal !== undefined) throw refused(attempt, refusal);
    const said = stderr.replace(/\s+/g, ' ').trim().slice(0, 600);
    throw new SignInError(
      `attempted ${what}: az ended with ${exitCode}: ${said === '' ? '(it said nothing)' : said}`,
      howToSignIn,
      'not-signed-in',
    );
  }

  const token = cachedTokens(clock, async (scope) => {
    const resource = scope.replace(/\/\.default$/, '');
    const what = `az account get-access-token for ${resource}`;
    const answer = await az(['account', 'get-access-token', '--resource', resource], what, { by, scope });
    const value = asText(at(answer, 'accessToken'));
    if (value !== undefined) log.secret(value);
    const expiresOn = expiryOf(answer);
    if (value === undefined || expiresOn === undefined) {
      throw new SignInError(
        `attempted ${what}: az answered with no token`,
        'Update the Azure CLI: az upgrade',
        'not-signed-in',
      );
    }
    return { token: value, expiresOn };
  });

  let subscription: Promise<string | undefined> | undefined;
  async function readSubscription(): Promise<string | undefined> {
    const account = await az(['account', 'show'], 'az account show', { by, scope: 'the subscription' });
    // A login without subscriptions is listed under its tenant's id (azure-cli-core, _profile.py).
    if (asText(at(account, 'name'))?.startsWith('N/A(tenant level account)') === true) return undefined;
    return asText(at(account, 'id'))?.toLowerCase();
  }

  return {
    description: by,
    token,
    subscriptionId: (signal) => unlessAborted((subscription ??= readSubscription()), signal),
  };
}

function expiryOf(answer: unknown): number | undefined {
  const seconds =
    asNumber(at(answer, 'expires_on')) ?? Number(asText(at(answer, 'expires_on')) ?? Number.NaN);
  const ms = Number.isNaN(seconds) ? Date.parse(asText(at(answer, 'expiresOn')) ?? '') : seconds * 1000;
  return Number.isNaN(ms) ? undefined : ms;
}

/** The lines that give a job its OIDC token: https://docs.github.com/actions/reference/security/oidc */
export const ID_TOKEN_PERMISSION = 'permissions:\n  id-token: write';

export interface GitHubOidcOptions {
  clientId: string;
  tenantId: string;
  /** Of the assertion. Default: what federated credentials trust by default. */
  audience?: string | undefined;
  /** ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN; absent when the job has no `id-token: write`. */
  requestUrl: string | undefined;
  requestToken: string | undefined;
  sender: Sender;
  clock: Pick<Clock, 'now'>;
  log: Pick<Log, 'secret'>;
}

/**
 * Signs in as an application by GitHub's OIDC token. A fresh assertion is fetched for every token that Entra is asked
 * for, because GitHub's live for 5 minutes. It has no subscription of its own.
 *
 * Retries are the sender's; @azure/identity does none, finds nothing out about the authority, and keeps no token.
 */
export function gitHubOidcCredential(options: GitHubOidcOptions): Credential {
  const { clientId, tenantId, requestUrl, requestToken, sender, log } = options;
  const audience = options.audience ?? AZURE_CLOUD.federationAudience;
  const by = "GitHub's OIDC token";

  const token = cachedTokens(options.clock, async (scope) => {
    const assertion = await fetchAssertion();
    const claims = claimsOf(assertion);
    const attempt: SignInAttempt = {
      by,
      scope,
      clientId,
      tenantId,
      ...(claims === undefined ? {} : { assertion: claims }),
    };
    const heard = listening(azureHttpClient(sender, 'entra-assertion', { repeatable: true }), log);
    const credential = new ClientAssertionCredential(tenantId, clientId, async () => assertion, {
      ...SENDER_DECIDES,
      authorityHost: AZURE_CLOUD.authority,
      disableInstanceDiscovery: true,
      httpClient: heard.client,
    });
    try {
      const { token: value, expiresOnTimestamp } = await credential.getToken(scope);
      return { token: value, expiresOn: expiresOnTimestamp } satisfies AccessToken;
    } catch (error) {
      const refusal = heard.refusal();
      if (refusal !== undefined) throw refused(attempt, refusal);
      throw unanswered(`sign in as ${clientId} by ${by}`, heard.fault() ?? error);
    }
  });

  async function fetchAssertion(): Promise<string> {
    const what = 'get an OIDC token from GitHub';
    if (requestUrl === undefined || requestToken === undefined) {
      throw new SignInError(
        `attempted to ${what}: this job may not have one (${requestUrl === undefined ? 'ACTIONS_ID_TOKEN_REQUEST_URL' : 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'} is not set)`,
        `Add to the workflow or the job (pull requests from forks never get one):\n${ID_TOKEN_PERMISSION}`,
        'id-token-permission-missing',
      );
    }
    log.secret(requestToken);
    const url = new URL(requestUrl);
    url.searchParams.set('audience', audience);
    sender.trust.admitTokenService(requestUrl);
    let answer: TextResponse;
    try {
      answer = await sender.exchange({
        method: 'GET',
        url: url.href,
        headers: { authorization: `Bearer ${requestToken}`, accept: 'application/json' },
        carries: 'ci-token',
      });
    } catch (error) {
      throw unanswered(what, error);
    }
    const value = asText(at(parseJson(answer.text), 'value'));
    if (value !== undefined) log.secret(value);
    if (answer.status !== 200 || value === undefined) {
      throw new SignInError(
        `attempted to ${what} at ${url.host}: HTTP ${answer.status}${answer.status === 200 ? ' without a token' : ''}`,
        `Run the job again; if it stays so, look whether the job has\n${ID_TOKEN_PERMISSION}`,
        'id-token-refused',
      );
    }
    return value;
  }

  return { description: by, token, subscriptionId: async () => undefined };
}

/** Passes everything on, and remembers what MSAL would hide: the last refusal, and the last fault. */
function listening(
  client: HttpClient,
  log: Pick<Log, 'secret'>,
): {
  client: HttpClient;
  refusal(): Refusal | undefined;
  fault(): unknown;
} {
  let refusal: Refusal | undefined;
  let fault: unknown;
  return {
    refusal: () => refusal,
    fault: () => fault,
    client: {
      async sendRequest(request) {
        try {
          const response = await client.sendRequest(request);
          const body = response.bodyAsText ?? '';
          const token = asText(at(parseJson(body), 'access_token'));
          // Before MSAL, or anyone it tells, has it.
          if (token !== undefined) log.secret(token);
          if (response.status >= 400) {
            refusal = readRefusal(body) ?? { code: undefined, said: `HTTP ${response.status}` };
          }
          return response;
        } catch (error) {
          fault = error;
          throw error;
        }
      },
    },
  };
}

/** The error for a sign-in that got no answer. What may not be sent stays what it is. */
function unanswered(what: string, error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof HttpFault ? error.cause : error;
  if (cause instanceof SignInError || cause instanceof CredentialWithheld) return cause;
  if (cause instanceof HttpFault && cause.kind === 'aborted') return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new SignInError(
    `attempted to ${what}: ${said}`,
    'Look at the network of this machine: its name resolution, its firewall, and HTTPS_PROXY.',
    'sign-in-unreachable',
    { cause },
  );
}
