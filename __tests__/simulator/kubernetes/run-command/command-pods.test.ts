import { describe, expect, it } from '@jest/globals';
import { CommandNotStarted } from '../../../../src/simulator/kubernetes/run-command/command-pods.js';
import { TestCloud } from '../support.js';

describe('the pod of a command', () => {
  it('is taken away when it does not start in time', async () => {
    const cloud = await TestCloud.start(({ clusters }) => {
      for (const cluster of clusters) {
        cluster.runCommand.startLimitMs = 100;
        for (const pool of cluster.pools) pool.taints = ['team=a:NoSchedule'];
      }
    });
    try {
      const order = { command: 'true', files: new Map<string, Buffer>(), createdBy: 'x' };
      await expect(cloud.servers.startCommand(cloud.cluster, order)).rejects.toThrow(CommandNotStarted);
      const pods = await cloud.api('GET', '/api/v1/namespaces/aks-command/pods');
      expect(pods.json).toMatchObject({ items: [] });
      // It was there: the scheduler looked for a node.
      const events = await cloud.api('GET', '/api/v1/namespaces/aks-command/events');
      expect(events.json).toMatchObject({
        items: expect.arrayContaining([expect.objectContaining({ reason: 'FailedScheduling' })]),
      });
    } finally {
      cloud.servers.stop();
    }
  });
});
