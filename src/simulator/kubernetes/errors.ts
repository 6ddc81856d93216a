/** Failures of the API server as Status objects. Shapes and words: captures under api-1.36.2, by file name below. */
import { qualifiedKind, qualifiedName } from './resources.js';
import type { ResourceInfo } from './resources.js';

export interface StatusCause {
  reason?: string;
  message: string;
  field?: string;
}

interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** A metav1.Status. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** A refusal of the API server, thrown anywhere while a request is served. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly status: Status) {
    super(status.message ?? status.reason ?? 'failure');
  }
}

function failureStatus(code: number, reason: string, message: string, details?: StatusDetails): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

function details(resource: ResourceInfo, name?: string, kind: string = resource.name): StatusDetails {
  return {
    ...(name === undefined ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind,
  };
}

/** capture: 401-badtoken.http */
export const unauthorized = (): ApiError => failureStatus(401, 'Unauthorized', 'Unauthorized');

/** capture: 404-job.http */
export const notFound = (resource: ResourceInfo, name: string): ApiError =>
  failureStatus(404, 'NotFound', `${qualifiedName(resource)} "${name}" not found`, details(resource, name));

/** capture: 409-job-dup.http */
export const alreadyExists = (resource: ResourceInfo, name: string): ApiError =>
  failureStatus(
    409,
    'AlreadyExists',
    `${qualifiedName(resource)} "${name}" already exists`,
    details(resource, name),
  );

/** Refused by admission: `pods "x" is forbidden: <why>` (kubernetes/kubernetes staging admission/errors.go). */
export const forbiddenByAdmission = (resource: ResourceInfo, name: string, why: string): ApiError =>
  failureStatus(
    403,
    'Forbidden',
    `${qualifiedName(resource)} "${name}" is forbidden: ${why}`,
    details(resource, name),
  );

/** captures: 403-jobs-list.http, 403-secrets.http, 403-anonymous.http */
export function forbidden(question: {
  user: string;
  verb: string;
  group: string;
  resource: string;
  namespace?: string | undefined;
  name?: string | undefined;
  reason?: string | undefined;
}): ApiError {
  const { user, verb, group, resource, namespace, name, reason } = question;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const subject = name === undefined ? qualified : `${qualified} "${name}"`;
  const where = namespace === undefined ? ' at the cluster scope' : ` in the namespace "${namespace}"`;
  const message = `${subject} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}"${where}`;
  return failureStatus(403, 'Forbidden', reason === undefined ? message : `${message}: ${reason}`, {
    ...(name === undefined ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
  });
}

/** A path that isn't a resource (kubernetes/kubernetes apiserver responsewriters/errors.go). */
export const forbiddenPath = (user: string, verb: string, path: string): ApiError =>
  failureStatus(403, 'Forbidden', `forbidden: User "${user}" cannot ${verb} path "${path}"`, {});

/** captures: 422-job-name.http, 422-job-restartPolicy.http */
export function invalid(resource: ResourceInfo, name: string, causes: StatusCause[]): ApiError {
  return failureStatus(422, 'Invalid', `${qualifiedKind(resource)} "${name}" is invalid: ${said(causes)}`, {
    ...details(resource, name, resource.kind),
    causes,
  });
}

/** All causes in one line, each once. */
function said(causes: StatusCause[]): string {
  const each = [...new Set(causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`))];
  return each.length === 1 ? (each[0] ?? '') : `[${each.join(', ')}]`;
}

/** capture: 400-unknown-field-strict.http */
export const badRequest = (message: string): ApiError => failureStatus(400, 'BadRequest', message);

/** capture: 504-rv-too-large.http */
export function versionTooLarge(asked: number, current: number): ApiError {
  return failureStatus(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** capture: watch-410-expired.http */
export const expired = (asked: number, current: number): ApiError =>
  failureStatus(410, 'Expired', `too old resource version: ${asked} (${current})`);

/** A list at a version that is compacted (kubernetes/kubernetes staging apiserver pkg/storage/etcd3/errors.go). */
export const listExpired = (): ApiError =>
  failureStatus(410, 'Expired', 'The resourceVersion for the provided list is too old.');

/** A page whose version is compacted; with a token that goes on inconsistently (same source). */
export function continueExpired(token: string): ApiError {
  const error = failureStatus(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  return new ApiError({ ...error.status, metadata: { continue: token } });
}

/** Words: kubernetes/kubernetes staging apimachinery pkg/api/errors NewConflict, of the generic registry's store. */
export const conflict = (
  resource: ResourceInfo,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError =>
  failureStatus(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`,
    details(resource, name),
  );

/** Two appliers want different things (structured-merge-diff merge/conflict.go; apimachinery NewApplyConflict). */
export function applyConflict(conflicts: { manager: string; path: string }[]): ApiError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${JSON.stringify(manager)}`,
    field: path,
  }));
  const count = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`;
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const listed =
    conflicts.length === 1
      ? `: conflict with ${JSON.stringify(managers[0])}: ${conflicts[0]?.path}`
      : `: ${managers
          .map((manager) =>
            [
              `conflicts with ${JSON.stringify(manager)}:`,
              ...conflicts.filter((one) => one.manager === manager).map(({ path }) => `- ${path}`),
            ].join('\n'),
          )
          .join('\n')}`;
  return failureStatus(409, 'Conflict', `Apply failed with ${count}${listed}`, { causes });
}

/** A body that the route doesn't take (apimachinery NewGenericServerResponse; apiserver pkg/endpoints/handlers/negotiation). */
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  failureStatus(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** A verb that the resource hasn't (apimachinery NewMethodNotSupported, NewGenericServerResponse). */
export const methodNotAllowed = (): ApiError =>
  failureStatus(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );

/** A path or a resource that isn't served (apimachinery NewGenericServerResponse). */
export const noSuchPath = (): ApiError =>
  failureStatus(404, 'NotFound', 'the server could not find the requested resource', {});

/** A patch that can't be applied (apiserver pkg/endpoints/handlers/patch.go, by NewGenericServerResponse: it doesn't say why). */
export const unprocessable = (): ApiError =>
  failureStatus(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

/** Wrong parameters of a request: each cause by its parameter (apimachinery pkg/apis/meta, validation of the options). */
export const invalidOptions = (
  kind: 'ListOptions' | 'PatchOptions' | 'DeleteOptions',
  ...causes: StatusCause[]
): ApiError =>
  failureStatus(422, 'Invalid', `${kind}.meta.k8s.io "" is invalid: ${said(causes)}`, {
    group: 'meta.k8s.io',
    kind,
    causes,
  });

/** The body of a DELETE that removed its object at once. */
export function deletedStatus(resource: ResourceInfo, name: string, uid: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...details(resource, name), uid },
  };
}
