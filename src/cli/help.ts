/** What the help says of each mode, beside its flags. */
import type { Mode } from '../core/report.js';

export const PURPOSE: Readonly<Record<Mode, string>> = {
  connect:
    'Makes the grant that a cluster lacks to pull from a registry, and proves it by a real pull on every node pool.',
  check:
    'Tells whether clusters can pull from registries, by a real pull on every node pool. Changes nothing in Azure.',
  plan: 'Writes down what connect would write, as az commands, Bicep, Terraform and ARM JSON. Changes nothing.',
  disconnect: 'Removes the grants that this tool made, and says what still lets the cluster pull.',
  audit:
    'Finds every stored credential for the registry in the cluster, and gives the way off them. Changes nothing.',
};

const EXAMPLES: Readonly<Record<Mode, readonly string[]>> = {
  connect: [
    'aks-acr-pull connect --cluster shop -g rg-shop --registry contoso.azurecr.io',
    'aks-acr-pull connect --cluster shop -g rg-shop --registry contoso.azurecr.io --image team/app:1.4 -o json',
    "aks-acr-pull connect --cluster shop -g rg-shop --registry contoso --repositories 'team/*'",
  ],
  check: [
    'aks-acr-pull check --cluster shop -g rg-shop --registry contoso.azurecr.io --image team/app:1.4',
    'aks-acr-pull check --cluster shop -g rg-shop --registry contoso --verify access',
    'aks-acr-pull check --cluster shop --cluster shop-eu -g rg-shop --registry contoso --node-pools system',
    'aks-acr-pull check --kubeconfig onprem.yaml -n shop --pull-secret acr --registry contoso.azurecr.io --image team/app:1.4',
  ],
  plan: [
    'aks-acr-pull plan --cluster shop -g rg-shop --registry contoso.azurecr.io',
    'aks-acr-pull plan --cluster shop --cluster shop-eu -g rg-shop --registry contoso -o markdown',
  ],
  disconnect: [
    'aks-acr-pull disconnect --cluster shop -g rg-shop --registry contoso.azurecr.io --dry-run',
    'aks-acr-pull disconnect --cluster shop -g rg-shop --registry contoso.azurecr.io --all-direct',
  ],
  audit: [
    'aks-acr-pull audit --cluster shop -g rg-shop --registry contoso.azurecr.io',
    'aks-acr-pull audit --cluster shop -g rg-shop --registry contoso -o markdown',
  ],
};

export const EXIT_CODES =
  'Exit codes: 0 passed, 1 failed, 2 unusable input or refused, 3 unknown, 130 interrupted.';

/** Examples as the help of every command shows them. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** What follows the flags of a mode. */
export function modeHelp(mode: Mode): string {
  return `
It signs in by what the environment holds (AZURE_CLIENT_ID and the like), else as the Azure CLI did: az login.
${examples(...EXAMPLES[mode])}

${EXIT_CODES}`;
}
