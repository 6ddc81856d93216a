/**
 * PUT of a managed cluster that is there: what `az aks update` ends in, a whole cluster read before and written back
 * (capture: azure-cli 2.45). Forms: https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update and the
 * operation's status as azure-cli's recordings of AKS have it.
 */
import { CLUSTER_TYPE } from '../cloud/arm-id.js';
import { CLOUDS } from '../cloud/clouds.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import type { Answer } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { parameter, resourceId } from './call.js';
import type { Route } from './call.js';
import { clusterBody, pretty } from './clusters.js';
import { operationNotFound } from './errors.js';
import { createOperations } from './operations.js';
import type { Operation } from './operations.js';
import { findInGroup, groupPath, subscriptionPath } from './resources.js';

const PROVIDER = '/providers/Microsoft.ContainerService';
/** The version in the addresses of operations, whatever the request's own is: as recorded by azure-cli. */
const OPERATION_VERSION = '2016-03-30';

/** Where a cluster can be written to: the other states have an operation of their own that goes on. */
const SETTLED = ['Succeeded', 'Failed', 'Canceled'];

export function clusterWriteRoutes({ state, now }: SimulatorContext): Route[] {
  const operations = createOperations<void>(now);
  return [
    {
      name: 'PUT managedCluster',
      method: 'PUT',
      path: `${groupPath}${PROVIDER}/managedClusters/{name}`,
      since: '2019-02-01',
      source: 'capture: azure-cli 2.45; docs: managed-clusters REST reference',
      demand: (call) => ({ action: `${CLUSTER_TYPE}/write`, scope: resourceId(call) }),
      answer(call): Answer {
        const cluster = findInGroup(state, call, state.clusters, CLUSTER_TYPE);
        requireSettled(cluster);
        const written = readJson(call.body);
        const change = changeIn(written, cluster);
        const wanted = { ...cluster, ...change };
        const served = clusterBody(wanted, state.tenantId, call.apiVersion);
        const changed = firstDifference(withoutFalse(written), served, '');
        if (changed !== undefined) throw new NotModelled(`A change of a cluster's ${changed} isn't.`);
        Object.assign(cluster, change);
        // AKS puts its identity back on the scale sets with every write (Azure/AKS#2951).
        for (const pool of cluster.pools) if (pool.heldIdentity === 'none') pool.identityPutBack = true;
        cluster.provisioningState = 'Updating';
        const { id } = operations.start(() => {
          cluster.provisioningState = 'Succeeded';
        }, state.operationTimeMs);
        const address = `https://${CLOUDS[state.cloud].resourceManager}/subscriptions/${cluster.subscriptionId}${PROVIDER}/locations/${cluster.location}/operations/${id}?api-version=${OPERATION_VERSION}`;
        const answer = pretty(clusterBody(cluster, state.tenantId, call.apiVersion));
        return { ...answer, headers: { ...answer.headers, 'azure-asyncoperation': address } };
      },
    },
    {
      // Assumption: over before it is answered, so that nobody waits for nodes.
      name: 'POST managedCluster/start',
      method: 'POST',
      path: `${groupPath}${PROVIDER}/managedClusters/{name}/start`,
      since: '2020-09-01',
      source: 'capture: azure-cli 2.45; docs: managed-clusters REST reference',
      demand: (call) => ({ action: `${CLUSTER_TYPE}/start/action`, scope: resourceId(call) }),
      answer(call): Answer {
        const cluster = findInGroup(state, call, state.clusters, CLUSTER_TYPE);
        cluster.powerState = 'Running';
        return { status: 204 };
      },
    },
    {
      // Assumption: no right is asked for; the address itself, which nobody can guess, is the right.
      name: 'GET Microsoft.ContainerService operation',
      method: 'GET',
      path: `${subscriptionPath}${PROVIDER}/locations/{location}/operations/{operation}`,
      since: OPERATION_VERSION,
      source: 'capture: azure-cli 2.45',
      answer(call) {
        const operation = operations.find(parameter(call, 'operation'));
        if (operation === undefined) throw operationNotFound(parameter(call, 'operation'));
        return pretty(statusBody(operation));
      },
    },
  ];
}

/** A cluster that another operation works on, or that is stopped, takes no write here. */
export function requireSettled({ provisioningState, powerState }: ManagedCluster): void {
  if (!SETTLED.includes(provisioningState) || powerState !== 'Running')
    throw new NotModelled(`A write to a cluster that is ${provisioningState}, or stopped, isn't.`);
}

/** `disableRunCommand: false` is written where nothing is served. */
function withoutFalse(written: object): object {
  const { properties } = written as { properties?: { apiServerAccessProfile?: object | null } };
  const profile = properties?.apiServerAccessProfile;
  if (profile === null || profile === undefined) return written;
  const { disableRunCommand, ...rest } = profile as { disableRunCommand?: boolean };
  const kept = disableRunCommand === true ? profile : rest;
  const apiServerAccessProfile = Object.keys(kept).length === 0 ? undefined : kept;
  return { ...written, properties: { ...properties, apiServerAccessProfile } };
}

/** What can be changed: whether run command may be used. */
function changeIn(written: object, { runCommand }: ManagedCluster): Partial<ManagedCluster> {
  const { properties } = written as {
    properties?: { apiServerAccessProfile?: { disableRunCommand?: boolean | null } | null };
  };
  const disabled = properties?.apiServerAccessProfile?.disableRunCommand;
  return typeof disabled === 'boolean' ? { runCommand: { ...runCommand, enabled: !disabled } } : {};
}

function statusBody({ id, startedAt, end }: Operation<unknown>): object {
  const time = (ms: number): string => new Date(ms).toISOString();
  return {
    name: id,
    status: end === undefined ? 'InProgress' : 'Succeeded',
    startTime: time(startedAt),
    ...(end === undefined ? {} : { endTime: time(end.at) }),
  };
}

/**
 * Where a resource that is written differs from the one that is served: a path such as `properties.kubernetesVersion`;
 * undefined where it doesn't. What is left out, and what is null, stays as it is: an assumption.
 */
export function firstDifference(written: unknown, served: unknown, path: string): string | undefined {
  if (written === null || written === undefined) return undefined;
  if (typeof written !== 'object') return written === served ? undefined : path;
  if (typeof served !== 'object' || served === null) return isEmpty(written) ? undefined : path;
  if (Array.isArray(written) && written.length !== (served as unknown[]).length) return path;
  for (const [key, value] of Object.entries(written)) {
    const inner = firstDifference(
      value,
      (served as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    );
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Clients write some lists and objects that they hold nothing in. */
function isEmpty(value: object): boolean {
  return Object.values(value).every((one) => one === null || one === undefined);
}

/** What a request writes. */
export function readJson(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new NotModelled("A body that is no JSON object isn't.");
}
