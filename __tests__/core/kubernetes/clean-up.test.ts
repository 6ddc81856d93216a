import { describe, expect, it } from '@jest/globals';
import { deleteCommand, removeProbes } from '../../../src/core/kubernetes/clean-up.js';
import { FakeCluster, VirtualClock } from './support.js';

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

  it('holds the bound of its signal even when the request does not', async () => {
    const cluster = new FakeCluster(new VirtualClock(), () => ({}));
    cluster.intercept = () => new Promise(() => undefined);
    const controller = new AbortController();
    const removing = removeProbes(cluster, 'ns', ['a'], controller.signal);
    setImmediate(() => controller.abort());
    expect(await removing).toEqual([{ job: 'a', reason: 'there was no time left to delete it' }]);
  });

  it('quotes the command for a shell where needed', () => {
    expect(deleteCommand('default', 'aks-acr-pull-1')).toBe('kubectl delete job -n default aks-acr-pull-1');
    expect(deleteCommand("a'; rm x", 'j')).toBe(`kubectl delete job -n 'a'\\''; rm x' j`);
  });
});
