/**
 * OpenAPI v3 of a group, made of the table of kinds: what `kubectl explain` and client-side apply read, and the
 * parameter by which kubectl knows that the server checks fields itself (k8s.io/cli-runtime query_param_verifier_v3.go).
 * There are no descriptions.
 */
import { groupVersion, RESOURCES } from '../resources.js';
import type { ResourceInfo } from '../resources.js';
import { isMessage, message } from '../schema/schema.js';
import type { Message } from '../schema/schema.js';
import { schemaOf } from './schemas.js';

const PLACE = '#/components/schemas/';

/** A group's document. @param groupPath `api/v1` or `apis/batch/v1` */
export function openApiV3(groupPath: string): object {
  const resources = RESOURCES.filter((one) => pathOf(one) === groupPath);
  const needed = new Map<string, Message>();
  resources.forEach(({ kind }) => collect(message(kind), needed));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: Object.fromEntries(resources.map((resource) => [pathTemplate(resource), pathItem(resource)])),
    components: {
      schemas: Object.fromEntries([...needed.values()].map((one) => [one.name, schemaOf(one, PLACE)])),
    },
  };
}

/** Where a resource's group is served: `api/v1`, `apis/batch/v1`. */
export function pathOf(resource: ResourceInfo): string {
  return `${resource.group === '' ? 'api' : 'apis'}/${groupVersion(resource)}`;
}

function collect(one: Message, into: Map<string, Message>): void {
  if (into.has(one.name)) return;
  into.set(one.name, one);
  for (const { type } of one.fields.values()) if (isMessage(type)) collect(type, into);
}

/** `/api/v1/namespaces/{namespace}/pods/{name}`. */
export function pathTemplate(resource: ResourceInfo): string {
  const namespace = resource.namespaced ? 'namespaces/{namespace}/' : '';
  return `/${pathOf(resource)}/${namespace}${resource.name}/{name}`;
}

function pathItem({ group, version, kind }: ResourceInfo): object {
  const type = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  const fieldValidation = {
    name: 'fieldValidation',
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  };
  const body = { 'application/json': { schema: { $ref: `${PLACE}${kind}` } } };
  return {
    // kubectl explain goes from a GET's answer to the kind's schema.
    get: { ...type, 'x-kubernetes-action': 'get', responses: { 200: { description: 'OK', content: body } } },
    patch: { ...type, 'x-kubernetes-action': 'patch', parameters: [fieldValidation] },
  };
}
