/**
 * docs/permissions.md: its tables, commands and custom roles are made from the table of rights. `npm run docs` writes them;
 * this test fails when they are not what the code says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { delegationCondition } from '../../src/core/azure/delegation.js';
import { leastRoles, neededRights, RIGHTS } from '../../src/core/azure/rights.js';
import type { Right, Task } from '../../src/core/azure/rights.js';
import { shellWord } from '../../src/core/shell.js';
import {
  AUDIT_RULES,
  auditRole,
  azureOperations,
  nodesRole,
  pullSecretRole,
} from '../../src/core/kubernetes/rights.js';

const file = join(import.meta.dirname, '..', '..', 'docs', 'permissions.md');
const update = process.env.UPDATE_DOCS === '1';

const MODES: readonly [string, Task][] = [
  ['`connect`', 'connect'],
  ['`connect`, `verify: none` or `access`', 'connect, no pull'],
  ['`check`', 'check'],
  ['`check`, `verify: access`', 'check, no pull'],
  ['`plan`', 'plan'],
  ['`disconnect`', 'disconnect'],
  ['`disconnect` from a cluster that is gone', 'disconnect, cluster gone'],
  ['`audit`', 'audit'],
];

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const sh = (...lines: string[]): string => ['```sh', ...lines, '```'].join('\n');

const SCOPES = {
  cluster: '"$(az aks show -g apps -n shop --query id -o tsv)"',
  registry: '"$(az acr show -n contoso --query id -o tsv)"',
} as const;

const give = (role: string, scope: string, condition?: string): string =>
  [
    `az role assignment create --assignee-object-id "$LOGIN" --assignee-principal-type ServicePrincipal \\`,
    `  --role "${role}" --scope ${scope}${condition === undefined ? '' : ' \\'}`,
    ...(condition === undefined ? [] : [`  --condition ${shellWord(condition)} --condition-version 2.0`]),
  ].join('\n');

function roleTable(): string {
  const at = (task: Task, place: string): string =>
    leastRoles(task).find((one) => one.at === place)?.role.role ?? 'nothing';
  return table(
    ['mode', 'at the cluster', 'at the registry'],
    MODES.map(([mode, task]) => [mode, at(task, 'cluster'), at(task, 'registry')]),
  );
}

/** The commands of each mode; modes that want the same share them. */
function commands(): string {
  const byText = new Map<string, string[]>();
  for (const [mode, task] of MODES) {
    const text = leastRoles(task)
      .map(({ at, role }) =>
        give(
          role.role,
          at === 'cluster' ? SCOPES.cluster : SCOPES.registry,
          role.role.startsWith('Role Based') ? delegationCondition() : undefined,
        ),
      )
      .join('\n');
    byText.set(text, [...(byText.get(text) ?? []), mode]);
  }
  return [...byText].map(([text, modes]) => `${modes.join('; ')}:\n\n${sh(text)}`).join('\n\n');
}

function modesOf({ tasks, when }: Right): string {
  const all = tasks.length >= MODES.length - 1 && tasks.includes('audit');
  const namesOf = (some: readonly Task[]): string =>
    [...new Set(some.map((task) => `\`${task.split(',')[0] ?? ''}\``))].join(', ');
  // Where a mode's runs that pull nothing don't need it.
  const pulling = tasks.filter(
    (task) => ['connect', 'check'].includes(task) && !tasks.some((other) => other === `${task}, no pull`),
  );
  const needsPull = pulling.length > 0 && pulling.some((task) => task === 'check' || tasks.length === 1);
  const rest = tasks.filter((task) => !pulling.includes(task));
  const parts = [needsPull ? `${namesOf(pulling)} with \`verify: pull\`` : namesOf(pulling), namesOf(rest)];
  const modes = all ? 'all' : parts.filter((part) => part !== '').join(', ');
  const only: Record<string, string> = {
    direct: ', `cluster-access: direct` or `auto`',
    'run command': ', `cluster-access: run-command`',
    'import-probe-image': ', `import-probe-image`',
    'no image named, RBAC Registry Permissions': ', no `image` named, RBAC Registry Permissions',
    'no image named, ABAC Repository Permissions': ', no `image` named, ABAC Repository Permissions',
  };
  return `${modes}${when === undefined ? '' : (only[when] ?? '')}`;
}

const named = ({ operation, data }: Right): string =>
  `\`${operation}\`${data === true ? ' (data action)' : ''}`;

function customRole(name: string, rights: readonly Right[], dataActions: readonly string[] = []): string {
  const actions = rights.filter(({ data }) => data !== true).map(({ operation }) => operation);
  const definition = {
    Name: name,
    Description: 'What aks-acr-pull asks of its login.',
    Actions: actions,
    DataActions: [
      ...rights.filter(({ data }) => data === true).map(({ operation }) => operation),
      ...dataActions,
    ],
    AssignableScopes: ['/subscriptions/<subscription id>'],
  };
  return sh(`az role definition create --role-definition '${JSON.stringify(definition, null, 2)}'`);
}

const at = (place: Right['at'], rights: readonly Right[]): Right[] =>
  rights.filter((right) => right.at === place);

const PARTS: Readonly<Record<string, string>> = {
  roles: roleTable(),
  commands: commands(),
  rights: table(
    ['right', 'at the', 'for', 'mode'],
    RIGHTS.filter(({ without }) => without === undefined).map((right) => [
      named(right),
      right.at,
      right.for,
      modesOf(right),
    ]),
  ),
  optional: table(
    ['right', 'at the', 'for', 'without it'],
    RIGHTS.filter(({ without }) => without !== undefined).map((right) => [
      named(right),
      right.at,
      right.for,
      right.without ?? '',
    ]),
  ),
  'custom-connect': customRole('aks-acr-pull at the registry', at('registry', neededRights('connect'))),
  'custom-check': customRole('aks-acr-pull reader at the registry', at('registry', neededRights('check'))),
  'custom-run-command': customRole(
    'aks-acr-pull by run command',
    at('cluster', neededRights('check', ['run command'])),
  ),
  'custom-cluster': customRole('aks-acr-pull probe', [], azureOperations()),
  'custom-audit': customRole('aks-acr-pull audit', [], azureOperations(AUDIT_RULES)),
  'pull-secret-role': [
    '```yaml',
    pullSecretRole('shop', 'acr', '<user of the kubeconfig>'),
    '---',
    nodesRole('<user of the kubeconfig>'),
    '```',
  ].join('\n'),
  'audit-role': ['```yaml', auditRole('<object id of the login>'), '```'].join('\n'),
};

describe('docs/permissions.md', () => {
  it('is what the table of rights says', () => {
    let text = readFileSync(file, 'utf8');
    for (const [mark, made] of Object.entries(PARTS)) {
      const [begin, end] = [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`];
      const [from, to] = [text.indexOf(begin), text.indexOf(end)];
      if (from === -1 || to === -1) throw new Error(`permissions.md has no ${begin} … ${end}`);
      text = `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`;
    }
    if (update) writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
