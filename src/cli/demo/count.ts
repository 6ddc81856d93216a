/** What the simulated Azure saw, by its own count: nothing here comes from the action under test. */
import type { CloudState, RequestRecord, Simulator } from '../../simulator/index.js';

export interface Count {
  /** Role assignments that are there after and were not before. */
  grantsMade: string[];
  /** Requests to Azure Resource Manager that change something, whether they succeeded or not. */
  writes: number;
  /** Token exchanges at registries that a kubelet identity was given a token by. */
  exchanges: number;
  /** Manifests that registries gave to a kubelet identity. */
  manifests: number;
  /** Blobs (layers and configurations) that registries sent a kubelet identity to fetch. */
  blobs: number;
  requests: number;
  /** Requests that the simulator does not model. */
  notModelled: string[];
}

/** Begins to count; the function returned tells what came since. */
export function beginCount({ state, requests }: Pick<Simulator, 'state' | 'requests'>): () => Count {
  const from = requests.length;
  const before = new Set(assignmentNames(state));
  return () => {
    const since = requests.slice(from);
    const kubelets = kubeletNames(state);
    const byKubelet = (record: RequestRecord, status = 200): boolean =>
      record.status === status && record.caller !== undefined && kubelets.has(record.caller);
    return {
      grantsMade: assignmentNames(state).filter((name) => !before.has(name)),
      writes: since.filter(isWrite).length,
      exchanges: since.filter((one) => byKubelet(one) && one.path.startsWith('/oauth2/exchange')).length,
      manifests: since.filter((one) => byKubelet(one) && /^\/v2\/.+\/manifests\//.test(one.path)).length,
      blobs: since.filter((one) => byKubelet(one, 307) && /^\/v2\/.+\/blobs\//.test(one.path)).length,
      requests: since.length,
      notModelled: since
        .filter(({ modelled }) => !modelled)
        .map(({ method, host, path }) => `${method} ${host}${path}`),
    };
  };
}

function assignmentNames(state: CloudState): string[] {
  return state.roleAssignments.map(({ name }) => name.toLowerCase());
}

function kubeletNames({ clusters, principals }: CloudState): Set<string> {
  const objectIds = new Set(
    clusters.flatMap(({ kubeletIdentity }) => kubeletIdentity?.objectId.toLowerCase() ?? []),
  );
  return new Set(
    principals.filter(({ objectId }) => objectIds.has(objectId.toLowerCase())).map(({ name }) => name),
  );
}

/** A POST of Azure Resource Manager that is named list… or check… reads (azure-resource-manager-rpc, "POST actions"). */
function isWrite({ service, method, path }: RequestRecord): boolean {
  if (service !== 'arm') return false;
  if (method === 'POST') return !/\/(list|check)\w*$/i.test(path.split('?')[0] ?? '');
  return method !== 'GET' && method !== 'HEAD';
}
