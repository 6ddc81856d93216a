import { afterEach, describe, expect, it } from '@jest/globals';
import { TestCloud } from './support.js';

const PODS = '/api/v1/namespaces/default/pods';

let cloud: TestCloud;
afterEach(() => cloud.stop());

/** A pod that runs for ever. */
const pod = (name: string, requests: object, more: object = {}): object => ({
  metadata: { name },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: 'contoso.azurecr.io/shop/web:1.4.2', resources: { requests } }],
    ...more,
  },
});
const why = async (name: string): Promise<string | undefined> => {
  const { status } = await cloud.until(`${PODS}/${name}`, (one) =>
    (one.status?.conditions ?? []).some(({ type }) => type === 'PodScheduled'),
  );
  return status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
};

/** The cluster: a tainted system node, and one node each of the pools apps (amd64) and arm (arm64). */
describe('a pod that fits nowhere', () => {
  it('hears what each node lacks, and whether others could make room', async () => {
    cloud = await TestCloud.start();
    await cloud.api(
      'POST',
      PODS,
      pod('large', { cpu: '3', memory: '1Gi' }, { nodeSelector: { agentpool: 'apps' } }),
    );
    expect(await why('large')).toBeUndefined();
    await cloud.api('POST', PODS, pod('next', { cpu: '1' }, { nodeSelector: { agentpool: 'apps' } }));
    expect(await why('next')).toBe(
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). " +
        'no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
    );
  });

  it('hears that no node is large enough', async () => {
    cloud = await TestCloud.start();
    await cloud.api('POST', PODS, pod('huge', { cpu: '64', memory: '100Gi' }));
    expect(await why('huge')).toBe(
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory. ' +
        'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    );
  });

  it('is placed when another one goes', async () => {
    cloud = await TestCloud.start();
    const nodeSelector = { agentpool: 'apps' };
    await cloud.api('POST', PODS, pod('first', { cpu: '2' }, { nodeSelector }));
    await cloud.api('POST', PODS, pod('second', { cpu: '2' }, { nodeSelector }));
    expect(await why('second')).toContain('1 Insufficient cpu');
    await cloud.api('DELETE', `${PODS}/first?gracePeriodSeconds=0`);
    await cloud.until(`${PODS}/second`, ({ spec }) => spec['nodeName'] !== undefined);
  });

  it('does not count pods that ask for nothing, up to the number that a node takes', async () => {
    cloud = await TestCloud.start();
    await cloud.api('POST', PODS, pod('small', {}, { nodeSelector: { agentpool: 'arm' } }));
    expect(await why('small')).toBeUndefined();
  });
});
