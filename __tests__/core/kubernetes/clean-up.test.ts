import { describe, expect, it } from '@jest/globals';
import { setMaxListeners } from 'node:events';
import { deleteCommand, leftLines, removeProbes } from '../../../src/core/kubernetes/clean-up.js';
import { FakeCluster, status, VirtualClock } from './support.js';
import { target, world } from './world.js';

describe('removeProbes', () => {
  const signal = new AbortController().signal;

  it('deletes exactly the named Jobs; those that are gone count as removed', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    for (const job of ['a', 'b', 'other']) cluster.jobs.set(job, {});
    expect(await removeProbes(cluster, 'team ns', ['a', 'b', 'gone'], signal)).toEqual([]);
    expect([...cluster.jobs.keys()]).toEqual(['other']);
    expect(cluster.asked.map(({ method, path, options }) => [method, path, options.query])).toEqual(
      ['a', 'b', 'gone'].map((job) => [
        'DELETE',
        `/apis/batch/v1/namespaces/team%20ns/jobs/${job}`,
        { propagationPolicy: 'Background' },
      ]),
    );
  });

  it('leaves time for another try where an answer does not come', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    await removeProbes(cluster, 'ns', ['a'], signal);
    // All of it has 4 seconds.
    expect(cluster.asked[0]?.options.timeoutMs).toBeLessThan(2_000);
  });

  it('says which could not be deleted and why', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    cluster.intercept = ({ path }) => {
      if (path.endsWith('/a')) return { status: 403, body: { message: 'no' } };
      return path.endsWith('/b') ? Promise.reject(new Error('reset')) : undefined;
    };
    expect(await removeProbes(cluster, 'ns', ['a', 'b', 'c'], signal)).toEqual([
      { job: 'a', reason: 'no' },
      { job: 'b', reason: 'reset' },
    ]);
  });

  it('believes no page that something else puts in the place of the answer', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    for (const job of ['portal', 'cut']) cluster.jobs.set(job, {});
    let answers = 0;
    cluster.intercept = ({ path }) => {
      if (path.endsWith('/portal')) return { status: 200, body: '<html>Sign in to the network</html>' };
      // Done, but its answer came cut off.
      cluster.jobs.delete('cut');
      answers += 1;
      return answers === 1 ? { status: 200, body: '{"kind":"Stat' } : undefined;
    };
    expect(await removeProbes(cluster, 'ns', ['portal', 'cut'], signal)).toEqual([
      { job: 'portal', reason: 'what answered HTTP 200 is no API server' },
    ]);
    expect(answers).toBe(2);
  });

  it('holds the bound of its signal even when the request does not', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    cluster.intercept = () => new Promise(() => undefined);
    const controller = new AbortController();
    const removing = removeProbes(cluster, 'ns', ['a'], controller.signal);
    setImmediate(() => controller.abort());
    expect(await removing).toEqual([{ job: 'a', reason: 'there was no time left to delete it' }]);
  });

  it('quotes the command for a shell where needed', () => {
    expect(deleteCommand('default', 'aks-acr-pull-1', 'aks-acr-pull-2')).toBe(
      'kubectl delete job -n default aks-acr-pull-1 aks-acr-pull-2',
    );
    expect(deleteCommand("a'; rm x", 'j')).toBe(`kubectl delete job -n 'a'\\''; rm x' j`);
  });

  it('names the cluster and the reason on another line than the command, which can be pasted as it is', () => {
    const clusterId =
      '/subscriptions/s/resourceGroups/apps/providers/Microsoft.ContainerService/managedClusters/shop';
    expect(leftLines({ clusterId, namespace: 'team', jobs: ['a', 'b'] }, 'no answer')).toEqual([
      'in cluster shop: no answer',
      'kubectl delete job -n team a b',
    ]);
  });
});

describe('a run that must end', () => {
  it('makes nothing more where targets still wait, and has nothing of those to remove', async () => {
    const { clock, cluster, controller, prove } = world(() => ({
      steps: [{ afterMs: 10, spec: { nodeName: 'node' }, status: status.waiting('ContainerCreating') }],
    }));
    setMaxListeners(0, controller.signal);
    const proving = prove(Array.from({ length: 120 }, (_, nth) => target(`np${nth}`)));
    void clock.sleep(7000).then(() => controller.abort(new Error('cancelled')));
    await expect(proving).rejects.toThrow('cancelled');
    const made = cluster.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
    const removed = new Set(
      cluster.asked.filter(({ method }) => method === 'DELETE').map(({ path }) => path),
    );
    expect(made.length).toBeLessThan(120);
    expect([removed.size, cluster.jobs.size]).toEqual([made.length, 0]);
    expect(clock.elapsed - 7000).toBeLessThan(2000);
  });
});
