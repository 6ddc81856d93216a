/** Schemas of the modelled kinds, made of their table; what both versions of OpenAPI have in common. Extensions: kube-openapi pkg/generators. */
import { RESOURCES } from '../resources.js';
import { isMessage } from '../schema/schema.js';
import type { Field, Message, Scalar } from '../schema/schema.js';

export interface Schema {
  type?: string;
  format?: string;
  $ref?: string;
  items?: Schema;
  additionalProperties?: Schema;
  properties?: Record<string, Schema>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
}

const SCALARS: Record<Scalar, Schema> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int: { type: 'integer', format: 'int32' },
  long: { type: 'integer', format: 'int64' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
  quantity: { type: 'string' },
  intOrString: { type: 'string', format: 'int-or-string' },
  any: { type: 'object' },
};

/** The schema of a message. @param place what stands before the name of another in a reference, such as `#/definitions/` */
export function schemaOf(one: Message, place: string): Schema {
  const own = Object.fromEntries(
    [...one.fields.values()].map((field) => [field.name, propertyOf(field, place)]),
  );
  const resource = RESOURCES.find(({ kind }) => kind === one.name);
  if (resource === undefined) return { type: 'object', properties: own };
  const { group, version, kind } = resource;
  return {
    type: 'object',
    properties: { apiVersion: SCALARS.string, kind: SCALARS.string, ...own },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

function propertyOf(field: Field, place: string): Schema {
  const { type, form, keys, set } = field;
  const item: Schema = isMessage(type) ? { $ref: `${place}${type.name}` } : SCALARS[type];
  if (form === 'map') return { type: 'object', additionalProperties: item, ...patchOf(field) };
  if (form === 'one') return { ...item, ...patchOf(field) };
  return {
    type: 'array',
    items: item,
    'x-kubernetes-list-type': keys.length > 0 ? 'map' : set ? 'set' : 'atomic',
    ...(keys.length === 0 ? {} : { 'x-kubernetes-list-map-keys': keys }),
    ...patchOf(field),
  };
}

function patchOf({ keys, set, retainKeys }: Field): Schema {
  const strategy = [...(keys.length > 0 || set ? ['merge'] : []), ...(retainKeys ? ['retainKeys'] : [])];
  const [key] = keys;
  return {
    ...(strategy.length === 0 ? {} : { 'x-kubernetes-patch-strategy': strategy.join(',') }),
    ...(key === undefined ? {} : { 'x-kubernetes-patch-merge-key': key }),
  };
}
