/** One simulated cluster at work: its store, its controllers, a kubelet per node, its API. */
import { createRandom } from '../cloud/random.js';
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { startQuotaController } from './admission/index.js';
import { answerApi } from './api.js';
import { startAutoscaler } from './autoscaler.js';
import { startGarbageCollector } from './garbage-collector.js';
import { startJobController } from './job-controller.js';
import type { LocalTokens } from './kubeconfig.js';
import { startKubelet } from './kubelet.js';
import type { Kubelet } from './kubelet.js';
import { createNamespaces } from './namespaces.js';
import { nodesOf } from './nodes.js';
import { Appliers } from './patch/appliers.js';
import type { User } from './authentication.js';
import { Programs } from './run-command/programs.js';
import type { RuntimeOf } from './runtime/runtime.js';
import { keepLeases } from './leases.js';
import { timestamp } from './objects.js';
import { startScheduler } from './scheduler.js';
import { Store } from './store.js';
import { Timers } from './timers.js';
import { startDeploymentController } from './workloads/deployment-controller.js';
import { startReplicaSetController } from './workloads/replicaset-controller.js';

export interface RunningCluster {
  /** @param as the user who asks, where that is known without a credential */
  answer(exchange: Exchange, as?: User): Promise<Answer>;
  /** What pods of this cluster run that the simulator itself is. */
  readonly programs: Programs;
  /** Passes over so many milliseconds; see {@link Timers.pass}. */
  pass(milliseconds: number): void;
  /** Ends controllers, kubelets, pulls and watches. */
  stop(): void;
}

/** Starts a cluster with the namespaces and the nodes that the cloud says it has now. */
export function startCluster(
  context: SimulatorContext,
  cluster: ManagedCluster,
  tokens: LocalTokens,
  runtimeOf: RuntimeOf,
): RunningCluster {
  const now = (): number => context.now();
  const store = new Store(now, createRandom(context.state.seed, 'cluster', cluster.name));
  const timers = new Timers();
  const appliers = new Appliers();
  const programs = new Programs();
  const stopped = new AbortController();
  startGarbageCollector(store, timers, now);
  startJobController(store, timers, now, cluster);
  startDeploymentController(store, timers, now, cluster);
  startReplicaSetController(store, timers, now, cluster);
  startScheduler(store, timers, now);
  startQuotaController(store, timers);
  createNamespaces(store, cluster);
  const kubelets: Kubelet[] = [];
  const joined = new Set<string>();
  /** Nodes that a pool was given since. */
  const joinNodes = (): void => {
    for (const node of nodesOf(cluster, timestamp(now()))) {
      if (joined.has(node.metadata.name)) continue;
      joined.add(node.metadata.name);
      const runtime = runtimeOf(cluster, node);
      node.status.nodeInfo.containerRuntimeVersion = runtime.version;
      const made = store.create('nodes', node);
      kubelets.push(startKubelet(context, cluster, made, runtime, store, timers, programs));
      keepLeases(store, timers, now, [made]);
    }
  };
  joinNodes();
  startAutoscaler(store, timers, now, cluster, joinNodes);
  return {
    programs,
    answer: (exchange, as) => {
      joinNodes();
      return answerApi(
        { context, cluster, store, timers, tokens, appliers, stopped: stopped.signal },
        exchange,
        as,
      );
    },
    pass: (milliseconds) => timers.pass(milliseconds),
    stop() {
      stopped.abort();
      timers.stop();
      for (const kubelet of kubelets) kubelet.stop();
    },
  };
}
