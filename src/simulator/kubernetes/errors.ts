/** Failures of the API server as Status objects. Shapes and words: captures under api-1.36.2, by file name below. */
import { qualifiedName } from './objects.js';
import type { ResourceInfo } from './objects.js';

export interface StatusCause {
  reason: string;
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
  metadata: Record<string, never>;
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
  const said = [...new Set(causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`))];
  const qualified = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const list = said.length === 1 ? (said[0] ?? '') : `[${said.join(', ')}]`;
  return failureStatus(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...details(resource, name, resource.kind),
    causes,
  });
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
