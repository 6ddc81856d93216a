import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { PROBE_RULES, probeRole } from '../../../src/core/kubernetes/rights.js';
import { ROOT } from '../../project/root.js';

it('is the Role of docs/permissions.md', () => {
  const documented = readFileSync(join(ROOT, 'docs/permissions.md'), 'utf8');
  expect(documented).toContain(`\`\`\`yaml\n${probeRole('default', '<object id of the login>')}\n\`\`\``);
});

it('is two manifests that give exactly the rules to one user in one namespace', () => {
  const [role, binding] = parseAllDocuments(probeRole('team-a', 'someone@contoso.com')).map(
    (document) => document.toJS() as Record<string, unknown>,
  );
  expect(role).toMatchObject({
    kind: 'Role',
    metadata: { namespace: 'team-a' },
    rules: PROBE_RULES.map(({ apiGroup, resource, verbs }) => ({
      apiGroups: [apiGroup],
      resources: [resource],
      verbs,
    })),
  });
  expect(binding).toMatchObject({
    kind: 'RoleBinding',
    metadata: { namespace: 'team-a' },
    subjects: [{ kind: 'User', name: 'someone@contoso.com' }],
    roleRef: { kind: 'Role', name: (role?.metadata as { name: string }).name },
  });
});
