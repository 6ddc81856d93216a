/** Azure Pipelines' OIDC token for a service connection with workload identity federation. */
import type { Sender, TextResponse } from '../core/http/sender.js';
import { asText, at, parseJson } from '../core/json.js';
import { SignInError } from '../core/ports.js';
import type { Log } from '../core/ports.js';
import { unanswered } from '../host/sign-in/unanswered.js';

const WHAT = 'get an OIDC token from Azure Pipelines';

/** https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create */
const API_VERSION = '7.1';

export interface OidcRequest {
  /** System.OidcRequestUri. */
  requestUri: string | undefined;
  /** System.AccessToken: a secret. */
  accessToken: string | undefined;
  serviceConnectionId: string;
  sender: Sender;
  log: Pick<Log, 'secret'>;
}

/**
 * Asks for one assertion, as microsoft/azure-pipelines-terraform does (Tasks/TerraformTask/TerraformTaskV5,
 * id-token-generator.ts). Its audience is the service's choice.
 *
 * @throws {SignInError} when there is none
 */
export async function fetchAssertion(request: OidcRequest): Promise<string> {
  const { requestUri, accessToken, serviceConnectionId, sender, log } = request;
  if (requestUri === undefined || accessToken === undefined) {
    throw new SignInError(
      `attempted to ${WHAT}: the agent gave this task no ${requestUri === undefined ? 'System.OidcRequestUri' : 'access token'}`,
      'Workload identity federation needs Azure DevOps Services: elsewhere use a service connection with a certificate, a secret or a managed identity.',
      'id-token-refused',
    );
  }
  log.secret(accessToken);
  const url = new URL(requestUri);
  url.searchParams.set('api-version', API_VERSION);
  url.searchParams.set('serviceConnectionId', serviceConnectionId);
  sender.trust.admitTokenService(requestUri);
  let answer: TextResponse;
  try {
    answer = await sender.exchange({
      method: 'POST',
      url: url.href,
      headers: {
        authorization: `Bearer ${accessToken}`,
        accept: 'application/json',
        'content-type': 'application/json',
        // A refusal is told as such, not by leading to a page where people sign in.
        'x-tfs-fedauthredirect': 'Suppress',
      },
      carries: 'ci-token',
      // A second token does no harm.
      repeatable: true,
    });
  } catch (error) {
    throw unanswered(WHAT, error);
  }
  const body = parseJson(answer.text);
  const token = asText(at(body, 'oidcToken'));
  if (token !== undefined) log.secret(token);
  if (answer.status !== 200 || token === undefined) {
    const said = asText(at(body, 'message'));
    throw new SignInError(
      `attempted to ${WHAT} at ${url.host}: HTTP ${answer.status}${answer.status === 200 ? ' without a token' : ''}${said === undefined ? '' : `: ${said.slice(0, 300)}`}`,
      'Look whether this pipeline may use the service connection (its Security page in the project settings), and run the job again.',
      'id-token-refused',
    );
  }
  return token;
}
