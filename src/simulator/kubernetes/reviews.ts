/** Questions about oneself: may I, what may I, who am I. None of them is stored. */
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { json } from './answers.js';
import type { User } from './authentication.js';
import { authorise, rulesOf } from './authorisation.js';
import { readBody } from './bodies.js';
import { badRequest } from './errors.js';
import type { ApiDesk } from './requests.js';

/** A kind of review, by what discovery says of it. */
export interface Review {
  name: string;
  group: string;
  kind: string;
  answer(desk: ApiDesk, exchange: Exchange, user: User): Answer;
}

interface AccessSpec {
  resourceAttributes?: {
    namespace?: string;
    verb?: string;
    group?: string;
    resource?: string;
    subresource?: string;
    name?: string;
  };
  nonResourceAttributes?: { path?: string; verb?: string };
}

/** "May I?" (capture: ssar.json). */
function reviewAccess(desk: ApiDesk, exchange: Exchange, user: User): Answer {
  const { spec = {} } = readBody(exchange, 'SelfSubjectAccessReview').object as { spec?: AccessSpec };
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if (path !== undefined) throw new NotModelled('a review of a path');
  if (asked === undefined)
    throw badRequest('exactly one of resourceAttributes or nonResourceAttributes must be specified');
  const { verb = '', group = '', resource = '', subresource, namespace, name } = asked;
  const decision = authorise(desk.context, desk.cluster, desk.store, user, {
    verb,
    group,
    resource,
    subresource,
    namespace: namespace === '' ? undefined : namespace,
    name,
  });
  exchange.note.verdict = decision.why;
  return json(201, {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: {
      allowed: decision.allowed,
      ...(decision.reason === undefined ? {} : { reason: decision.reason }),
    },
  });
}

/**
 * "What may I?" As far as rules can be listed: Azure RBAC gives none and makes the answer incomplete
 * (kubernetes/kubernetes pkg/registry/authorization/selfsubjectrulesreview; webhook authorizers can't list rules).
 */
function reviewRules(desk: ApiDesk, exchange: Exchange, user: User): Answer {
  const { spec = {} } = readBody(exchange, 'SelfSubjectRulesReview').object as {
    spec?: { namespace?: string };
  };
  if ((spec.namespace ?? '') === '') throw badRequest('no namespace on request');
  const { rules, incomplete } = rulesOf(desk.cluster, desk.store, user, spec.namespace);
  return json(201, {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: {},
    status: {
      resourceRules: rules.filter(({ resources }) => resources !== undefined),
      nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined),
      incomplete,
      ...(incomplete ? { evaluationError: 'webhook authorizer does not support user rule resolution' } : {}),
    },
  });
}

/** "Who am I?" (https://kubernetes.io/docs/reference/kubernetes-api, authentication.k8s.io/v1 SelfSubjectReview). */
function reviewSelf(_desk: ApiDesk, _exchange: Exchange, user: User): Answer {
  return json(201, {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    status: { userInfo: { username: user.name, groups: user.groups } },
  });
}

const AUTHORIZATION = 'authorization.k8s.io';

/** Whoever is authenticated may ask (ClusterRoles system:basic-user). */
export const REVIEWS: readonly Review[] = [
  {
    name: 'selfsubjectreviews',
    group: 'authentication.k8s.io',
    kind: 'SelfSubjectReview',
    answer: reviewSelf,
  },
  {
    name: 'selfsubjectaccessreviews',
    group: AUTHORIZATION,
    kind: 'SelfSubjectAccessReview',
    answer: reviewAccess,
  },
  {
    name: 'selfsubjectrulesreviews',
    group: AUTHORIZATION,
    kind: 'SelfSubjectRulesReview',
    answer: reviewRules,
  },
];
