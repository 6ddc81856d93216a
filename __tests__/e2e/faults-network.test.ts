/** Faults of connections, faults of the nodes' own requests, and faults that stay on the routes of check. */
import { expect, it } from '@jest/globals';
import { runOnce } from './fault-runs.js';
import { counted, inSlot, onHosts, onRoutes, routesOf, runCases, shown } from './fault-table.js';
import type { CaseResult } from './fault-table.js';

/** One of each way in which an answer can be wrong: connect's table has them all. */
const EACH_WAY = ['throttled', 'server-error', 'reset-after', 'truncated', 'login-page'];

it('hosts that cannot be reached, nodes that cannot pull, and check without an answer', async () => {
  const faultless = await inSlot('check', (slot) => runOnce(slot));
  const routes = routesOf(faultless.requests, 'clients');
  const nodes = routesOf(faultless.requests, 'nodes');
  const results = await runCases([
    ...onHosts('check', routes, {}),
    ...onRoutes('check', nodes, { from: 'nodes' }),
    ...onHosts('check', nodes, { from: 'nodes' }).filter(
      // Nodes keep their connections, so only look-ups come with each request.
      ({ rule }) => rule.fault === 'dns' || rule.fault === 'refused',
    ),
    ...onRoutes('check', routes, {}, (kind) => EACH_WAY.includes(kind)),
  ]);
  console.log(
    `${results.length} cases on ${routes.length} routes of check and ${nodes.length} of nodes: ${counted(results)}`,
  );
  expect(nodes.length).toBeGreaterThanOrEqual(6);
  expect(results.length).toBeGreaterThan(200);
  expect(shown(results)).toEqual([]);
  // A node without a token or a manifest can't have pulled.
  const needed = ['POST /oauth2/token', 'HEAD /v2/{repository}/manifests/{reference}'];
  const kept = results.filter(
    ({ one, ran }) =>
      one.rule.from === 'nodes' &&
      needed.includes(one.rule.route ?? '') &&
      EACH_WAY.includes(one.rule.fault) &&
      ran.result === 'passed',
  );
  expect(kept.map(nameOf).filter((name) => !name.includes('truncated'))).toEqual([]);
}, 600_000);

function nameOf({ one, ran }: CaseResult): string {
  return `${one.name}: ${ran.result}`;
}
