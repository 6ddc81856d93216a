/** The API servers of the simulated AKS clusters, with what works behind them. */
import type { SimulatorContext } from '../context.js';
import { apiServerNames, keptOut } from '../cloud/api-server-access.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Service } from '../net/exchange.js';
import { modelledRoutes } from '../routes.js';
import { startCluster } from './cluster.js';
import type { RunningCluster } from './cluster.js';
import { builtInRuntime } from './runtime/built-in.js';
import type { RuntimeOf } from './runtime/runtime.js';
import { KUBERNETES_ROUTES } from './routes.js';
import { createCommandPods } from './run-command/command-pods.js';
import type { Command, CommandOrder } from './run-command/command-pods.js';
import { entraKubeconfig, localKubeconfig, LocalTokens } from './kubeconfig.js';

/** The API servers as one service, and what ARM hands out to reach them. */
export interface ApiServers extends Service {
  /**
   * Kubeconfig of the cluster's users: a local account's, or without any credential where Entra is integrated.
   *
   * @param server by which of its names the API server is called; default: its own
   */
  userKubeconfig(cluster: ManagedCluster, server?: string): Promise<string>;
  /** Kubeconfig of the local administrator. Whether it may be handed out is ARM's to decide. */
  adminKubeconfig(cluster: ManagedCluster, server?: string): Promise<string>;
  /** Runs a command in a pod of a cluster, whatever lies between the cluster and others. Throws CommandNotStarted. */
  startCommand(cluster: ManagedCluster, order: CommandOrder): Promise<Command>;
  /** Passes over so many milliseconds in every cluster: what comes due in them comes at once. */
  pass(milliseconds: number): void;
  /** Ends everything that runs in the clusters, for good: timers, pulls, watches. */
  stop(): void;
}

/**
 * One API server for every cluster of the cloud, each started by its first request. Nothing is served for a stopped
 * cluster, and for one that others are kept from.
 */
export function createApiServers(
  context: SimulatorContext,
  runtimeOf: RuntimeOf = (cluster, node) => builtInRuntime(context, cluster, node),
): ApiServers {
  const running = new Map<ManagedCluster, RunningCluster>();
  const tokens = new LocalTokens();
  let stopped = false;
  const reachable = (host: string): ManagedCluster | undefined =>
    context.state.clusters.find(
      (cluster) =>
        cluster.powerState === 'Running' &&
        apiServerNames(cluster).includes(host) &&
        keptOut(context.state, cluster, host) === undefined,
    );

  const commandPods = createCommandPods(context);
  const started = (cluster: ManagedCluster): RunningCluster => {
    if (stopped) throw new Error('the clusters have been stopped');
    const server = running.get(cluster) ?? startCluster(context, cluster, tokens, runtimeOf);
    running.set(cluster, server);
    return server;
  };

  return {
    name: 'kubernetes',
    routes: modelledRoutes('kubernetes', KUBERNETES_ROUTES),
    serves: (host) => reachable(host) !== undefined,
    async answer(exchange) {
      exchange.note.service = 'kubernetes';
      const cluster = reachable(exchange.url.hostname);
      if (cluster === undefined) throw new Error(`no cluster answers for ${exchange.url.hostname}`);
      return started(cluster).answer(exchange);
    },
    userKubeconfig: (cluster, server = cluster.fqdn) =>
      cluster.entra === undefined
        ? localKubeconfig(context, cluster, server, tokens, 'clusterUser')
        : entraKubeconfig(context, cluster, server),
    adminKubeconfig: (cluster, server = cluster.fqdn) =>
      localKubeconfig(context, cluster, server, tokens, 'clusterAdmin'),
    startCommand: (cluster, order) => commandPods.start(cluster, started(cluster), order),
    pass(milliseconds) {
      for (const server of running.values()) server.pass(milliseconds);
    },
    stop() {
      stopped = true;
      for (const server of running.values()) server.stop();
      running.clear();
    },
  };
}
