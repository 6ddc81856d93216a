/** Azure Resource Manager: who calls, whether they may, and which provider answers. */
import { randomUUID } from 'node:crypto';
import { isGuid } from '../cloud/ids.js';
import { CLOUDS, resourceManagerAudiences } from '../cloud/clouds.js';
import { principalByObjectId } from '../cloud/directory.js';
import type { SimulatorContext, TokenProblem } from '../context.js';
import type { Answer, Exchange, Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute, modelledRoutes } from '../routes.js';
import { claimsOf } from '../entra/tokens.js';
import type { Call, Caller, Route } from './call.js';
import { agentPoolRoutes } from './agent-pools.js';
import { clusterWriteRoutes } from './cluster-writes.js';
import { clusterRoutes } from './clusters.js';
import type { Kubeconfigs } from './clusters.js';
import { denyAssignmentRoutes } from './deny-assignments.js';
import { deploymentRoutes } from './deployments.js';
import {
  ArmError,
  authorizationFailed,
  denyAssignmentAuthorizationFailed,
  errorAnswer,
  invalidSubscriptionId,
  missingApiVersion,
  unauthenticated,
  wrongTenant,
} from './errors.js';
import { requireAllowed } from './governance.js';
import { identityRoutes } from './identities.js';
import { importRoutes } from './imports.js';
import { lockRoutes } from './locks.js';
import { pageOf } from './pages.js';
import { policyExemptionRoutes } from './policy-exemptions.js';
import { privateLinkRoutes } from './private-link.js';
import { publicAddressRoutes } from './public-addresses.js';
import { registryRoutes } from './registries.js';
import { registryChangeRoutes } from './registry-changes.js';
import { requireSubscription } from './resources.js';
import { resourceGraphRoutes } from './resource-graph.js';
import { scaleSetRoutes } from './scale-sets.js';
import { roleAssignmentRoutes } from './role-assignments.js';
import { roleEligibilityRoutes } from './role-eligibility.js';
import { roleDefinitionRoutes } from './role-definitions.js';
import { runCommandRoutes } from './run-command.js';
import type { CommandRunner } from './run-command.js';
import { subscriptionRoutes } from './subscriptions.js';

/** Every answer has these (recordings). */
const COMMON_HEADERS = {
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  expires: '-1',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

/** What is left of the caller's bucket: numbers as served since 2024. Nothing is ever used up. A POST counts as a write. */
const RATE_LIMITS: Readonly<Record<string, Record<string, string>>> = {
  GET: { 'x-ms-ratelimit-remaining-subscription-global-reads': '16499' },
  DELETE: {
    'x-ms-ratelimit-remaining-subscription-deletes': '799',
    'x-ms-ratelimit-remaining-subscription-global-deletes': '11999',
  },
  PUT: {
    'x-ms-ratelimit-remaining-subscription-writes': '799',
    'x-ms-ratelimit-remaining-subscription-global-writes': '11999',
  },
};

export function createArm(context: SimulatorContext, apiServers: Kubeconfigs & CommandRunner): Service {
  const assignments = roleAssignmentRoutes(context);
  const clusters = clusterRoutes(context, apiServers);
  const registries = registryRoutes(context);
  const identities = identityRoutes(context);
  const routes: readonly Route[] = [
    ...assignments,
    ...deploymentRoutes(context, assignments, [...clusters, ...registries, ...identities]),
    ...roleDefinitionRoutes(context),
    ...roleEligibilityRoutes(context),
    ...denyAssignmentRoutes(context),
    ...lockRoutes(context),
    ...policyExemptionRoutes(context),
    ...identities,
    ...clusters,
    ...runCommandRoutes(context, apiServers),
    ...clusterWriteRoutes(context),
    ...agentPoolRoutes(context),
    ...scaleSetRoutes(context),
    ...registries,
    ...registryChangeRoutes(context),
    ...publicAddressRoutes(context),
    ...privateLinkRoutes(context),
    ...importRoutes(context),
    ...subscriptionRoutes(context),
    ...resourceGraphRoutes(context),
  ];
  return {
    name: 'arm',
    routes: modelledRoutes('arm', routes),
    serves: (host) => host === CLOUDS[context.state.cloud].resourceManager,
    async answer(exchange) {
      try {
        const { pageSize } = context.state;
        const whole = await respond(context, routes, exchange);
        const answer =
          pageSize === undefined || exchange.method !== 'GET' ? whole : pageOf(whole, exchange.url, pageSize);
        return dressed(answer, RATE_LIMITS[exchange.method] ?? RATE_LIMITS.PUT);
      } catch (error) {
        if (!(error instanceof ArmError)) throw error;
        exchange.note.verdict ??= `refused: ${error.code}`;
        const isGateway = error.more.headers?.['x-ms-failure-cause'] === 'gateway';
        return dressed(errorAnswer(error), isGateway ? {} : RATE_LIMITS[exchange.method]);
      }
    },
  };
}

async function respond(
  context: SimulatorContext,
  routes: readonly Route[],
  exchange: Exchange,
): Promise<Answer> {
  const { method, url, body, note } = exchange;
  const caller = authenticate(context, exchange.headers.authorization);
  note.caller = caller.principal?.name ?? caller.objectId;
  const path = plainPath(url.pathname);
  const found = findRoute(routes, method, path, { ignoreCase: true });
  if (found === undefined) throw new NotModelled('No route of the modelled providers fits.');
  const { row: route, parameters } = found;
  note.route = route.name;
  const apiVersion = url.searchParams.get('api-version') ?? '';
  if (apiVersion === '') throw missingApiVersion();
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(apiVersion))
    throw new NotModelled(`The api-version ${apiVersion} isn't.`);
  if (apiVersion < route.since) throw new NotModelled(`An api-version before ${route.since} isn't here.`);
  const call: Call = {
    method,
    path,
    parameters,
    query: url.searchParams,
    apiVersion,
    body,
    caller,
  };
  // Which directory decides follows from the subscription, so it is looked up before any right: an assumption.
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
  if (subscription !== undefined) {
    if (!isGuid(subscription)) throw invalidSubscriptionId(subscription);
    const { tenantId } = requireSubscription(context.state, subscription);
    if (tenantId !== undefined) throw wrongTenant(tenantId, context.state);
  }
  // Rights come before existence: who may not look isn't told what there is.
  if (route.demand !== undefined) {
    const demand = route.demand(call);
    const decision = context.decide({ principalId: caller.objectId, kind: 'action', ...demand });
    note.verdict = decision.why;
    if (decision.denyAssignment !== undefined)
      throw denyAssignmentAuthorizationFailed(
        caller.client,
        caller.objectId,
        demand,
        decision.denyAssignment,
      );
    if (!decision.allowed)
      throw authorizationFailed(
        caller.client,
        caller.objectId,
        demand.action,
        demand.scope,
        decision.unmetCondition === true,
      );
  }
  requireAllowed(context.state, call);
  return route.answer(call);
}

/** Texts as quoted in public threads on each code. */
function authenticate({ state, tokens, now }: SimulatorContext, authorization: string | undefined): Caller {
  const refuse = (code: string, message: string): ArmError => unauthenticated(code, message, state);
  const audiences = resourceManagerAudiences(state);
  if (authorization === undefined)
    throw refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
  const [scheme = '', token = ''] = authorization.split(' ');
  if (scheme.toLowerCase() !== 'bearer')
    throw refuse(
      'AuthenticationFailedInvalidHeader',
      "Authentication failed. The 'Authorization' header is provided in an invalid format.",
    );
  const verified = tokens.verify(token, audiences);
  if ('problem' in verified) {
    const said = claimsOf(token) ?? {};
    const explain: Readonly<Record<TokenProblem, () => ArmError>> = {
      malformed: () => refuse('InvalidAuthenticationToken', 'The access token is invalid.'),
      signature: () => refuse('InvalidAuthenticationToken', 'The access token is invalid.'),
      audience: () =>
        refuse(
          'InvalidAuthenticationTokenAudience',
          `The access token has been obtained for wrong audience or resource '${String(said.aud)}'. It should exactly match with one of the allowed audiences '${audiences.join("','")}'.`,
        ),
      expired: () =>
        refuse(
          'ExpiredAuthenticationToken',
          `The access token expiry UTC time '${clockTime(Number(said.exp) * 1000)}' is earlier than current UTC time '${clockTime(now())}'.`,
        ),
    };
    throw explain[verified.kind]();
  }
  const { oid, appid } = verified.claims;
  const principal = principalByObjectId(state, oid);
  return { objectId: oid, client: principal?.kind === 'user' ? principal.name : appid, principal };
}

/** `8/13/2025 5:34:55 AM`, in UTC. */
function clockTime(ms: number): string {
  return new Date(ms).toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '').replace(/\s/g, ' ');
}

/** Clients write `//subscriptions/…`, encode what they like, and end in a slash or not (capture: arm-authorization 9). */
function plainPath(pathname: string): string {
  try {
    return decodeURIComponent(pathname.replace(/\/{2,}/g, '/')).replace(/\/$/, '');
  } catch {
    throw new NotModelled("A path that can't be decoded isn't.");
  }
}

function dressed(answer: Answer, rateLimit: Record<string, string> = {}): Answer {
  const id = randomUUID();
  return {
    ...answer,
    headers: {
      ...(answer.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...COMMON_HEADERS,
      ...rateLimit,
      'x-ms-request-id': id,
      'x-ms-correlation-request-id': id,
      ...answer.headers,
    },
  };
}
