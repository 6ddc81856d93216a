/** A plan as Terraform, for the provider azurerm (registry.terraform.io: hashicorp/azurerm, role_assignment). */
import { parseArmId, roleDefinitionId } from '../../core/azure/arm-id.js';
import type { Planned } from './index.js';

/**
 * An HCL string (https://developer.hashicorp.com/terraform/language/expressions/strings): `${` and `%{` would begin a
 * template.
 */
export function hclString(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replace(/([$%])\{/g, '$1$1{')
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => NAMED[character] ?? codeUnit(character));
  return `"${escaped}"`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function codeUnit(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** Resources alone: the provider is the caller's. */
export function terraformFile(planned: readonly Planned[]): string {
  return [
    '# What aks-acr-pull connect would write. Put it beside your provider "azurerm", with an identity that may write',
    '# role assignments at the registry.',
    ...planned.flatMap(({ grant }) => {
      const subscriptionId = parseArmId(grant.scope)?.subscriptionId ?? '';
      const values: [string, string][] = [
        ['name', hclString(grant.name)],
        ['scope', hclString(grant.scope)],
        ['role_definition_id', hclString(roleDefinitionId(subscriptionId, grant.roleGuid))],
        ['principal_id', hclString(grant.principalId)],
        ['principal_type', '"ServicePrincipal"'],
        ['skip_service_principal_aad_check', 'true'],
        ['description', hclString(grant.description)],
        ...(grant.condition === undefined
          ? []
          : ([
              ['condition', hclString(grant.condition)],
              ['condition_version', hclString(grant.conditionVersion ?? '')],
            ] satisfies [string, string][])),
      ];
      const width = Math.max(...values.map(([key]) => key.length));
      return [
        '',
        // The grant's own name, so that it stays the same address in the state.
        `resource "azurerm_role_assignment" "grant_${grant.name.replace(/[^0-9a-z]/gi, '_')}" {`,
        ...values.map(([key, value]) => `  ${key.padEnd(width)} = ${value}`),
        '}',
      ];
    }),
    '',
  ].join('\n');
}
