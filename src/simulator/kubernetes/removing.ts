/** The verbs that delete: one object, or all that a selector takes. */
import type { Answer, Exchange } from '../net/exchange.js';
import { json, warningHeaders } from './answers.js';
import { readBody } from './bodies.js';
import { beginDeletion } from './deletion.js';
import type { Propagation } from './deletion.js';
import { conflict, deletedStatus, forbiddenByAdmission, invalidOptions } from './errors.js';
import { matcherOf } from './list-options.js';
import type { KubeObject } from './objects.js';
import { find, listOf } from './reading.js';
import { isDryRun } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';
import type { ResourceInfo } from './resources.js';

interface DeleteOptions {
  propagationPolicy?: string;
  gracePeriodSeconds?: number;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

/** From the body, or where there is none from the parameters. */
function deleteOptions(exchange: Exchange): DeleteOptions {
  const { searchParams } = exchange.url;
  const body: DeleteOptions = exchange.body.length === 0 ? {} : readBody(exchange, 'DeleteOptions').object;
  const policy = body.propagationPolicy ?? searchParams.get('propagationPolicy') ?? undefined;
  const grace =
    body.gracePeriodSeconds ??
    (searchParams.has('gracePeriodSeconds') ? Number(searchParams.get('gracePeriodSeconds')) : undefined);
  return {
    ...body,
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
  };
}

/** What a batch/v1 Job's DELETE without a policy warns of: its pods stay (kubernetes/kubernetes pkg/registry/batch/job/strategy.go). */
const ORPHAN_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'] satisfies Propagation[];

const wrongPolicy = (reason: string, message: string): Error =>
  invalidOptions('DeleteOptions', { reason, message, field: 'propagationPolicy' });

/** Namespaces that can't be deleted (plugin NamespaceLifecycle, same words). */
const IMMORTAL = ['default', 'kube-system', 'kube-public'];

function propagationOf(
  resource: ResourceInfo,
  options: DeleteOptions,
): { policy: Propagation; warnings: string[] } {
  const { propagationPolicy: policy, orphanDependents } = options;
  if (policy !== undefined && orphanDependents !== undefined)
    throw wrongPolicy(
      'FieldValueInvalid',
      `Invalid value: "${policy}": orphanDependents and deletionPropagation cannot be both set`,
    );
  if (policy !== undefined) {
    if (!POLICIES.includes(policy))
      throw wrongPolicy(
        'FieldValueNotSupported',
        `Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`,
      );
    return { policy: policy as Propagation, warnings: [] };
  }
  if (orphanDependents !== undefined)
    return { policy: orphanDependents ? 'Orphan' : 'Background', warnings: [] };
  return resource.name === 'jobs'
    ? { policy: 'Orphan', warnings: [ORPHAN_WARNING] }
    : { policy: 'Background', warnings: [] };
}

function checkPreconditions(
  resource: ResourceInfo,
  { metadata }: KubeObject,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  const failed = (what: string, asked: string, is: string | undefined): Error =>
    conflict(
      resource,
      metadata.name,
      `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`,
    );
  if (uid !== undefined && uid !== metadata.uid) throw failed('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw failed('ResourceVersion', resourceVersion, metadata.resourceVersion);
}

function removeOne(
  desk: ApiDesk,
  resource: ResourceInfo,
  object: KubeObject,
  options: DeleteOptions,
): ReturnType<typeof beginDeletion> {
  const { policy } = propagationOf(resource, options);
  const { gracePeriodSeconds } = options;
  return beginDeletion(desk.store, desk.context.now(), resource.name, object, {
    propagation: policy,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  });
}

function dryRun(exchange: Exchange, options: DeleteOptions): boolean {
  return isDryRun(exchange.url) || options.dryRun?.includes('All') === true;
}

export function remove(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource } = request;
  const object = find(desk, request);
  const options = deleteOptions(exchange);
  const { warnings } = propagationOf(resource, options);
  checkPreconditions(resource, object, options);
  const { name, uid = '' } = object.metadata;
  if (resource.name === 'namespaces' && IMMORTAL.includes(name))
    throw forbiddenByAdmission(resource, name, 'this namespace may not be deleted');
  if (dryRun(exchange, options))
    return json(200, resource.returnsDeleted ? object : deletedStatus(resource, name, uid));
  const done = removeOne(desk, resource, object, options);
  // What is still there is answered as it stands (capture: 200-delete-foreground.http); what is gone, by a Status.
  return json(
    200,
    done.removed && !resource.returnsDeleted ? deletedStatus(resource, name, uid) : done.object,
    warningHeaders(warnings),
  );
}

export function removeAll(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const { resource, namespace } = request;
  const options = deleteOptions(exchange);
  const chosen = desk.store.list(resource.name, namespace).filter(matcherOf(request, exchange.url));
  const items = dryRun(exchange, options)
    ? chosen
    : chosen.map((object) => removeOne(desk, resource, object, options).object);
  return json(200, listOf(request, items, { resourceVersion: String(desk.store.version) }));
}
