/**
 * OpenAPI v2 of everything, as JSON and as the protobuf in which kubectl before 1.27 wants it to check objects itself
 * (github.com/google/gnostic openapiv2/OpenAPIv2.proto; media types: k8s.io/kube-openapi pkg/handler/handler.go).
 */
import type { ManagedCluster } from '../../cloud/model.js';
import type { Answer, Exchange } from '../../net/exchange.js';
import { commonHeaders, json } from '../answers.js';
import { RESOURCES } from '../resources.js';
import { allMessages } from '../schema/schema.js';
import { writeBytes } from '../schema/wire.js';
import { pathTemplate } from './openapi-v3.js';
import { schemaOf } from './schemas.js';
import type { Schema } from './schemas.js';

/** As it is asked for, and as it is answered: the first isn't a media type that Go would parse. */
const PROTOBUF = {
  asked: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  answered: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const;

function definitions(): Record<string, Schema> {
  return Object.fromEntries(allMessages().map((one) => [one.name, schemaOf(one, '#/definitions/')]));
}

/** Numbers of the fields that are used, by message. */
const DOCUMENT = { swagger: 1, info: 2, paths: 8, definitions: 9 } as const;
const INFO = { title: 1, version: 2 } as const;
const SCHEMA = {
  ref: 1,
  format: 2,
  additionalProperties: 21,
  type: 22,
  items: 23,
  properties: 25,
  extension: 31,
} as const;
const PATHS = { path: 2 } as const;
const PATH_ITEM = { patch: 8 } as const;
const OPERATION = { parameters: 8, extension: 13 } as const;
const QUERY_PARAMETER = { in: 2, name: 4 } as const;
/** Of every `Named...`, and of an Any's YAML. */
const NAMED = { name: 1, value: 2 } as const;
const ANY_YAML = 2;

const named = (number: number, name: string, value: Buffer): Buffer =>
  writeBytes(number, Buffer.concat([writeBytes(NAMED.name, name), writeBytes(NAMED.value, value)]));

function encode(schema: Schema): Buffer {
  const { $ref, format, type, items, additionalProperties, properties, ...extensions } = schema;
  return Buffer.concat([
    ...($ref === undefined ? [] : [writeBytes(SCHEMA.ref, $ref)]),
    ...(format === undefined ? [] : [writeBytes(SCHEMA.format, format)]),
    // A oneof of a schema (1) and a boolean (2).
    ...(additionalProperties === undefined
      ? []
      : [writeBytes(SCHEMA.additionalProperties, writeBytes(1, encode(additionalProperties)))]),
    ...(type === undefined ? [] : [writeBytes(SCHEMA.type, writeBytes(1, type))]),
    ...(items === undefined ? [] : [writeBytes(SCHEMA.items, writeBytes(1, encode(items)))]),
    ...(properties === undefined ? [] : [writeBytes(SCHEMA.properties, encodeAll(properties))]),
    ...Object.entries(extensions).map(([name, value]) =>
      named(SCHEMA.extension, name, writeBytes(ANY_YAML, `${JSON.stringify(value)}\n`)),
    ),
  ]);
}

function encodeAll(schemas: Record<string, Schema>): Buffer {
  return Buffer.concat(Object.entries(schemas).map(([name, schema]) => named(1, name, encode(schema))));
}

/** A parameter of the query, within ParametersItem (1), Parameter (2: not a body) and NonBodyParameter (3: of the query). */
function encodeParameter(name: string): Buffer {
  const parameter = Buffer.concat([
    writeBytes(QUERY_PARAMETER.in, 'query'),
    writeBytes(QUERY_PARAMETER.name, name),
  ]);
  return writeBytes(1, writeBytes(2, writeBytes(3, parameter)));
}

/** Each kind's PATCH with its parameter dryRun: by that kubectl knows that a dry run is one (k8s.io/cli-runtime query_param_verifier.go). */
function encodePaths(): Buffer {
  return Buffer.concat(
    RESOURCES.map((resource) => {
      const { group, version, kind } = resource;
      const type = JSON.stringify({ group, version, kind });
      const patch = Buffer.concat([
        writeBytes(OPERATION.parameters, encodeParameter('dryRun')),
        named(OPERATION.extension, 'x-kubernetes-group-version-kind', writeBytes(ANY_YAML, `${type}\n`)),
      ]);
      return named(PATHS.path, pathTemplate(resource), writeBytes(PATH_ITEM.patch, patch));
    }),
  );
}

const INFORMATION = { title: 'Kubernetes', version: 'unversioned' };

/** Answers GET /openapi/v2. */
export function openApiV2(_cluster: ManagedCluster, { headers }: Exchange): Answer {
  if (!(headers['accept'] ?? '').includes(PROTOBUF.asked))
    return json(200, { swagger: '2.0', info: INFORMATION, paths: {}, definitions: definitions() });
  const info = Buffer.concat([
    writeBytes(INFO.title, INFORMATION.title),
    writeBytes(INFO.version, INFORMATION.version),
  ]);
  return {
    status: 200,
    headers: { ...commonHeaders(), 'content-type': PROTOBUF.answered },
    body: Buffer.concat([
      writeBytes(DOCUMENT.swagger, '2.0'),
      writeBytes(DOCUMENT.info, info),
      writeBytes(DOCUMENT.paths, encodePaths()),
      writeBytes(DOCUMENT.definitions, encodeAll(definitions())),
    ]),
  };
}
