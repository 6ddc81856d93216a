/** ARM may give any list page by page: what a run finds doesn't depend on how long a page is. */
import { expect, it } from '@jest/globals';
import { openGround } from './in-process.js';
import { only, scenario } from './scene.js';

it('finds on pages of one entry what it finds on one page', async () => {
  const found = await Promise.all(
    [undefined, 1].map(async (pageSize) => {
      const ground = await openGround(
        scenario({
          ...(pageSize === undefined ? {} : { pageSize }),
          cluster: { pools: [{ name: 'system' }, { name: 'apps' }] },
          // The one that lets it pull is the last of several.
          assigned: ['AcrDelete', 'Azure Kubernetes Service Cluster User Role', 'AcrPull'].map((role) => ({
            principal: 'kubelet of shop',
            role,
            scope: 'registry:contoso',
          })),
        }),
      );
      try {
        const { report } = await ground.run({ mode: 'check', image: 'shop/web:1.4' });
        const { access, checks, pulls, result } = only(report);
        const paged = ground.simulator.requests.some(({ path }) => /skipToken=\w/.test(path));
        expect(paged).toBe(pageSize !== undefined);
        const grants = access.grants.map(({ roleName, scope, via }) => [roleName, scope, via]);
        return {
          allowed: access.allowed,
          grants,
          result,
          checks: checks.map(({ id, status }) => [id, status]),
          pulls: pulls.length,
        };
      } finally {
        await ground.end();
      }
    }),
  );
  expect(found[1]).toEqual(found[0]);
  expect(found[0]).toMatchObject({ result: 'passed', pulls: 2 });
});
