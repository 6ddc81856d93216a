/** Broken commands are the same commands: a shell is asked. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { wrapped } from '../../src/render/wrap-command.js';
import { GRANT_COMMAND } from './reports.js';

const CONDITION = `az role assignment create --role x --condition '((!(ActionMatches{'\\''a/write'\\''})) OR (@Request[a:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {1, 2} AND @Request[a:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'\\''ServicePrincipal'\\''}))' --condition-version 2.0`;
const NESTED = `az acr network-rule add -n contoso --ip-address "$(az network public-ip show --ids "$(az aks show -g apps -n shop --query "networkProfile.loadBalancerProfile.effectiveOutboundIPs[0].id" -o tsv)" --query ipAddress -o tsv)"`;

/** What az is called with: every call, each argument on its line. */
function called(script: string): string {
  return execFileSync('sh', ['-c', `az() { printf '<%s>\\n' "$@"; }\n${script}`], { encoding: 'utf8' });
}

describe('a long command', () => {
  it.each([
    ['with commands in it', GRANT_COMMAND],
    ['with commands in commands', NESTED],
    ['with a long text in quotes', CONDITION],
  ])('%s is shown whole, and is what it was', (_, command) => {
    const lines = wrapped(command);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter((line) => line.length > 104)).toEqual([]);
    expect(called(lines.join('\n'))).toBe(called(command));
  });
});

it.each([
  ['one that fits', 'az acr show -n contoso'],
  ['a sentence', `Look at ${'the outbound rules of the nodes '.repeat(5)}`],
  ['one that nothing can break', `az rest --url https://x/${'a'.repeat(200)}`.replace('rest --url', 'rest')],
])('%s stays as it is', (_, text) => {
  expect(wrapped(text)).toEqual([text]);
});
