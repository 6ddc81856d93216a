/** Azure DevOps' token service: a job shows its bearer and gets a token that says which service connection it may use. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { stableGuid } from '../cloud/ids.js';
import type { AzurePipelinesHost, CloudState } from '../cloud/model.js';
import type { SigningKey } from '../entra/tokens.js';
import type { Answer, Exchange, Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { AZURE_DEVOPS_HOST, AZURE_DEVOPS_ISSUER_HOST } from './azure-pipelines-names.js';
import { TOKEN_EXCHANGE_AUDIENCE } from './names.js';

/** How long a token lives is documented nowhere; ten minutes is an assumption. */
const LIFETIME_S = 600;

/**
 * Where a job asks for its tokens: the value of System.OidcRequestUri
 * (https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create). Plan and job mean nothing.
 */
export function oidcRequestUri({ organization, projectId }: AzurePipelinesHost): string {
  const [plan, job] = [stableGuid('plan', projectId), stableGuid('job', projectId)];
  return `https://${AZURE_DEVOPS_HOST}/${organization}/${projectId}/_apis/distributedtask/hubs/build/plans/${plan}/jobs/${job}/oidctoken`;
}

/** A job's token for its service connection, made now (milliseconds since the epoch). */
export function connectionToken(host: AzurePipelinesHost, key: SigningKey, now: number): string {
  return key.sign(claims(host, Math.floor(now / 1000)));
}

/**
 * The token service, and the public documents of Azure DevOps' own issuer. (Entra publishes the keys of its own.)
 *
 * @param now milliseconds since the epoch
 */
export function createAzureDevOps(state: CloudState, key: SigningKey, now: () => number): Service {
  const { azurePipelines: host } = state;
  const tokenPath = new URL(oidcRequestUri(host)).pathname;
  const issuer = `https://${AZURE_DEVOPS_ISSUER_HOST}/${host.organizationId}`;
  const documents: Readonly<Record<string, object>> = {
    [`/${host.organizationId}/.well-known/openid-configuration`]: {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: ['sub', 'aud', 'exp', 'iat', 'iss', 'jti', 'nbf'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    },
    [`/${host.organizationId}/.well-known/jwks`]: { keys: [key.jwk] },
  };
  return {
    name: 'azure-devops',
    serves: (name) => name === AZURE_DEVOPS_HOST || name === AZURE_DEVOPS_ISSUER_HOST,
    async answer(exchange) {
      const { method, url, note } = exchange;
      if (method === 'POST' && url.host === AZURE_DEVOPS_HOST && url.pathname === tokenPath) {
        note.route = 'POST job oidctoken';
        const refused = refusal(host, exchange);
        if (refused !== undefined) return refused;
        note.caller = `job of ${host.organization}/${host.project}`;
        return json(200, { oidcToken: connectionToken(host, key, now()) });
      }
      const document = url.host === AZURE_DEVOPS_ISSUER_HOST ? documents[url.pathname] : undefined;
      if (method === 'GET' && document !== undefined) {
        note.route = `GET ${url.pathname.replace(host.organizationId, '{organization}')}`;
        return json(200, document);
      }
      throw new NotModelled("Of Azure DevOps, only the job's OIDC token and its issuer's documents are.");
    },
  };
}

function claims({ issuer, subject }: AzurePipelinesHost, seconds: number): object {
  return {
    jti: randomUUID(),
    sub: subject,
    aud: TOKEN_EXCHANGE_AUDIENCE,
    iss: issuer,
    nbf: seconds,
    iat: seconds,
    exp: seconds + LIFETIME_S,
  };
}

/**
 * Why there is no token. Azure DevOps leads browsers without a valid bearer to its sign-in page unless a request says that
 * it can't follow (azure-pipelines-terraform sends X-TFS-FedAuthRedirect for it). Statuses and texts are assumptions.
 */
function refusal(host: AzurePipelinesHost, { headers, url }: Exchange): Answer | undefined {
  if (!sameSecret(headers.authorization ?? '', `Bearer ${host.accessToken}`)) {
    return headers['x-tfs-fedauthredirect']?.toLowerCase() === 'suppress'
      ? problem(
          401,
          'UnauthorizedRequestException',
          'TF400813: The user is not authorized to access this resource.',
        )
      : { status: 302, headers: { location: 'https://login.microsoftonline.com/common/oauth2/authorize' } };
  }
  if (!/^7\.\d+(-preview(\.\d+)?)?$/.test(url.searchParams.get('api-version') ?? ''))
    return problem(
      400,
      'VssVersionNotSpecifiedException',
      'No api-version was supplied for the "POST" request, or one that is not served.',
    );
  if (url.searchParams.get('serviceConnectionId')?.toLowerCase() !== host.connectionId)
    return problem(
      404,
      'ServiceEndpointNotFoundException',
      'The service connection does not exist, or this job may not use it.',
    );
  return undefined;
}

function sameSecret(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Errors as Azure DevOps' REST services word them. */
function problem(status: number, typeKey: string, message: string): Answer {
  return json(status, { $id: '1', innerException: null, message, typeKey, errorCode: 0, eventId: 3000 });
}

function json(status: number, body: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8; api-version=7.1' },
    body: JSON.stringify(body),
  };
}
