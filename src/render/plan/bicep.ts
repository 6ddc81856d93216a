/** A plan as Bicep, for one resource group. */
import { canonicalId } from '../../core/azure/arm-id.js';
import { command } from '../../core/diagnosis/commands.js';
import type { Deployment } from './index.js';

/** Only looked up, so any version that every Bicep knows does. */
const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries@2023-07-01';
const ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments@2022-04-01';

/**
 * A Bicep string (https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types, "Strings"): in single quotes,
 * `${` would begin an expression.
 */
export function bicepString(text: string): string {
  const escaped = text
    .replace(/[\\']/g, '\\$&')
    .replaceAll('${', '\\${')
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => NAMED[character] ?? codePoint(character));
  return `'${escaped}'`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Registries are looked up, never changed. */
export function bicepFile({ subscriptionId, resourceGroup, planned }: Deployment, fileName: string): string {
  const deploy = command(
    ...['az', 'deployment', 'group', 'create', '--subscription', subscriptionId],
    ...['--resource-group', resourceGroup, '--template-file', fileName],
  );
  const registries = [...new Map(planned.map(({ grant }) => [canonicalId(grant.scope), grant.registryName]))];
  const symbolOf = (scope: string): string =>
    `registry${registries.findIndex(([id]) => id === canonicalId(scope)) + 1}`;
  return [
    '// What aks-acr-pull connect would write. For a login that may deploy to the resource group and write role',
    '// assignments at the registry:',
    `// ${deploy.literal.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')}`,
    "targetScope = 'resourceGroup'",
    ...registries.flatMap(([id, name]) => [
      '',
      `resource ${symbolOf(id)} '${REGISTRY_TYPE}' existing = {`,
      `  name: ${bicepString(name)}`,
      '}',
    ]),
    ...planned.flatMap(({ grant }, index) => [
      '',
      `resource grant${index + 1} '${ASSIGNMENT_TYPE}' = {`,
      `  name: ${bicepString(grant.name)}`,
      `  scope: ${symbolOf(grant.scope)}`,
      '  properties: {',
      `    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', ${bicepString(grant.roleGuid)})`,
      `    principalId: ${bicepString(grant.principalId)}`,
      "    principalType: 'ServicePrincipal'",
      `    description: ${bicepString(grant.description)}`,
      ...(grant.condition === undefined
        ? []
        : [
            `    condition: ${bicepString(grant.condition)}`,
            `    conditionVersion: ${bicepString(grant.conditionVersion ?? '')}`,
          ]),
      '  }',
      '}',
    ]),
    '',
  ].join('\n');
}
