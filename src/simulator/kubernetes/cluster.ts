/** One simulated cluster at work: its store, its controllers, a kubelet per node, its API. */
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { answerApi } from './api.js';
import { startGarbageCollector } from './garbage-collector.js';
import { startJobController } from './job-controller.js';
import type { LocalTokens } from './kubeconfig.js';
import { startKubelet } from './kubelet.js';
import { nodesOf } from './nodes.js';
import { startScheduler } from './scheduler.js';
import { Store } from './store.js';
import { Timers } from './timers.js';

/** Namespaces that every AKS cluster has (learn.microsoft.com AKS core-aks-concepts). */
const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

export interface RunningCluster {
  answer(exchange: Exchange): Promise<Answer>;
  /** Ends controllers, kubelets, pulls and watches. */
  stop(): void;
}

/** Starts a cluster with the namespaces and the nodes that the cloud says it has now. */
export function startCluster(
  context: SimulatorContext,
  cluster: ManagedCluster,
  tokens: LocalTokens,
): RunningCluster {
  const now = (): number => context.now();
  const store = new Store(now);
  const timers = new Timers();
  const stopped = new AbortController();
  startGarbageCollector(store, timers, now);
  startJobController(store, timers, now);
  startScheduler(store, timers, now);
  for (const name of new Set([...SYSTEM_NAMESPACES, ...cluster.namespaces])) {
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
  const kubelets = nodesOf(cluster).map((node) =>
    startKubelet(context, cluster, store.create('nodes', node), store, timers),
  );
  return {
    answer: (exchange) =>
      answerApi({ context, cluster, store, timers, tokens, stopped: stopped.signal }, exchange),
    stop() {
      stopped.abort();
      timers.stop();
      for (const kubelet of kubelets) kubelet.stop();
    },
  };
}
