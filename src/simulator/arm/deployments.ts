/**
 * Microsoft.Resources/deployments in a resource group, for templates that hold role assignments and nothing else. Paths and
 * fields: https://learn.microsoft.com/rest/api/resources/deployments (create or update, get) and
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax. No exchange of it is recorded: statuses,
 * headers and which fields an answer has are an assumption from these pages.
 */
import { randomUUID } from 'node:crypto';
import { roleAssignmentId, same } from '../cloud/arm-id.js';
import { CLOUDS } from '../cloud/clouds.js';
import { isoTime } from '../cloud/scenario.js';
import type { SimulatorContext } from '../context.js';
import type { Answer } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute } from '../routes.js';
import { ok, parameter, resourceId } from './call.js';
import type { Call, Route } from './call.js';
import {
  ArmError,
  authorizationFailed,
  deploymentFailed,
  deploymentNotFound,
  unauthorizedTemplateResource,
} from './errors.js';
import { requireAllowed } from './governance.js';
import { groupPath, requireResourceGroup } from './resources.js';
import { evaluate } from './template-expressions.js';
import type { TemplateScope } from './template-expressions.js';

const TYPE = 'Microsoft.Resources/deployments';
const ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';
const ONE = `${groupPath}/providers/Microsoft.Resources/deployments/{name}`;
const SINCE = '2019-05-01';
const SOURCE = 'docs: deployments REST reference';
/** What happens during a deployment is over before its first answer: an assumption that saves the waiting. */
const NO_TIME = 'PT0S';

interface Deployment {
  id: string;
  name: string;
  correlationId: string;
  timestamp: string;
  /** Ids of what it wrote. */
  written: string[];
  error?: { code: string; message: string; details: object[] };
}

/** A resource of a template, its expressions evaluated. */
interface TemplateResource {
  apiVersion: string;
  name: string;
  /** Whole id. */
  scope: string;
  properties: unknown;
}

/**
 * @param assignments the routes of role assignments, which do the writing
 * @param readable the routes of what a template may refer to
 */
export function deploymentRoutes(
  context: SimulatorContext,
  assignments: readonly Route[],
  readable: readonly Route[] = [],
): Route[] {
  const { state, now } = context;
  const deployments: Deployment[] = [];
  const find = (call: Call): Deployment => {
    const found = deployments.find(({ id }) => same(id, resourceId(call)));
    if (found === undefined) throw deploymentNotFound(parameter(call, 'name'));
    return found;
  };
  return [
    {
      name: 'PUT deployment',
      method: 'PUT',
      path: ONE,
      since: SINCE,
      source: SOURCE,
      demand: (call) => ({ action: `${TYPE}/write`, scope: resourceId(call) }),
      async answer(call) {
        requireResourceGroup(state, parameter(call, 'subscription'), parameter(call, 'group'));
        const id = resourceId(call);
        const resources = readTemplate(call, (...asked) => refer(context, readable, call, ...asked));
        const writes = resources.map((resource) => writeOf(assignments, call, resource));
        // Rights are looked at for the whole template before anything is written.
        for (const write of writes) requireRight(context, write);
        const deployment: Deployment = {
          id,
          name: parameter(call, 'name'),
          correlationId: randomUUID(),
          timestamp: isoTime(now()),
          written: [],
        };
        const details: object[] = [];
        for (const { route, call: write } of writes) {
          try {
            requireAllowed(state, write);
            await route.answer(write);
            deployment.written.push(write.path);
          } catch (error) {
            if (!(error instanceof ArmError)) throw error;
            details.push({ code: error.code, message: error.message });
          }
        }
        if (details.length > 0) deployment.error = { ...deploymentFailed(), details };
        const before = deployments.findIndex((one) => same(one.id, id));
        deployments.splice(before === -1 ? deployments.length : before, before === -1 ? 0 : 1, deployment);
        const location = `https://${CLOUDS[state.cloud].resourceManager}${id}/operationStatuses/${deployment.correlationId}?api-version=${call.apiVersion}`;
        return {
          ...ok(body(deployment, 'Accepted'), { 'azure-asyncoperation': location }),
          status: before === -1 ? 201 : 200,
        };
      },
    },
    {
      name: 'GET deployment',
      method: 'GET',
      path: ONE,
      since: SINCE,
      source: SOURCE,
      demand: (call) => ({ action: `${TYPE}/read`, scope: resourceId(call) }),
      answer: (call) => ok(body(find(call))),
    },
    {
      name: 'GET deployment/operationStatuses',
      method: 'GET',
      path: `${ONE}/operationStatuses/{operation}`,
      since: SINCE,
      source: SOURCE,
      demand: (call) => ({ action: `${TYPE}/operationStatuses/read`, scope: resourceId(call) }),
      answer(call): Answer {
        const deployment = find(call);
        if (deployment.correlationId !== parameter(call, 'operation'))
          throw deploymentNotFound(parameter(call, 'operation'));
        const { error } = deployment;
        return ok(error === undefined ? { status: 'Succeeded' } : { status: 'Failed', error });
      },
    },
  ];
}

function body(deployment: Deployment, state?: 'Accepted'): object {
  const { id, name, correlationId, timestamp, written, error } = deployment;
  const isOver = state === undefined;
  return {
    id,
    name,
    type: TYPE,
    properties: {
      mode: 'Incremental',
      provisioningState: state ?? (error === undefined ? 'Succeeded' : 'Failed'),
      timestamp,
      duration: NO_TIME,
      correlationId,
      ...(isOver && error !== undefined ? { error } : {}),
      ...(isOver ? { outputResources: written.map((resource) => ({ id: resource })) } : {}),
    },
  };
}

interface Write {
  route: Route;
  call: Call;
  resource: TemplateResource;
}

/** What the resource's own provider is asked, by the same caller. */
function writeOf(assignments: readonly Route[], from: Call, resource: TemplateResource): Write {
  const path = roleAssignmentId(resource.scope, resource.name);
  const found = findRoute(assignments, 'PUT', path, { ignoreCase: true });
  if (found === undefined) throw new NotModelled(`A deployment of ${path} isn't.`);
  const call: Call = {
    method: 'PUT',
    path,
    parameters: found.parameters,
    query: new URLSearchParams(),
    apiVersion: resource.apiVersion,
    body: Buffer.from(JSON.stringify({ properties: resource.properties })),
    caller: from.caller,
  };
  return { route: found.row, call, resource };
}

function requireRight(context: SimulatorContext, { route, call, resource }: Write): void {
  const demand = route.demand?.(call);
  if (demand === undefined) return;
  const { objectId, client } = call.caller;
  if (context.decide({ principalId: objectId, kind: 'action', ...demand }).allowed) return;
  throw unauthorizedTemplateResource(resource.name, ASSIGNMENT_TYPE, client, objectId, demand);
}

type Refer = NonNullable<TemplateScope['reference']>;

/** Properties of a resource, as the caller may read them. Assumption: a refusal is that of the resource's own read. */
function refer(
  context: SimulatorContext,
  readable: readonly Route[],
  from: Call,
  ...[id, apiVersion]: Parameters<Refer>
): unknown {
  const found = findRoute(readable, 'GET', id, { ignoreCase: true });
  if (found === undefined) throw new NotModelled(`A template's reference to ${id} isn't.`);
  const { row, parameters } = found;
  const call: Call = { ...from, method: 'GET', path: id, parameters, apiVersion, body: Buffer.alloc(0) };
  const demand = row.demand?.(call);
  const { objectId, client } = from.caller;
  if (demand !== undefined && !context.decide({ principalId: objectId, kind: 'action', ...demand }).allowed)
    throw authorizationFailed(client, objectId, demand.action, demand.scope, false);
  const answer = row.answer(call);
  if (answer instanceof Promise || typeof answer.body !== 'string')
    throw new NotModelled(`A template's reference to ${id} isn't.`);
  return (JSON.parse(answer.body) as { properties: unknown }).properties;
}

/** The resources of a request's template. What isn't of the form that is modelled is named. */
function readTemplate(call: Call, reference: Refer): TemplateResource[] {
  const { properties } = record(parse(call.body), ['properties'], 'deployment');
  const {
    mode,
    template,
    parameters = {},
  } = record(properties, ['mode', 'template', 'parameters'], 'deployment');
  if (mode !== 'Incremental') throw new NotModelled(`A deployment in mode ${String(mode)} isn't.`);
  const whole = record(
    template,
    ['$schema', 'contentVersion', 'metadata', 'parameters', 'variables', 'resources'],
    'template',
  );
  const { resources, $schema } = whole;
  if (!/\/schemas\/2019-04-01\/deploymentTemplate\.json#?$/i.test(String($schema)))
    throw new NotModelled(`A template of the schema ${String($schema)} isn't.`);
  if (!Array.isArray(resources)) throw new NotModelled("A template whose resources are no list isn't.");
  const scope = scopeOf(call, whole, parameters);
  return resources.map((resource: unknown) => readResource(scope, reference, resource));
}

/** The values of a template's parameters, and its variables. */
function scopeOf(call: Call, template: Readonly<Record<string, unknown>>, given: unknown): TemplateScope {
  const group = `/subscriptions/${parameter(call, 'subscription')}/resourceGroups/${parameter(call, 'group')}`;
  const declared = (template['parameters'] ?? {}) as Record<string, unknown>;
  const values = record(given, Object.keys(declared), 'list of parameters');
  const parameters: Record<string, unknown> = {};
  const scope = { group, parameters, variables: {} as Record<string, unknown> };
  for (const [name, declaration] of Object.entries(declared)) {
    const { allowedValues, defaultValue } = record(
      declaration,
      ['type', 'defaultValue', 'allowedValues', 'metadata'],
      'parameter of a template',
    );
    const value =
      values[name] === undefined
        ? evaluate(defaultValue, scope)
        : record(values[name], ['value'], 'value of a parameter')['value'];
    if (value === undefined) throw new NotModelled(`A deployment without a value for ${name} isn't.`);
    if (Array.isArray(allowedValues) && !allowedValues.includes(value))
      throw new NotModelled(`A deployment with another ${name} than is allowed isn't.`);
    parameters[name] = value;
  }
  for (const [name, value] of Object.entries((template['variables'] ?? {}) as Record<string, unknown>))
    scope.variables[name] = evaluate(value, scope);
  return scope;
}

function readResource(scope: TemplateScope, reference: Refer, value: unknown): TemplateResource {
  const given = record(
    value,
    ['type', 'apiVersion', 'name', 'scope', 'properties'],
    'resource of a template',
  );
  const { type, properties } = given;
  if (typeof type !== 'string' || !same(type, ASSIGNMENT_TYPE))
    throw new NotModelled(`A deployment of ${String(type)} isn't.`);
  const text = (one: unknown): string => {
    const found = evaluate(one, scope);
    if (typeof found !== 'string') throw new NotModelled("A resource without a name or a version isn't.");
    return found;
  };
  const at = given['scope'] === undefined ? scope.group : text(given['scope']);
  return {
    apiVersion: text(given['apiVersion']),
    name: text(given['name']),
    // Without a slash in front it is a resource of the group that is deployed to.
    scope: at.startsWith('/') ? at : `${scope.group}/providers/${at}`,
    // Only here, once all names are known, may a template ask for what there is.
    properties: evaluate(properties, { ...scope, reference }),
  };
}

/** A record with no other keys than these. */
function record(value: unknown, keys: readonly string[], what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NotModelled(`A ${what} that is no object isn't.`);
  const other = Object.keys(value).find((key) => !keys.includes(key));
  if (other !== undefined) throw new NotModelled(`A ${what} with "${other}" isn't.`);
  return value as Record<string, unknown>;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new NotModelled("A deployment that is not JSON isn't.");
  }
}
