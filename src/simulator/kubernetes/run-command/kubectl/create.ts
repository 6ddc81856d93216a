/** kubectl create and kubectl apply (kubernetes/kubectl pkg/cmd/create, pkg/cmd/apply). */
import { NotModelled } from '../../../net/exchange.js';
import { Failures, FILES, NAMESPACE, OUTPUT, printWarnings } from './desk.js';
import type { Desk, SubCommand } from './desk.js';
import { during, KubectlFailure, read, Refusal } from './failure.js';
import { goJson } from './go-json.js';
import { manifests } from './manifests.js';
import type { Manifest } from './manifests.js';
import { printerOf } from './printers.js';
import { rawRequest } from './raw.js';
import { discover, objectName, objectPath, resourcePath } from './resources.js';
import type { AnyObject, Resource } from './resources.js';

const CREATING = { 'dry-run': { kind: 'inline' }, validate: { kind: 'inline' } } as const;
/** What --validate asks the server for. */
const VALIDATION: Readonly<Record<string, string>> = {
  strict: 'Strict',
  true: 'Strict',
  warn: 'Warn',
  ignore: 'Ignore',
  false: 'Ignore',
};
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export const create: SubCommand = {
  flags: { ...NAMESPACE, ...FILES, ...OUTPUT, ...CREATING, raw: { kind: 'text' } },
  async run(desk) {
    const raw = desk.args.text('raw');
    if (raw !== undefined) return rawRequest(desk, 'POST', raw);
    if (desk.args.words.length > 0) return createNamed(desk);
    return forEachManifest(desk, async (manifest) => {
      const created = await post(desk, manifest, 'kubectl-create').catch((error: unknown) => {
        throw during(`error when creating "${manifest.source}"`, error);
      });
      return { object: created, outcome: 'created' };
    });
  },
};

export const apply: SubCommand = {
  flags: { ...NAMESPACE, ...FILES, ...OUTPUT, ...CREATING },
  run: (desk) => forEachManifest(desk, (manifest) => applyOne(desk, manifest)),
};

/** `kubectl create namespace x`: the one kind that is made without a manifest here. */
async function createNamed(desk: Desk): Promise<number> {
  const [kind = '', name, ...more] = desk.args.words;
  if (!['namespace', 'ns'].includes(kind) || name === undefined || more.length > 0)
    throw new NotModelled(`kubectl create ${desk.args.words.join(' ')}`);
  const resource = (await discover(desk.client)).find((one) => one.kind === 'Namespace');
  if (resource === undefined) throw new Error('the server has no namespaces');
  const object: AnyObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const created = await post(desk, { source: '', resource, object, namespace: undefined }, 'kubectl-create');
  report(desk, resource, created, 'created');
  return 0;
}

interface Outcome {
  object: AnyObject;
  outcome: 'created' | 'unchanged';
}

async function forEachManifest(desk: Desk, act: (manifest: Manifest) => Promise<Outcome>): Promise<number> {
  const failures = new Failures();
  const all = manifests(desk, await discover(desk.client), desk.args.texts('filename'));
  if (all.length === 0) throw new KubectlFailure('error: no objects passed to create');
  for (const manifest of all) {
    try {
      const { object, outcome } = await act(manifest);
      report(desk, manifest.resource, object, outcome);
    } catch (error) {
      failures.add(error);
    }
  }
  return failures.print(desk);
}

function report(desk: Desk, resource: Resource, object: AnyObject, outcome: string): void {
  const printer = printerOf(desk.args.text('output'));
  const name = objectName(resource, object.metadata.name ?? '');
  desk.process.out(
    printer === undefined
      ? `${name} ${outcome}${isDryRun(desk) ? ' (server dry run)' : ''}\n`
      : printer(object, () => resource),
  );
}

function isDryRun({ args }: Desk): boolean {
  const strategy = args.text('dry-run') ?? 'none';
  if (strategy !== 'none' && strategy !== 'server') throw new NotModelled(`kubectl's --dry-run=${strategy}`);
  return strategy === 'server';
}

function validation({ args }: Desk): string {
  const asked = args.text('validate') ?? 'strict';
  const found = Object.hasOwn(VALIDATION, asked) ? VALIDATION[asked] : undefined;
  if (found === undefined) throw new NotModelled(`kubectl's --validate=${asked}`);
  return found;
}

async function post(
  desk: Desk,
  { resource, object, namespace }: Manifest,
  fieldManager: string,
): Promise<AnyObject> {
  const answer = await desk.client.send('POST', resourcePath(resource, namespace), {
    query: { fieldManager, fieldValidation: validation(desk), ...(isDryRun(desk) ? { dryRun: 'All' } : {}) },
    body: goJson(object),
  });
  printWarnings(desk, answer.warnings);
  return read<AnyObject>(answer);
}

/** Creates what isn't there. What is there may only be as it was applied before: patches aren't modelled. */
async function applyOne(desk: Desk, manifest: Manifest): Promise<Outcome> {
  const { resource, object, namespace, source } = manifest;
  const { name } = object.metadata;
  if (name === undefined) throw new KubectlFailure('error: from : cannot use generate name with apply');
  const applied = withLastApplied(object);
  const found = await desk.client.send('GET', objectPath(resource, namespace, name));
  if (found.status !== 404) {
    const existing = await Promise.resolve()
      .then(() => read<AnyObject>(found))
      .catch((error: unknown) => {
        throw during(retrieving(manifest), error);
      });
    if (lastApplied(existing) !== lastApplied(applied))
      throw new NotModelled('kubectl apply of an object that is there and differs');
    return { object: existing, outcome: 'unchanged' };
  }
  try {
    return {
      object: await post(desk, { ...manifest, object: applied }, 'kubectl-client-side-apply'),
      outcome: 'created',
    };
  } catch (error) {
    throw error instanceof Refusal ? during(`error when creating "${source}"`, error) : error;
  }
}

function retrieving({ resource, object, namespace, source }: Manifest): string {
  const version = resource.group === '' ? `/${resource.version}` : `${resource.group}/${resource.version}`;
  const of = [
    `Resource: "${version}, Resource=${resource.name}", GroupVersionKind: "${version}, Kind=${resource.kind}"`,
    `Name: "${object.metadata.name}", Namespace: "${namespace ?? ''}"`,
    `from server for: "${source}"`,
  ];
  return `error when retrieving current configuration of:\n${of.join('\n')}`;
}

/** The annotation that kubectl compares by: the manifest itself, with its namespace and an empty place for annotations. */
function withLastApplied(object: AnyObject): AnyObject {
  const annotations = { ...(object.metadata['annotations'] as Record<string, string> | undefined) };
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: `${goJson(plain)}\n` } },
  };
}

function lastApplied({ metadata }: AnyObject): string | undefined {
  return (metadata['annotations'] as Record<string, string> | undefined)?.[LAST_APPLIED];
}
