/** Pushes: uploads of blobs, and manifests that refer to them (github.com/opencontainers/distribution-spec, "Pushing"). */
import { randomUUID } from 'node:crypto';
import { digestOf } from '../cloud/images.js';
import type { RegistryHost, Repository } from '../cloud/model.js';
import type { Answer } from '../net/exchange.js';
import { distribution, errorMessage, failure } from './answers.js';
import { find, repositoryScope } from './distribution.js';
import type { Desk, DistributionRoute } from './distribution.js';

/** Recorded: the challenge for each of these asks for both. */
const SOURCE = 'recording: acr.dataplane.json';
const PUSH = { source: SOURCE, scope: repositoryScope('pull', 'push'), all: true } as const;

/** Uploads that have begun and not ended, by their id. They are forgotten with the simulator. */
const open = new WeakMap<RegistryHost, Map<string, { repository: string; parts: Buffer[] }>>();

const UPLOADS = '/v2/{+repository}/blobs/uploads/';

export const UPLOAD_ROUTES: readonly DistributionRoute[] = [
  {
    ...PUSH,
    name: 'POST /v2/{repository}/blobs/uploads/',
    method: 'POST',
    // Also for `mount` and `from`: a registry may answer a mount by an upload (distribution-spec, "Mounting a blob").
    path: UPLOADS,
    answer(desk, repository) {
      const id = randomUUID();
      uploadsOf(desk.registry).set(id, { repository, parts: [] });
      return goesOn(repository, id, 0);
    },
  },
  {
    ...PUSH,
    name: 'PATCH /v2/{repository}/blobs/uploads/{upload}',
    method: 'PATCH',
    path: `${UPLOADS}{reference}`,
    source: 'https://github.com/opencontainers/distribution-spec',
    answer(desk, repository, id) {
      const upload = uploadOf(desk, repository, id);
      if (upload === undefined) return uploadUnknown(desk);
      upload.parts.push(desk.exchange.body);
      return goesOn(repository, id, Buffer.concat(upload.parts).length);
    },
  },
  {
    ...PUSH,
    name: 'PUT /v2/{repository}/blobs/uploads/{upload}',
    method: 'PUT',
    path: `${UPLOADS}{reference}`,
    answer(desk, repository, id) {
      const upload = uploadOf(desk, repository, id);
      if (upload === undefined) return uploadUnknown(desk);
      const content = Buffer.concat([...upload.parts, desk.exchange.body]);
      const digest = digestOf(content);
      if (desk.exchange.url.searchParams.get('digest') !== digest)
        return failure(400, 'DIGEST_INVALID', errorMessage('DIGEST_INVALID'), null);
      uploadsOf(desk.registry).delete(id);
      repositoryNamed(desk, repository).blobs.set(digest, content);
      return made(`/v2/${repository}/blobs/${digest}`, digest);
    },
  },
  {
    ...PUSH,
    name: 'DELETE /v2/{repository}/blobs/uploads/{upload}',
    method: 'DELETE',
    path: `${UPLOADS}{reference}`,
    source: 'https://github.com/distribution/distribution, docs: spec/api (canceling an upload)',
    answer(desk, repository, id) {
      if (uploadOf(desk, repository, id) === undefined) return uploadUnknown(desk);
      uploadsOf(desk.registry).delete(id);
      return distribution(204, { 'docker-upload-uuid': id });
    },
  },
  {
    ...PUSH,
    name: 'PUT /v2/{repository}/manifests/{reference}',
    method: 'PUT',
    path: '/v2/{+repository}/manifests/{reference}',
    answer: putManifest,
  },
];

/** Takes a manifest whose blobs, or an index whose manifests, are there. */
function putManifest(desk: Desk, name: string, reference: string): Answer {
  const { body, headers } = desk.exchange;
  const digest = digestOf(body);
  const wanted = referredTo(body);
  const isDigest = reference.startsWith('sha256:');
  if (wanted === undefined || (isDigest && reference !== digest))
    return failure(400, 'MANIFEST_INVALID', errorMessage('MANIFEST_INVALID'), null);
  const repository = repositoryNamed(desk, name);
  const missing = wanted.find((one) => !repository.blobs.has(one) && !repository.manifests.has(one));
  if (missing !== undefined)
    return failure(400, 'MANIFEST_BLOB_UNKNOWN', errorMessage('MANIFEST_BLOB_UNKNOWN'), { digest: missing });
  repository.manifests.set(digest, { mediaType: headers['content-type'] ?? '', bytes: body });
  if (!isDigest) repository.tags.set(reference, digest);
  return made(`/v2/${name}/manifests/${digest}`, digest);
}

/** Digests of all that a manifest or an index holds; undefined for what is neither. */
function referredTo(body: Buffer): string[] | undefined {
  try {
    const { config, layers, manifests } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const all = [config, layers, manifests].flat().filter((one) => one !== undefined);
    const digests = all.map((one) => (one as { digest?: unknown }).digest);
    return digests.length > 0 && digests.every((one) => typeof one === 'string') ? digests : undefined;
  } catch {
    return undefined;
  }
}

/** Assumption: a repository is there, in the catalog too, from its first blob on. */
function repositoryNamed(desk: Desk, name: string): Repository {
  const found = find(desk, name);
  if (found !== undefined) return found;
  const repository: Repository = { name, manifests: new Map(), tags: new Map(), blobs: new Map() };
  desk.registry.repositories.push(repository);
  return repository;
}

function uploadsOf(registry: RegistryHost): Map<string, { repository: string; parts: Buffer[] }> {
  const known = open.get(registry) ?? new Map<string, { repository: string; parts: Buffer[] }>();
  open.set(registry, known);
  return known;
}

function uploadOf({ registry }: Desk, repository: string, id: string): { parts: Buffer[] } | undefined {
  const upload = uploadsOf(registry).get(id);
  return upload?.repository === repository ? upload : undefined;
}

/** 202: where to send more, and what came so far. */
function goesOn(repository: string, id: string, received: number): Answer {
  return distribution(202, {
    'docker-upload-uuid': id,
    location: `/v2/${repository}/blobs/uploads/${id}?_nouploadcache=false&_state=${id}`,
    range: `0-${Math.max(0, received - 1)}`,
  });
}

function made(location: string, digest: string): Answer {
  return distribution(201, { 'docker-content-digest': digest, location });
}

function uploadUnknown({ exchange }: Desk): Answer {
  return failure(404, 'BLOB_UPLOAD_UNKNOWN', errorMessage('BLOB_UPLOAD_UNKNOWN'), null, {
    method: exchange.method,
  });
}
