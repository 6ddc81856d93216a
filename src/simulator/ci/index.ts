/** GitHub's token service: a job shows its bearer and gets a token that says which job it is. */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { CloudState, GitHubHost } from '../cloud/model.js';
import { stableHex } from '../cloud/ids.js';
import type { SigningKey } from '../entra/tokens.js';
import type { Answer, Exchange, Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { GITHUB_ISSUER, GITHUB_TOKEN_HOST } from './names.js';

/** Actions' tokens live five minutes. Source: docs.github.com, OpenID Connect reference; azure/login's time-range failures. */
const LIFETIME_S = 300;

const ISSUER_HOST = new URL(GITHUB_ISSUER).host;
const JWKS_PATH = '/.well-known/jwks';

/**
 * Where a job of the modelled CI system asks for its token: the value of ACTIONS_ID_TOKEN_REQUEST_URL. The path holds a
 * doubled slash and the query an api-version, as on GitHub's runners; the ids in it mean nothing.
 */
export function tokenRequestUrl(github: GitHubHost): string {
  const job = stableHex(32, 'job', github.repository, github.ref);
  return `https://${GITHUB_TOKEN_HOST}/${job}//idtoken/${stableHex(32, 'plan', job)}/${stableHex(32, 'run', job)}?api-version=2.0`;
}

/**
 * The token service and the issuer's public documents.
 *
 * @param now milliseconds since the epoch
 */
export function createGitHub(state: CloudState, key: SigningKey, now: () => number): Service {
  const tokenUrl = new URL(tokenRequestUrl(state.github));
  const token = (exchange: Exchange): Answer => {
    exchange.note.route = 'GET job id token';
    const refused = refusal(state.github, exchange.headers.authorization);
    if (refused !== undefined) return refused;
    exchange.note.caller = `job of ${state.github.repository}`;
    const audience = exchange.url.searchParams.get('audience') ?? ownerUrl(state.github);
    const value = jobToken(state.github, key, audience, now());
    return json(200, { count: value.length, value });
  };
  return {
    name: 'github',
    serves: (host) => host === ISSUER_HOST || host === GITHUB_TOKEN_HOST,
    async answer(exchange) {
      const { method, url } = exchange;
      if (method === 'GET' && url.host === GITHUB_TOKEN_HOST && url.pathname === tokenUrl.pathname)
        return token(exchange);
      if (method === 'GET' && url.host === ISSUER_HOST) {
        const document = issuerDocument(url.pathname, key);
        if (document !== undefined) {
          exchange.note.route = `GET ${url.pathname}`;
          return json(200, document);
        }
      }
      throw new NotModelled("Of GitHub, only the job id token and its issuer's documents are.");
    },
  };
}

/** A job's token for an audience, made now (milliseconds since the epoch). */
export function jobToken(github: GitHubHost, key: SigningKey, audience: string, now: number): string {
  return key.sign(claims(github, audience, Math.floor(now / 1000)));
}

/** Claims: docs.github.com, "OpenID Connect reference". */
function claims(github: GitHubHost, audience: string, seconds: number): object {
  const [owner = ''] = github.repository.split('/');
  const isBranch = github.ref.startsWith('refs/heads/');
  return {
    jti: randomUUID(),
    sub: github.subject,
    aud: audience,
    ref: github.ref,
    ref_type: isBranch ? 'branch' : 'tag',
    repository: github.repository,
    repository_owner: owner,
    repository_visibility: 'private',
    event_name: github.event,
    workflow: 'deploy',
    job_workflow_ref: `${github.repository}/.github/workflows/deploy.yml@${github.ref}`,
    actor: owner,
    run_id: '1',
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    iss: GITHUB_ISSUER,
    nbf: seconds,
    iat: seconds,
    exp: seconds + LIFETIME_S,
  };
}

/** Without an audience GitHub names the repository's owner (docs.github.com, "OpenID Connect reference"). */
function ownerUrl({ repository }: GitHubHost): string {
  return `https://github.com/${repository.split('/', 1)[0] ?? ''}`;
}

/** Statuses are documented nowhere: assumption. The bearer doesn't exist where the job has no `id-token: write`. */
function refusal(github: GitHubHost, authorization: string | undefined): Answer | undefined {
  if (!sameSecret(authorization ?? '', `Bearer ${github.requestToken}`))
    return json(401, { message: "The bearer of this request is not the job's." });
  if (!github.idTokenPermission)
    return json(403, { message: 'The job lacks the permission id-token: write.' });
  return undefined;
}

function sameSecret(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function issuerDocument(path: string, key: SigningKey): object | undefined {
  if (path === JWKS_PATH) return { keys: [key.jwk] };
  if (path !== '/.well-known/openid-configuration') return undefined;
  return {
    issuer: GITHUB_ISSUER,
    jwks_uri: `${GITHUB_ISSUER}${JWKS_PATH}`,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    claims_supported: [
      'sub',
      'aud',
      'exp',
      'iat',
      'iss',
      'jti',
      'nbf',
      'ref',
      'repository',
      'repository_owner',
    ],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
  };
}

function json(status: number, body: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}
