/** A plan as an ARM template, for one resource group. */
import type { Deployment } from './index.js';

/**
 * A text that stays text: one in brackets would be an expression
 * (https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions, "Escape characters").
 */
export function armString(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? `[${text}` : text;
}

/** A text inside an expression: in single quotes, of which two stand for one (same page). */
export function armLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Schema: https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json */
export function armTemplate({ planned }: Deployment): string {
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: planned.map(({ grant }) => ({
      type: 'Microsoft.Authorization/roleAssignments',
      apiVersion: '2022-04-01',
      name: armString(grant.name),
      scope: `[resourceId('Microsoft.ContainerRegistry/registries', ${armLiteral(grant.registryName)})]`,
      properties: {
        roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', ${armLiteral(grant.roleGuid)})]`,
        principalId: armString(grant.principalId),
        principalType: 'ServicePrincipal',
        description: armString(grant.description),
        ...(grant.condition === undefined
          ? {}
          : { condition: armString(grant.condition), conditionVersion: grant.conditionVersion }),
      },
    })),
  };
  return `${JSON.stringify(template, null, 2)}\n`;
}
