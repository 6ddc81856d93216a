/**
 * The commands that fixes print, by the real az and kubectl, and by what stands for them in the tests of every day
 * (support/printed-commands.ts), each against a cloud of its own: the same requests, and the same left behind.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../src/simulator/index.js';
import { scenario } from '../e2e/scene.js';
import { suiteUnless } from '../skip.js';
import { openTerminal, OWNER, withOwner } from '../support/printed-commands.js';
import type { Terminal } from '../support/printed-commands.js';
import { AZ_COMMANDS } from '../support/printed-commands/az.js';
import { azEnvironment, missing, openBench } from './clients.js';
import type { Bench } from './clients.js';

const CLOUD = withOwner(
  scenario({
    cluster: { pools: [{ name: 'system' }, { name: 'more', mode: 'User', heldIdentity: 'none' }] },
    registry: {
      sku: 'Premium',
      networkDefaultAction: 'Allow',
      anonymousPull: true,
      armAudienceTokens: 'disabled',
      privateEndpoint: { linked: [] },
    },
    publicRegistries: [
      { host: 'mcr.microsoft.com', repositories: [{ name: 'oss/pause', images: [{ tag: '3.6' }] }] },
    ],
    locks: [
      { name: 'frozen', scope: 'rg:images' },
      { name: 'kept', scope: 'registry:contoso' },
      { name: 'all', scope: 'subscription' },
    ],
  }),
);

const ACR = '"$(az acr show -n contoso --query id -o tsv)"';
const KUBELET = '"$(az aks show -g apps -n shop --query identityProfile.kubeletidentity.objectId -o tsv)"';
const GRANT = '11111111-1111-4111-8111-111111111111';

/** In this order: later ones need what earlier ones did. */
const LINES = [
  `az role assignment create --name ${GRANT} --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id ${KUBELET} --assignee-principal-type ServicePrincipal --scope ${ACR} --description 'aks-acr-pull it is'`,
  // There already, under another name: az takes that for success.
  `az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id ${KUBELET} --assignee-principal-type ServicePrincipal --scope ${ACR}`,
  `az role assignment create --role b93aa761-3e63-49ed-ac28-beffa264f7ac --assignee-object-id ${KUBELET} --assignee-principal-type ServicePrincipal --scope "$(az group show -n images --query id -o tsv)" --condition '((!(ActionMatches{'\\''Microsoft.ContainerRegistry/registries/repositories/content/read'\\''})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase '\\''shop/web'\\''))' --condition-version 2.0`,
  // As docs/permissions.md writes it: a role by its name.
  `az role assignment create --assignee-object-id ${KUBELET} --assignee-principal-type ServicePrincipal --role "Reader" --scope ${ACR}`,
  'az role assignment list --all -o table --query "[?principalName==\'\'].{id:id, role:roleDefinitionName}"',
  `az lock list --resource ${ACR} -o table`,
  'az lock list -g images -o table',
  'az lock list -o table',
  'az lock delete -n kept -g images --resource contoso --resource-type Microsoft.ContainerRegistry/registries',
  'az lock delete -n frozen -g images',
  'az lock delete -n all',
  `az role assignment delete --ids "$(az role assignment list --all --query "[?name=='${GRANT}'].id" -o tsv)"`,
  `az policy exemption create -n aks-acr-pull --exemption-category Waiver --policy-assignment "$(az account show --query "join('/subscriptions/', ['', id])" -o tsv)/providers/Microsoft.Authorization/policyAssignments/no-roles" --scope ${ACR}`,
  'az rest --method get --url "$(az acr show -n contoso --query "join(\'\', [id, \'/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01\'])" -o tsv)"',
  "az role definition list -n AcrPull --query '[].name' -o tsv",
  "az acr list --query '[].{name:name, loginServer:loginServer, group:resourceGroup}' -o table",
  'az acr network-rule list -n contoso',
  'az acr network-rule add -n contoso --ip-address 203.0.113.10',
  'az acr update -n contoso --anonymous-pull-enabled false',
  'az acr update -n contoso --allow-trusted-services false',
  'az acr update -n contoso --default-action Deny --public-network-enabled true',
  'az acr config authentication-as-arm update -r contoso --status enabled',
  'az acr repository list -n contoso -o tsv',
  'az acr repository show-tags -n contoso --repository shop/web',
  'az acr repository show -n contoso --repository shop/web --query changeableAttributes',
  'az acr update -n contoso --allow-trusted-services true',
  'az acr import -n contoso --source mcr.microsoft.com/oss/pause:3.6 --image copied/pause:3.6',
  "az aks list --query '[].{name:name, group:resourceGroup}' -o table",
  'az aks update -g apps -n shop --yes',
  'az aks nodepool list -g apps --cluster-name shop -o table',
  'az aks nodepool scale -g apps --cluster-name shop -n more -c 2',
  'az aks upgrade -g apps -n shop --node-image-only --yes',
  'az aks wait --created -g apps -n shop',
  `az network private-dns zone list --query "[?name=='privatelink.azurecr.io'].id" -o tsv`,
  'az aks start -g apps -n shop',
  'az ad sp show --id "$(az aks show -g apps -n shop --query identityProfile.kubeletidentity.clientId -o tsv)"',
  "az account list --all --query '[].{name:name, state:state}' -o table",
];

/** Commands that Debian's az 2.45 can't run, each with why. */
const BEYOND: Readonly<Record<string, string>> = {
  'network public-ip show': 'its library for networks is another than its code is written for',
  'network vnet show': 'its library for networks is another than its code is written for',
  'network private-dns link vnet create': 'its library for networks is another than its code is written for',
  'network private-endpoint dns-zone-group create':
    'its library for networks is another than its code is written for',
  'vmss list': 'its library for compute is another than its code is written for',
};

/** What az asks besides: about itself, its tokens, and after operations. What is asked twice counts once. */
function asked(requests: readonly RequestRecord[]): string[] {
  const own =
    /^(get management\.azure\.com\/subscriptions$|\w+ (login\.microsoftonline\.com|app\.aladdin\.microsoft\.com|azure\.microsoft\.com))|\/oauth2\/|\/v2\/?$|\/operation(results|s)\//;
  const lines = requests
    .map(({ method, host, path }) =>
      `${method} ${host}${path.split('?')[0] ?? ''}`
        .toLowerCase()
        .replace(/(?<!:)\/{2,}/g, '/')
        .replace(/roleassignments\/(?!11111111)[0-9a-f-]{36}/, 'roleassignments/*'),
    )
    .filter((line) => !own.test(line));
  return [...new Set(lines)].sort();
}

/** The cloud as it is now, less what has a name or a time of its own. */
function left({ state }: Simulator): unknown {
  const { registries, clusters, governance, roleAssignments } = state;
  return structuredClone({
    registries: registries.map(({ repositories, creationDate: _, ...rest }) => ({
      ...rest,
      repositories: repositories.map(({ name, tags }) => [name, [...tags]]),
    })),
    clusters,
    governance,
    roleAssignments: roleAssignments.map(
      ({ principalId, roleDefinitionId, scope, condition, description, principalType }) => ({
        ...{ principalId, scope, condition, principalType },
        role: roleDefinitionId.split('/').at(-1),
        description,
      }),
    ),
  });
}

suiteUnless(missing('az'), 'printed commands by az', () => {
  let bench: Bench;
  let simulator: Simulator;
  let terminal: Terminal;
  beforeAll(async () => {
    bench = await openBench(CLOUD);
    simulator = await startSimulator(CLOUD);
    terminal = openTerminal(simulator);
    const { state } = bench.simulator;
    const owner = state.principals.find(({ name }) => name === OWNER);
    const login = [
      'login',
      '--service-principal',
      '-u',
      owner?.clientId ?? '',
      '-p',
      owner?.secrets[0] ?? '',
    ];
    await bash(`az "$@" --tenant ${state.tenantId}`, login);
  });
  afterAll(async () => {
    await terminal.close();
    await Promise.all([bench.end(), simulator.stop()]);
  });

  const bash = async (line: string, args: string[] = []): Promise<string> => {
    const environment = { ...azEnvironment(bench), AZURE_CORE_ONLY_SHOW_ERRORS: 'yes' };
    const { exitCode, stderr, stdout } = await bench.run('bash', ['-c', line, 'bash', ...args], {
      environment,
      limitSeconds: 170,
    });
    // What fails within $( ) shows on standard error alone.
    if (exitCode !== 0 || /^ERROR/m.test(stderr)) throw new Error(`${line}: ${exitCode} ${stderr}`);
    return stdout;
  };

  it.each(LINES)('%s', async (line) => {
    const [before, beforeOurs] = [bench.simulator.requests.length, simulator.requests.length];
    await Promise.all([bash(line), terminal.run(line)]);
    const [real, ours] = [bench.simulator.requests.slice(before), simulator.requests.slice(beforeOurs)];
    expect(asked(ours)).toEqual(asked(real));
    expect(left(simulator)).toEqual(left(bench.simulator));
  });

  it('has every command of the table but those that Debian does not have', () => {
    const tried = AZ_COMMANDS.filter((name) => LINES.some((line) => line.includes(`az ${name} `)));
    expect(AZ_COMMANDS.filter((name) => !tried.includes(name) && BEYOND[name] === undefined)).toEqual([]);
  });
});
