import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { planGrant } from '../../../src/core/azure/grant.js';
import { ACR_PULL, REPOSITORY_READER } from '../../../src/core/azure/roles.js';
import type { PlannedGrant, Report } from '../../../src/core/report.js';
import { armTemplate } from '../../../src/render/plan/arm-json.js';
import { azCommands, azScript } from '../../../src/render/plan/az.js';
import { bicepFile } from '../../../src/render/plan/bicep.js';
import { planCommands, plannedOf, planFiles } from '../../../src/render/plan/index.js';
import { terraformFile } from '../../../src/render/plan/terraform.js';
import { redactor } from '../../../src/render/redact.js';
import { summaryMarkdown } from '../../../src/render/summary.js';
import { closingLines } from '../../../src/render/story.js';
import { runInShell } from '../../core/diagnosis/shell.js';
import { connection, pasted, REGISTRY_ID, report } from '../reports.js';
import { readArmTemplate, readAz, readBicep, readScript, readTerraform } from './readers.js';
import type { Written } from './readers.js';

const SUBSCRIPTION = '00000000-0000-4000-8000-000000000001';
const TARGET = { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg-shop' };
const PRINCIPAL = '11111111-2222-4333-8444-555555555555';
const LEGACY = planGrant(REGISTRY_ID, PRINCIPAL, ACR_PULL, []);
const LIMITED = planGrant(REGISTRY_ID, PRINCIPAL, REPOSITORY_READER, ['shop/web', 'team/*']);

const planned = (...plans: PlannedGrant[][]): Report =>
  report({
    mode: 'plan',
    connections: plans.map((plan) =>
      connection({ access: { allowed: false, grants: [] }, pulls: [], wouldChange: true, plan }),
    ),
  });
const file = (of: Report, name: string): string => {
  const found = planFiles(of).find((one) => one.name === name);
  if (found === undefined)
    throw new Error(
      `no ${name} among ${planFiles(of)
        .map((one) => one.name)
        .join(', ')}`,
    );
  return found.text;
};

/** What connect itself sends for a grant. */
function put(grant: PlannedGrant): Written {
  const [, , subscription = ''] = grant.scope.split('/');
  return {
    scope: grant.scope,
    name: grant.name,
    properties: {
      roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${grant.roleGuid}`,
      principalId: grant.principalId,
      principalType: 'ServicePrincipal',
      description: grant.description,
      ...(grant.condition === undefined ? {} : { condition: grant.condition, conditionVersion: '2.0' }),
    },
  };
}

describe('each form writes exactly what connect would', () => {
  describe.each([
    ['for the whole registry', LEGACY],
    ['limited to repositories', LIMITED],
  ])('%s', (_what, grant) => {
    const of = planned([grant]);

    it('az', async () => {
      expect(await readScript(file(of, 'grants.sh'))).toEqual([put(grant)]);
      const asked: string[] = [];
      const [line = ''] = planCommands(of);
      const written = await readAz(line, (words) => {
        asked.push(words.join(' '));
        return Promise.resolve(words[1] === 'acr' ? REGISTRY_ID : PRINCIPAL);
      });
      expect(written).toEqual(put(grant));
      expect(asked).toEqual([
        'az aks show -g rg-shop -n shop --query identityProfile.kubeletidentity.objectId -o tsv',
        'az acr show -n contoso --query id -o tsv',
      ]);
    });

    it('Bicep', () => {
      expect(readBicep(file(of, 'grants.bicep'), TARGET)).toEqual([put(grant)]);
    });

    it('Terraform', async () => {
      expect(await readTerraform(file(of, 'grants.tf'))).toEqual([put(grant)]);
    });

    it('ARM JSON', () => {
      expect(readArmTemplate(file(of, 'grants.json'), TARGET)).toEqual([put(grant)]);
    });
  });
});

/**
 * What https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json asks of a template and of a resource, and
 * Microsoft.Authorization's 2022-04-01 of a role assignment, as far as ours has it.
 */
const TEMPLATE = {
  type: 'object',
  additionalProperties: false,
  required: ['$schema', 'contentVersion', 'resources'],
  properties: {
    $schema: { const: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#' },
    contentVersion: { type: 'string', pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$' },
    resources: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['type', 'apiVersion', 'name', 'properties'],
        properties: {
          type: { const: 'Microsoft.Authorization/roleAssignments' },
          apiVersion: { const: '2022-04-01' },
          name: { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
          scope: { type: 'string', pattern: '^\\[([^\\[].*)?\\]$' },
          properties: {
            type: 'object',
            additionalProperties: false,
            required: ['roleDefinitionId', 'principalId'],
            properties: {
              roleDefinitionId: { type: 'string' },
              principalId: { type: 'string' },
              principalType: { enum: ['User', 'Group', 'ServicePrincipal'] },
              description: { type: 'string' },
              condition: { type: 'string' },
              conditionVersion: { const: '2.0' },
            },
          },
        },
      },
    },
  },
};

it('the template is one by the schema', () => {
  const valid = new Ajv().compile(TEMPLATE);
  const template: unknown = JSON.parse(file(planned([LEGACY], [LIMITED]), 'grants.json'));
  expect({ ok: valid(template), errors: valid.errors }).toEqual({ ok: true, errors: null });
});

describe('several clusters and registries', () => {
  const other = (id: string): PlannedGrant => planGrant(id, PRINCIPAL, ACR_PULL, []);
  const ELSEWHERE = REGISTRY_ID.replace('rg-shop', 'RG-Other').replace(/contoso$/, 'fabrikam');
  const ABROAD = ELSEWHERE.replace(SUBSCRIPTION, '99999999-0000-4000-8000-000000000001');

  it('write a grant that clusters share once, and the same bytes in whatever order', () => {
    const one = planned([LEGACY], [other(ELSEWHERE)], [LEGACY]);
    const two = planned([other(ELSEWHERE)], [LEGACY]);
    expect(planFiles(one)).toEqual(planFiles(two));
    expect(plannedOf(one)).toHaveLength(2);
  });

  it('are one file where a deployment reaches no further than its resource group', () => {
    const names = (of: Report): string[] => planFiles(of).map(({ name }) => name);
    expect(names(planned([LEGACY], [other(REGISTRY_ID.replace('contoso', 'second'))]))).toEqual([
      'grants.sh',
      'grants.bicep',
      'grants.tf',
      'grants.json',
    ]);
    expect(names(planned([LEGACY], [other(ELSEWHERE)]))).toEqual([
      'grants.sh',
      'grants.rg-other.bicep',
      'grants.rg-shop.bicep',
      'grants.tf',
      'grants.rg-other.json',
      'grants.rg-shop.json',
    ]);
    expect(names(planned([LEGACY], [other(ABROAD)]))).toContain(
      'grants.99999999-0000-4000-8000-000000000001.rg-other.bicep',
    );
  });

  it('each lead to what connect would write', async () => {
    const of = planned([LEGACY], [other(ELSEWHERE)]);
    const wanted = [put(other(ELSEWHERE)), put(LEGACY)];
    expect(await readScript(file(of, 'grants.sh'))).toEqual(wanted);
    expect(await readTerraform(file(of, 'grants.tf'))).toEqual(wanted);
    for (const read of [
      (group: string) =>
        readBicep(file(of, `grants.${group.toLowerCase()}.bicep`), { ...TARGET, resourceGroup: group }),
      (group: string) =>
        readArmTemplate(file(of, `grants.${group.toLowerCase()}.json`), { ...TARGET, resourceGroup: group }),
    ])
      expect([...read('RG-Other'), ...read('rg-shop')]).toEqual(wanted);
  });

  it('look a registry up once in Bicep, however many grants it gets', () => {
    const text = bicepFile(
      {
        ...TARGET,
        planned: [{ grant: LEGACY }, { grant: { ...LIMITED, scope: REGISTRY_ID.toUpperCase() } }],
      },
      'grants.bicep',
    );
    expect(text.match(/existing/g)).toHaveLength(1);
    expect(readBicep(text, TARGET)).toHaveLength(2);
  });
});

it('a service principal is named, for no command knows it by the cluster', () => {
  const of = planned([LEGACY]);
  const [only] = of.connections;
  if (only !== undefined) only.identity = { kind: 'service-principal', objectId: PRINCIPAL };
  expect(planCommands(of)[0]).toContain(` --assignee-object-id ${PRINCIPAL} `);
});

it('nothing missing, nothing written', () => {
  expect(planFiles(planned([]))).toEqual([]);
  expect(planFiles(report())).toEqual([]);
  expect(closingLines(planned([])).join('\n')).toContain('connect would write nothing');
  expect(summaryMarkdown(planned([]))).not.toContain('role assignment create');
});

describe('where people read it', () => {
  const of = planned([LIMITED]);
  const [line = ''] = planCommands(of);

  it('the log ends with the az commands, each alone on its line', () => {
    expect(closingLines(of).at(-1)?.trim()).toBe(line);
    expect(closingLines(of)[0]).toContain('connect would write 1 role assignment');
  });

  it('the page shows them, and the other forms folded', () => {
    const page = pasted(summaryMarkdown(of));
    expect(page).toContain(`\`\`\`sh\n${line}\n\`\`\``);
    for (const name of ['grants.bicep', 'grants.tf', 'grants.json'])
      expect(page).toMatch(new RegExp(`<details><summary>\`${name}\`</summary>\n\n\`\`\``));
    expect(summaryMarkdown(of, { mermaid: false })).not.toContain('azurerm_role_assignment');
  });
});

it('with ids shortened, the commands stay whole, and what holds ids literally is left to the files', () => {
  const of = planned([LIMITED]);
  const page = pasted(summaryMarkdown(redactor('ids')(of)));
  expect(page).toContain(`\`\`\`sh\n${planCommands(of)[0] ?? ''}\n\`\`\``);
  expect(page).not.toContain(SUBSCRIPTION);
  expect(page).not.toContain(PRINCIPAL);
  expect(page).not.toContain('grants.tf');
  expect(closingLines(redactor('ids')(of)).at(-1)?.trim()).toBe(planCommands(of)[0]);
});

describe('hostile values stay values', () => {
  const HOSTILE = [
    `'`,
    `"`,
    '\\',
    '${x}',
    '$${x}',
    '%{if true}',
    '%%{',
    '$(touch "$CANARY")',
    '`touch $CANARY`',
    "'; touch $CANARY; '",
    '\n',
    '\r\n',
    '\t',
    "'''",
    '[',
    ']',
    "')]",
    '[[',
    '//',
    '#',
    '\u2028',
    '\u0001',
    'é😀',
  ];
  const text = fc.oneof(
    fc
      .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 6, unit: 'grapheme' })), {
        maxLength: 8,
      })
      .map((parts) => parts.join('').replaceAll('\0', '')),
    // Whole values that a template would take for expressions.
    fc.constantFrom('[x]', "[resourceId('a/b', 'c')]", '[[x]', '[[x', '[]'),
  );
  // Names go into ids, which have slashes between them.
  const name = text.map((one) => `x${one.replaceAll('/', '')}`);
  const grants = fc
    .record({ description: text, condition: text, registryName: name })
    .map((foreign): PlannedGrant => ({
      ...LIMITED,
      ...foreign,
      scope: REGISTRY_ID.replace(/contoso$/, () => foreign.registryName),
    }));

  it('in Bicep', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        expect(readBicep(bicepFile({ ...TARGET, planned: [{ grant }] }, 'x'), TARGET)).toEqual([put(grant)]);
      }),
    );
  });

  it('in Terraform, by its own parser', async () => {
    await fc.assert(
      fc.asyncProperty(grants, async (grant) => {
        // Terraform puts every string into Unicode's composed form, whatever stands in the file.
        const composed = JSON.parse(JSON.stringify(grant).normalize('NFC')) as PlannedGrant;
        expect(await readTerraform(terraformFile([{ grant }]))).toEqual([put(composed)]);
      }),
      { numRuns: 60 },
    );
  });

  it('in ARM JSON', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        expect(readArmTemplate(armTemplate({ ...TARGET, planned: [{ grant }] }), TARGET)).toEqual([
          put(grant),
        ]);
      }),
    );
  });

  it('in az commands', async () => {
    await fc.assert(
      fc.asyncProperty(grants, async (grant) => {
        const [command] = azCommands([{ grant }]);
        expect(await readAz(command?.literal ?? '')).toEqual(put(grant));
      }),
    );
  });

  it('in az commands, by a real shell', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const { status, escaped, calls } = runInShell(
          azScript([
            { grant, cluster: { id: '', name: grant.registryName, resourceGroup: grant.registryName } },
          ]),
        );
        expect({ status, escaped }).toEqual({ status: 0, escaped: false });
        const [words = []] = calls;
        const after = (flag: string): string | undefined => words[words.indexOf(flag) + 1];
        expect(after('--description')).toBe(grant.description);
        expect(after('--condition')).toBe(grant.condition);
        expect(after('--scope')).toBe(grant.scope);
      }),
      { numRuns: 15 },
    );
  });
});
