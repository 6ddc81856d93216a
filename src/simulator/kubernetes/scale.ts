/** The subresource `scale`: how many, apart from the rest (https://kubernetes.io/docs/reference/kubernetes-api, autoscaling/v1 Scale). */
import type { Answer, Exchange } from '../net/exchange.js';
import { json } from './answers.js';
import { mediaType, readBody } from './bodies.js';
import { badRequest, unsupportedMediaType } from './errors.js';
import type { Deployment, KubeObject } from './objects.js';
import { jsonMerge, jsonPatch } from './patch/json-merge.js';
import { find } from './reading.js';
import { isDryRun } from './requests.js';
import type { ApiDesk, ResourceRequest } from './requests.js';
import { parseJson } from './schema/decode-json.js';
import { selectorText } from './tables/format.js';
import { updateObject } from './updating.js';

/** Deployments, ReplicaSets and StatefulSets have this much in common. */
type Scalable = Pick<Deployment, 'apiVersion' | 'kind' | 'metadata' | 'spec'> & {
  status?: { replicas?: number };
};

interface Scale {
  metadata?: { resourceVersion?: string };
  spec?: { replicas?: number };
}

function scaleOf({ metadata, spec, status }: Scalable): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 1 },
    status: { replicas: status?.replicas ?? 0, selector: selectorText(spec.selector) },
  };
}

export function readScale(desk: ApiDesk, _exchange: Exchange, request: ResourceRequest): Answer {
  return json(200, scaleOf(find(desk, request) as Scalable));
}

export function writeScale(desk: ApiDesk, exchange: Exchange, request: ResourceRequest): Answer {
  const live = find(desk, request) as Scalable;
  const { metadata = {}, spec = {} } = wanted(exchange, live);
  const { resourceVersion } = metadata;
  const given: KubeObject & Scalable = {
    ...live,
    metadata: { ...live.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { ...live.spec, replicas: spec.replicas ?? 0 },
  };
  const stored = updateObject(desk.store, request.resource, live, given, {
    dryRun: isDryRun(exchange.url),
    part: 'all',
  });
  return json(200, scaleOf(stored as Scalable));
}

const PATCHES: Record<string, (live: Record<string, unknown>, patch: unknown) => unknown> = {
  'application/merge-patch+json': jsonMerge,
  'application/strategic-merge-patch+json': jsonMerge,
  'application/json-patch+json': jsonPatch,
};

function wanted(exchange: Exchange, live: Scalable): Scale {
  if (exchange.method !== 'PATCH') return readBody(exchange, 'Scale').object;
  const patch = PATCHES[mediaType(exchange)];
  if (patch === undefined) throw unsupportedMediaType(Object.keys(PATCHES));
  try {
    return patch({ ...scaleOf(live) }, parseJson(exchange.body.toString())) as Scale;
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : 'the patch is unusable');
  }
}
