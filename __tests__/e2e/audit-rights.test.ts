/** An audit by a login that lacks rights: what it could not list is not "nothing there", and what is missing can be pasted. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leastRoles } from '../../src/core/azure/rights.js';
import { AUDIT_RULES, azureOperations } from '../../src/core/kubernetes/rights.js';
import type { Check } from '../../src/core/report.js';
import { openAuditGround } from './audit-ground.js';
import type { AuditGround, Audited } from './audit-ground.js';
import { scenario } from './scene.js';

const LOGIN = leastRoles('audit').map(({ at, role }) => ({
  principal: 'deployer',
  role: role.role,
  scope: at === 'cluster' ? 'cluster:shop' : 'registry:contoso',
}));

const check = ({ report }: Audited, id: string): Check | undefined =>
  report?.connections[0]?.checks.find((one) => one.id === id);

describe.each([
  ['Kubernetes RBAC', false, 'ClusterRole'],
  ['Azure RBAC', true, 'a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb'],
])('on a cluster with %s', (_name, azureRbac, gives) => {
  let ground: AuditGround;
  beforeAll(async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
    const bindings = azureRbac ? [] : [{ principal: 'deployer', rules }];
    ground = await openAuditGround(scenario({ login: LOGIN, cluster: { entra: { azureRbac }, bindings } }));
    await ground.pullSecret('default', 'acr', 'contoso', 'a password');
  });
  afterAll(() => ground.end());

  it('a login without rights in it gets an unknown result, and what would give them', async () => {
    const audited = await ground.run();
    expect(audited.report?.result).toBe('unknown');
    expect(audited.report?.cause).toBe('audit-list-forbidden');
    const secrets = check(audited, 'pull-secrets');
    expect(secrets).toMatchObject({ status: 'unknown', cause: 'audit-list-forbidden' });
    expect(secrets?.evidence).toMatch(/secrets is forbidden/);
    expect(check(audited, 'users-of-secrets')?.status).toBe('unknown');
    // The rest goes on.
    expect(check(audited, 'sources')?.status).toBe('skip');
    expect(secrets?.fix?.commands.join('\n')).toContain(gives);
  });

  it('with what was printed, all is read', async () => {
    const before = await ground.run();
    for (const command of check(before, 'pull-secrets')?.fix?.commands ?? [])
      await ground.terminal.run(command);
    const after = await ground.run();
    expect(after.report?.result).toBe('passed');
    expect(after.report?.connections[0]?.audit?.credentials).toMatchObject([
      { kind: 'admin-user', works: false },
    ]);
  });
});

describe('the least rights', () => {
  it('are lists alone, and none of run command', () => {
    expect(new Set(AUDIT_RULES.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list']));
    expect(azureOperations(AUDIT_RULES)).toContain('Microsoft.ContainerService/managedClusters/secrets/read');
    expect(azureOperations(AUDIT_RULES).every((operation) => operation.endsWith('/read'))).toBe(true);
  });
});

describe('an API server that cannot be reached', () => {
  it('is not gone round by AKS run command, which would keep the secrets in Azure', async () => {
    const ground = await openAuditGround(
      scenario({
        login: [
          ...LOGIN,
          { principal: 'deployer', role: 'Azure Kubernetes Service Contributor Role', scope: 'cluster:shop' },
        ],
        cluster: { authorizedIpRanges: ['198.51.100.0/24'] },
      }),
    );
    try {
      const { report, requests } = await ground.run();
      expect(report?.result).toBe('unknown');
      expect(report?.cause).toBe('api-server-unreachable');
      expect(requests.some(({ path }) => /runCommand/i.test(path))).toBe(false);
    } finally {
      await ground.end();
    }
  });
});

describe('pages', () => {
  it('are followed to their end', async () => {
    const ground = await openAuditGround(scenario({ login: LOGIN }));
    try {
      for (let number = 0; number < 130; number += 1)
        await ground.pullSecret('default', `acr-${number}`, 'contoso', 'a password', 'other.azurecr.io');
      await ground.pullSecret('default', 'zz-last', 'contoso', 'a password');
      const { report } = await ground.run();
      expect(report?.connections[0]?.audit?.credentials.map((one) => one.in.name)).toEqual(['zz-last']);
      expect(report?.connections[0]?.audit?.requests).toBe(12);
    } finally {
      await ground.end();
    }
  });
});
