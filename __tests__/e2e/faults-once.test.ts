/** One fault on one request of each route of check, and of what connect asks besides. */
import { expect, it } from '@jest/globals';
import { runOnce, wrongs } from './fault-runs.js';
import { counted, inSlot, onRoutes, routesOf, runCases, shown } from './fault-table.js';
import type { CaseResult } from './fault-table.js';

/** What says "later", and is tried again wherever that is safe: docs/how-it-works.md. */
const LATER = ['throttled', 'server-error', 'bad-gateway', 'unavailable', 'gateway-timeout'];

it('check: every kind of fault once on every route; connect: on those that check has not', async () => {
  const [checks, connects] = await Promise.all([
    inSlot('check', (slot) => runOnce(slot)),
    inSlot('connect', (slot) => runOnce(slot)),
  ]);
  expect([checks.result, wrongs(checks, { service: 'none' })]).toEqual(['passed', []]);
  const routes = routesOf(checks.requests, 'clients');
  const known = new Set(routes.map(({ service = '', route = '' }) => `${service} ${route}`));
  const more = routesOf(connects.requests, 'clients').filter(
    ({ service = '', route = '' }) => !known.has(`${service} ${route}`),
  );
  expect(more.map(({ route }) => route)).toContain('PUT {scope}/roleAssignments/{name}');
  const results = await runCases([
    ...onRoutes('check', routes, { first: 1 }),
    ...onRoutes('connect', more, { first: 1 }),
  ]);
  console.log(
    `${results.length} cases on ${routes.length} routes of check and ${more.length} more of connect: ${counted(results)}`,
  );
  expect(results.length).toBeGreaterThan(250);
  expect(shown(results)).toEqual([]);
  const notCured = results.filter(
    ({ one, ran }) => LATER.includes(one.rule.fault) && ran.result !== 'passed',
  );
  expect(notCured.map(nameOf)).toEqual([]);
}, 600_000);

function nameOf({ one, ran }: CaseResult): string {
  return `${one.name}: ${ran.result}`;
}
