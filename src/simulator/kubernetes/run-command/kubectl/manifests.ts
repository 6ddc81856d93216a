/** Manifests as kubectl reads them: YAML or JSON, several in one file, lists taken apart. */
import { parseAllDocuments } from 'yaml';
import { NotModelled } from '../../../net/exchange.js';
import { filePath } from '../shell.js';
import { KubectlFailure } from './failure.js';
import { ofKind } from './resources.js';
import type { AnyObject, Resource } from './resources.js';
import type { Desk } from './desk.js';

export interface Manifest {
  /** The file as it was named, `STDIN` for standard input. */
  source: string;
  resource: Resource;
  object: AnyObject;
  /** Where it belongs; undefined for what is in no namespace. */
  namespace: string | undefined;
}

/** All objects of the files, in order. Throws before the first is used. */
export function manifests(desk: Desk, resources: readonly Resource[], files: readonly string[]): Manifest[] {
  if (files.length === 0) throw new KubectlFailure('error: must specify one of -f and -k');
  return files.flatMap((file) => {
    const text = manifestText(desk, file);
    return objectsIn(text, file).map((object) =>
      placed(desk, resources, file === '-' ? 'STDIN' : file, object),
    );
  });
}

/** A file of the command's folder, or standard input for `-`. */
export function manifestText({ process }: Desk, file: string): string {
  if (file === '-') return process.input;
  if (/^https?:/.test(file)) throw new NotModelled('a manifest from the network');
  const path = filePath(file);
  const content = process.files.get(path);
  if (content !== undefined) return content.toString();
  if (path === '' || [...process.files.keys()].some((one) => one.startsWith(`${path}/`)))
    throw new NotModelled('a folder of manifests');
  throw new KubectlFailure(`error: the path "${file}" does not exist`);
}

function objectsIn(text: string, file: string): AnyObject[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) throw new KubectlFailure('error: no objects passed to create');
  const objects = documents.flatMap((document) => {
    // Go's parser words it otherwise.
    if (document.errors.length > 0) throw new NotModelled(`a manifest that isn't YAML: ${file}`);
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (typeof value !== 'object' || Array.isArray(value))
      throw new NotModelled(`a manifest without an object: ${file}`);
    const object = { metadata: {}, ...value } as AnyObject & { items?: AnyObject[] };
    if (object.apiVersion === undefined || object.kind === undefined)
      throw new NotModelled(`a manifest without apiVersion or kind: ${file}`);
    return object.kind === 'List' ? (object.items ?? []) : [object];
  });
  return objects;
}

/** Gives an object its namespace: its own, which must be the one asked for, if one was. */
function placed(desk: Desk, resources: readonly Resource[], source: string, object: AnyObject): Manifest {
  const resource = ofKind(resources, object);
  const { name = '', namespace: own } = object.metadata;
  if (resource === undefined)
    throw new KubectlFailure(
      `error: resource mapping not found for name: "${name}" namespace: "${own ?? ''}" from "${source}": no matches for kind "${object.kind}" in version "${object.apiVersion}"\nensure CRDs are installed first`,
    );
  if (!resource.namespaced) return { source, resource, object, namespace: undefined };
  const asked = desk.args.text('namespace');
  if (own !== undefined && asked !== undefined && own !== asked)
    throw new KubectlFailure(
      `error: the namespace from the provided object "${own}" does not match the namespace "${asked}". You must pass '--namespace=${own}' to perform this operation.`,
    );
  const namespace = own ?? desk.namespace;
  return { source, resource, object: { ...object, metadata: { ...object.metadata, namespace } }, namespace };
}
