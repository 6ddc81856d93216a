/** One fault at a time, from then on, on each route of connect: a run succeeds, or says clearly what it could not do. */
import { expect, it } from '@jest/globals';
import { runOnce, wrongs } from './fault-runs.js';
import { counted, inSlot, onRoutes, routesOf, runCases, shown } from './fault-table.js';

it('connect: every kind of fault on every route, from then on', async () => {
  const faultless = await inSlot('connect', (slot) => runOnce(slot));
  expect([faultless.result, wrongs(faultless, { service: 'none' })]).toEqual(['passed', []]);
  const routes = routesOf(faultless.requests, 'clients');
  const results = await runCases(onRoutes('connect', routes, {}));
  console.log(`${results.length} cases on ${routes.length} routes of connect: ${counted(results)}`);
  expect(results.length).toBeGreaterThan(250);
  expect(shown(results)).toEqual([]);
}, 600_000);
