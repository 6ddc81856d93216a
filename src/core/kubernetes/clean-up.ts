/** Removing probes again. */
import { parseArmId } from '../azure/arm-id.js';
import type { Leftover } from '../ports.js';
import { shellWord } from '../shell.js';
import { statusMessage } from './answers.js';
import type { ClusterConnection } from './connection.js';

/** Of the few seconds that a removal has, one answer that doesn't come must leave enough for another try. */
const ONE_TRY_MS = 1_500;

/** A probe Job that is still there, and why. */
export interface NotRemoved {
  job: string;
  reason: string;
}

/**
 * Deletes exactly these Jobs, side by side; the cluster then removes what they own (propagation in the background:
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion). A Job that isn't there
 * counts as removed. Never throws; bounded by the signal.
 *
 * @returns those that could not be deleted
 */
export async function removeProbes(
  connection: ClusterConnection,
  namespace: string,
  jobs: readonly string[],
  signal: AbortSignal,
): Promise<NotRemoved[]> {
  const results = await Promise.all(jobs.map((job) => removeOne(connection, namespace, job, signal)));
  return results.filter((result) => result !== undefined);
}

async function removeOne(
  connection: ClusterConnection,
  namespace: string,
  job: string,
  signal: AbortSignal,
): Promise<NotRemoved | undefined> {
  try {
    const path = `/apis/batch/v1/namespaces/${encodeURIComponent(namespace)}/jobs/${encodeURIComponent(job)}`;
    const ask = () =>
      unlessAborted(
        connection.request('DELETE', path, {
          query: { propagationPolicy: 'Background' },
          timeoutMs: ONE_TRY_MS,
          signal,
        }),
        signal,
      );
    let answer = await ask();
    // API servers answer with objects. Any other text came broken, or from something that stands in its place: it proves
    // nothing, and the next answer says whether the Job is gone.
    if (isGone(answer.status) && isText(answer.body)) answer = await ask();
    if (!isGone(answer.status)) return { job, reason: statusMessage(answer.body) ?? `HTTP ${answer.status}` };
    return isText(answer.body)
      ? { job, reason: `what answered HTTP ${answer.status} is no API server` }
      : undefined;
  } catch (error) {
    return { job, reason: error instanceof Error ? error.message : 'the request failed' };
  }
}

function isGone(status: number): boolean {
  return status < 300 || status === 404;
}

function isText(body: unknown): boolean {
  return typeof body === 'string' && body.trim() !== '';
}

/** Holds the bound even if what is asked does not heed its signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Error('there was no time left to delete it'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
    aborted.catch(() => undefined);
  }
}

/** The command that removes Jobs by hand. */
export function deleteCommand(namespace: string, ...jobs: string[]): string {
  return `kubectl delete job -n ${[namespace, ...jobs].map(shellWord).join(' ')}`;
}

/** For people: why Jobs may still be in a cluster, and then, on a line of its own, the command that removes them. */
export function leftLines({ clusterId, kubeconfig, namespace, jobs }: Leftover, why: string): string[] {
  const cluster = kubeconfig?.context ?? kubeconfig?.path ?? parseArmId(clusterId)?.name ?? clusterId;
  return [`in cluster ${cluster}: ${why}`, deleteCommand(namespace, ...jobs)];
}
