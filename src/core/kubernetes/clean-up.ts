/** Removing probes again. */
import { shellWord } from '../shell.js';
import { statusMessage } from './answers.js';
import type { ClusterConnection } from './connection.js';

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
    const answer = await unlessAborted(
      connection.request('DELETE', path, { query: { propagationPolicy: 'Background' }, signal }),
      signal,
    );
    if (answer.status < 300 || answer.status === 404) return undefined;
    return { job, reason: statusMessage(answer.body) ?? `HTTP ${answer.status}` };
  } catch (error) {
    return { job, reason: error instanceof Error ? error.message : 'the request failed' };
  }
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

/** The command that removes a Job by hand. */
export function deleteCommand(namespace: string, job: string): string {
  return `kubectl delete job -n ${shellWord(namespace)} ${shellWord(job)}`;
}
