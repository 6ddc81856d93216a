/** What is said of a simulated cloud once it runs: how to reach it, how to sign in, what to try. */
import { join } from 'node:path';
import { forLog } from '../../render/escape.js';
import type { Simulator } from '../../simulator/index.js';
import type { Lines } from '../terminal.js';
import type { Login } from './logins.js';
import { pipeline, settingLines } from './shells.js';
import type { Shell, Variable } from './shells.js';

/** User name that goes with a registry's refresh token (https://learn.microsoft.com/azure/container-registry/container-registry-authentication, "az acr login with --expose-token"). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/**
 * What leads programs to the cloud, and keeps what they store of it from what this user has of the real one.
 *
 * @param folder goes when the cloud goes
 */
export function variablesOf(simulator: Simulator, folder: string): Variable[] {
  const { state, github, azurePipelines } = simulator;
  const trusts = (issuer: string | undefined): boolean =>
    state.principals.some(({ federatedCredentials }) =>
      federatedCredentials.some((credential) => credential.issuer === issuer),
    );
  const values = {
    ...simulator.environment(),
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    KUBECONFIG: join(folder, 'kubeconfig'),
    REGISTRY_AUTH_FILE: join(folder, 'registries.json'),
    ...(state.github.idTokenPermission
      ? {
          ACTIONS_ID_TOKEN_REQUEST_URL: github.requestUrl,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.requestToken,
        }
      : {}),
    ...(trusts(state.azurePipelines.issuer)
      ? {
          SYSTEM_OIDCREQUESTURI: azurePipelines.oidcRequestUri,
          SYSTEM_ACCESSTOKEN: azurePipelines.accessToken,
        }
      : {}),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** Writes it all. */
export function introduce(
  simulator: Simulator,
  variables: readonly Variable[],
  logins: readonly Login[],
  shell: Shell,
  out: Lines,
): void {
  const { state } = simulator;
  out.line(
    out.style(`The simulated Azure of scenario ${forLog(simulator.name)} runs. Ctrl-C ends it.`, 'bold'),
  );
  for (const { name, resourceGroup, subscriptionId } of state.clusters)
    out.line(`  cluster   ${forLog(`${name} (resource group ${resourceGroup}, ${subscriptionId})`)}`);
  for (const { loginServer, resourceGroup } of state.registries)
    out.line(`  registry  ${forLog(`${loginServer} (resource group ${resourceGroup})`)}`);
  for (const { name, clientId, proof } of logins)
    out.line(
      `  login     ${forLog(`${name}: client id ${clientId}, tenant ${state.tenantId}, by ${PROOF[proof]}`)}`,
    );

  section(out, `Paste ${shell.place}:`, [...shell.head, ...settingLines(shell, variables)]);
  for (const { name, variables: own } of logins)
    section(
      out,
      `To sign in as ${forLog(name)} (Azure's SDKs and this command read it), also:`,
      settingLines(shell, own),
    );
  const commands = examplesOf(
    simulator,
    logins.find(({ file }) => file !== undefined),
  ).flatMap((commands) => pipeline(shell, commands) ?? []);
  if (commands.length > 0) section(out, 'Then, for example:', commands);
  out.line();
}

const PROOF: Readonly<Record<Login['proof'], string>> = {
  secret: 'a client secret of the scenario',
  token: "a job's token",
  machine: 'being the identity of this machine',
};

function section(out: Lines, title: string, lines: readonly string[]): void {
  out.line();
  out.line(out.style(title, 'bold'));
  for (const line of lines) out.line(`  ${line}`);
}

/** What works against this scenario: commands, each as its words, that write into one another. */
function examplesOf({ state }: Simulator, login: Login | undefined): string[][][] {
  const [cluster] = state.clusters;
  const [registry] = state.registries;
  const [repository] = registry?.repositories ?? [];
  const tag = repository === undefined ? undefined : [...repository.tags.keys()][0];
  return [
    ...(login?.file === undefined
      ? []
      : [
          [
            [
              ...['az', 'login', '--service-principal', '-u', login.clientId, '--tenant', state.tenantId],
              // az reads an argument that begins with @ from that file.
              ...[login.proof === 'secret' ? '-p' : '--federated-token', `@${login.file}`],
            ],
          ],
        ]),
    ...(cluster === undefined
      ? []
      : [
          [['az', 'aks', 'get-credentials', '-g', cluster.resourceGroup, '-n', cluster.name]],
          [['kubectl', 'get', 'nodes']],
        ]),
    ...(cluster === undefined || registry === undefined
      ? []
      : [
          [
            [
              ...['aks-acr-pull', 'connect', '--cluster', cluster.name, '-g', cluster.resourceGroup],
              ...['--registry', registry.loginServer],
            ],
          ],
        ]),
    ...(registry === undefined || repository === undefined || tag === undefined
      ? []
      : [
          [
            [
              ...['az', 'acr', 'login', '-n', registry.name, '--expose-token'],
              ...['--query', 'accessToken', '-o', 'tsv'],
            ],
            ['skopeo', 'login', '-u', TOKEN_USER, '--password-stdin', registry.loginServer],
          ],
          [['skopeo', 'inspect', `docker://${registry.loginServer}/${repository.name}:${tag}`]],
        ]),
  ];
}
