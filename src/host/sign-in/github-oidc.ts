/** Sign-in by the token that GitHub gives a job. */
import type { Sender, TextResponse } from '../../core/http/sender.js';
import { asText, at, parseJson } from '../../core/json.js';
import { SignInError } from '../../core/ports.js';
import type { Clock, Credential, Log } from '../../core/ports.js';
import { assertionCredential } from './application.js';
import { unanswered } from './unanswered.js';

/** The lines that give a job its OIDC token: https://docs.github.com/actions/reference/security/oidc */
export const ID_TOKEN_PERMISSION = 'permissions:\n  id-token: write';

export interface GitHubOidcOptions {
  clientId: string;
  tenantId: string;
  cloud: { authority: string; federationAudience: string };
  /** Of the assertion. Default: what federated credentials of the cloud trust by default. */
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
 */
export function gitHubOidcCredential(options: GitHubOidcOptions): Credential {
  const { clientId, tenantId, cloud, requestUrl, requestToken, sender, clock, log } = options;
  const audience = options.audience ?? cloud.federationAudience;
  return assertionCredential({
    description: "GitHub's OIDC token",
    clientId,
    tenantId,
    authority: cloud.authority,
    assertion: fetchAssertion,
    sender,
    clock,
    log,
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
}
