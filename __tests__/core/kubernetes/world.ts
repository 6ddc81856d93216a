/** A run of probes on a cluster in memory. */
import { provePulls } from '../../../src/core/kubernetes/prove.js';
import type { ProveOptions, PullTarget } from '../../../src/core/kubernetes/prove.js';
import type { Leftover, Waiting } from '../../../src/core/ports.js';
import type { Finding } from '../../../src/core/report.js';
import { FakeCluster, VirtualClock, pullsWell } from './support.js';
import type { Asked, Story } from './support.js';

export const IMAGE = 'contoso.azurecr.io/team/app:v1';
/** As a node says it that had no credential, or one without the right: the words don't tell which. */
export const DENIED =
  'failed to resolve image: pull access denied, repository does not exist or may require authorization: insufficient_scope';

export const target = (nodePool: string, more: Partial<PullTarget> = {}): PullTarget => ({
  nodePool,
  os: 'Linux',
  architecture: 'amd64',
  image: IMAGE,
  ...more,
});

/** A run on a cluster of which every Job goes as its story says. */
export function world(story: (pool: string, attempt: number) => Story = (pool) => pullsWell(`${pool}-node`)) {
  const clock = new VirtualClock();
  const cluster = new FakeCluster(clock, story);
  const controller = new AbortController();
  const remembered: { leftovers: Leftover[]; asked: number; jobs: string[] }[] = [];
  const waitings: Waiting[] = [];
  const findings: Finding[] = [];
  const prove = (targets: PullTarget[], more: Partial<ProveOptions> = {}) =>
    provePulls({
      connection: cluster,
      clusterId: '/subscriptions/s/shop',
      namespace: 'default',
      runId: '0a1b2c3d',
      owner: 'test',
      targets,
      ports: {
        clock,
        signal: controller.signal,
        remember: (leftovers) =>
          remembered.push({
            leftovers,
            asked: cluster.asked.length,
            jobs: leftovers.flatMap(({ jobs }) => jobs),
          }),
        log: { waiting: (waiting) => waitings.push(waiting), debug: () => undefined },
      },
      onFinding: (finding) => findings.push(finding),
      ...more,
    });
  return { clock, cluster, controller, remembered, waitings, findings, prove };
}

export const isCreate = ({ method, path }: Asked): boolean => method === 'POST' && path.endsWith('/jobs');
