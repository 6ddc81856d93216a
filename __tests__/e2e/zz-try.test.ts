import { it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startSimulator } from '../../src/simulator/index.js';
import { openJob } from './runner.js';
it('whole road', async () => {
  const job = await openJob();
  const cloud = await startSimulator(readFileSync('src/simulator/scenarios/first-run.yaml', 'utf8'));
  const p = cloud.state.principals.find((x) => x.name === 'deployer');
  const options = { inputs: { cluster: 'shop', 'resource-group': 'shop-rg', registry: 'contoso.azurecr.io', 'subscription-id': cloud.state.subscriptions[0]?.id ?? '', 'client-id': p?.clientId ?? '', 'tenant-id': cloud.state.tenantId }, machine: cloud.environment(), idToken: cloud.github };
  const r = await job.run(options);
  console.log(r.exitCode, r.durationMs, r.stderr, '\n' + r.shown, '\n', r.outputs, r.state, r.summary.slice(0, 1500));
  const r2 = await job.post(options, r);
  console.log(r2.exitCode, r2.durationMs, r2.stdout, r2.stderr);
  const s = job.start(options); await s.seen(/waiting|pool/); s.kill('SIGINT'); const t = Date.now(); const r3 = await s.done;
  console.log(r3.exitCode, r3.signal, Date.now() - t, '\n' + r3.shown, r3.stderr, r3.state, cloud.requests.slice(-12).map((q) => [q.method, q.host, q.path, q.status].join(' ')).join('\n'));
  await cloud.stop(); await job.end();
}, 120000);
