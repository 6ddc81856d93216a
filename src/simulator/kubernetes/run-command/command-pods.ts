/** The pods that AKS runs commands in: real pods of the cluster, made through its API, placed by its scheduler. */
import { createRandom } from '../../cloud/random.js';
import type { SimulatorContext } from '../../context.js';
import type { ManagedCluster } from '../../cloud/model.js';
import type { RunningCluster } from '../cluster.js';
import { LOCAL_ACCOUNT } from '../kubeconfig.js';
import { timestamp } from '../objects.js';
import type { Pod, PodSpec } from '../objects.js';
import { apiClient } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { kubectl } from './kubectl/index.js';
import { runShell } from './shell.js';

const NAMESPACE = 'aks-command';
/** Name of the container, in refusals by policy (public reports of those); of the image, in descriptions of such pods. */
const CONTAINER = 'user-command';
const IMAGE = 'mcr.microsoft.com/aks/command/runtime:master.230109.1';
/** https://learn.microsoft.com/azure/aks/access-private-cluster */
const RESOURCES = {
  requests: { cpu: '200m', memory: '500Mi' },
  limits: { cpu: '500m', memory: '1Gi' },
} as const;
/** Same page: "512kB". Assumption: of 1024 bytes each, and what comes first is kept. */
const LONGEST_LOGS = 512 * 1024;

/** AKS itself, and commands on clusters without Entra: a cluster administrator. */
const ADMIN = { user: { name: LOCAL_ACCOUNT.user, groups: [LOCAL_ACCOUNT.group, 'system:authenticated'] } };

export interface CommandOrder {
  command: string;
  /** By path below the command's folder. */
  files: ReadonlyMap<string, Buffer>;
  /** An Entra token for the API server: as whom kubectl asks. Without it, as cluster administrator. */
  clusterToken?: string;
  /** Who ordered it, for the pod's label. */
  createdBy: string;
}

/** How a command is. Times are ISO 8601. */
export type CommandState =
  | { state: 'running' }
  | { state: 'ended'; exitCode: number; startedAt: string; finishedAt: string; logs: string }
  | { state: 'failed'; reason: string };

export interface Command {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly state: CommandState;
}

/** The pod of a command didn't come to run. */
export class CommandNotStarted extends Error {
  override readonly name = 'CommandNotStarted';
  /** @param refusal what the API server said; absent when the pod didn't start in time */
  constructor(
    readonly id: string,
    readonly refusal?: string,
  ) {
    super(refusal ?? `the pod of command ${id} did not start`);
  }
}

export interface CommandPods {
  /**
   * Makes a command's pod and answers once its container runs; the command goes on by itself. Nothing limits how long
   * (public reports: clients give up after five minutes, the command doesn't), nor how many run at once. Its pod stays
   * when it has ended (public reports).
   *
   * @throws {CommandNotStarted} when the pod is refused, or isn't running within the cluster's limit
   */
  start(cluster: ManagedCluster, server: RunningCluster, order: CommandOrder): Promise<Command>;
}

export function createCommandPods({ state, now }: SimulatorContext): CommandPods {
  const random = createRandom(state.seed, 'run-command');
  return {
    async start(cluster, server, order) {
      const id = random.hex(32, cluster.name);
      const name = `command-${id}`;
      let current: CommandState = { state: 'running' };
      const began = new Promise<void>((resolve) => {
        server.programs.provide(NAMESPACE, name, {
          image: IMAGE,
          async run(signal) {
            resolve();
            const startedAt = timestamp(now());
            const logs = new Log();
            // Assumption: which reason is given when the pod is taken away from under its command.
            const lost = (): void => void (current = { state: 'failed', reason: 'PodDeleted' });
            signal.addEventListener('abort', lost, { once: true });
            const identity = order.clusterToken === undefined ? ADMIN : { token: order.clusterToken };
            const exitCode = await runShell(order.command, {
              files: order.files,
              kubectl: kubectl(apiClient(server, cluster.fqdn, identity, signal)),
              log: (text) => logs.add(text),
              signal,
            });
            signal.removeEventListener('abort', lost);
            current = { state: 'ended', exitCode, startedAt, finishedAt: timestamp(now()), logs: logs.text };
            return exitCode;
          },
        });
      });
      const aks = apiClient(server, cluster.fqdn, ADMIN, new AbortController().signal);
      try {
        await makePod(aks, id, order.createdBy);
        if (await within(began, cluster.runCommand.startLimitMs))
          return {
            id,
            get state() {
              return current;
            },
          };
      } catch (error) {
        server.programs.withdraw(NAMESPACE, name);
        throw error;
      }
      server.programs.withdraw(NAMESPACE, name);
      // Assumption: a pod that comes too late is taken away, so that its command never runs.
      await aks.send('DELETE', `${podsPath}/${name}`);
      throw new CommandNotStarted(id);
    },
  };
}

const podsPath = `/api/v1/namespaces/${NAMESPACE}/pods`;

async function makePod(aks: ApiClient, id: string, createdBy: string): Promise<void> {
  const account = `sa-${id}`;
  const make = async (path: string, object: object): Promise<void> => {
    const { status, text } = await aks.send('POST', path, { body: JSON.stringify(object) });
    if (status >= 400 && status !== 409)
      throw new CommandNotStarted(id, (JSON.parse(text) as { message?: string }).message ?? text);
  };
  await make('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await make(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: account, namespace: NAMESPACE },
  });
  await make(podsPath, podOf(id, account, createdBy));
}

/** As such pods are described in public; their init container, which waits for the files and the token, is left out. */
function podOf(
  id: string,
  account: string,
  createdBy: string,
): Pick<Pod, 'apiVersion' | 'kind' | 'metadata' | 'spec'> {
  const spec: PodSpec = {
    restartPolicy: 'Never',
    serviceAccountName: account,
    // Assumption: it needs a Linux node, and may use the system pools that only critical add-ons may.
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
    containers: [
      { name: CONTAINER, image: IMAGE, imagePullPolicy: 'IfNotPresent', resources: { ...RESOURCES } },
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `command-${id}`,
      namespace: NAMESPACE,
      labels: { createdBy: createdBy.replace(/[^\w.-]/g, '_') },
      annotations: { 'aks.azure.com/runCommand': 'true' },
    },
    spec,
  };
}

/** Whether something happens in time. */
async function within(event: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds).unref();
  });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a command printed, up to the limit. */
class Log {
  private bytes = Buffer.alloc(0);

  add(text: string): void {
    if (this.bytes.length >= LONGEST_LOGS) return;
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]).subarray(0, LONGEST_LOGS);
  }

  get text(): string {
    // A character that the limit cut in two is left out.
    return this.bytes.toString().replace(/\uFFFD$/, '');
  }
}
