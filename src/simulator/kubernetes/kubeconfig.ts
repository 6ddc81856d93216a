/** The kubeconfigs that ARM hands out (recording: listClusterUserCredential.json). */
import { randomBytes } from 'node:crypto';
import type { SimulatorContext } from '../context.js';
import type { ManagedCluster } from '../cloud/model.js';

/** Application id of the AKS server application: the audience of Entra tokens for API servers (github.com/Azure/kubelogin README). */
export const AKS_SERVER_ID = '6dae42f8-4368-4678-94ff-3960e28e3630';
/** The public client that kubelogin signs in with (same source). */
const AKS_CLIENT_ID = '80faf920-1908-4b52-b5ef-a8e7bedfc67a';

/** User and group of the certificate of local accounts (learn.microsoft.com AKS concepts-identity). */
export const LOCAL_ACCOUNT = { user: 'masterclient', group: 'system:masters' } as const;

/** Static tokens of local accounts, beside their certificates as recorded: one a cluster, made at start, secrets. */
export class LocalTokens {
  private readonly tokens = new Map<ManagedCluster, string>();

  of(cluster: ManagedCluster): string {
    const token = this.tokens.get(cluster) ?? randomBytes(64).toString('hex');
    this.tokens.set(cluster, token);
    return token;
  }
}

/** Kubeconfig of a local account: certificate, key and token of a cluster administrator. */
export async function localKubeconfig(
  context: SimulatorContext,
  cluster: ManagedCluster,
  server: string,
  tokens: LocalTokens,
  role: 'clusterUser' | 'clusterAdmin',
): Promise<string> {
  const authority = await context.clusterAuthority(cluster);
  const { certificate, key } = await authority.client(LOCAL_ACCOUNT.user, [LOCAL_ACCOUNT.group]);
  return kubeconfig(cluster, server, authority.certificate, role, [
    `    client-certificate-data: ${base64(certificate)}`,
    `    client-key-data: ${base64(key)}`,
    `    token: ${tokens.of(cluster)}`,
  ]);
}

/** User kubeconfig of a cluster with Entra integration: an exec of kubelogin, and no credential in itself. */
export async function entraKubeconfig(
  context: SimulatorContext,
  cluster: ManagedCluster,
  server: string,
): Promise<string> {
  const authority = await context.clusterAuthority(cluster);
  const args = [
    'get-token',
    '--environment',
    'AzurePublicCloud',
    '--server-id',
    AKS_SERVER_ID,
    '--client-id',
    AKS_CLIENT_ID,
    '--tenant-id',
    context.state.tenantId,
    '--login',
    'devicecode',
  ];
  return kubeconfig(cluster, server, authority.certificate, 'clusterUser', [
    '    exec:',
    '      apiVersion: client.authentication.k8s.io/v1beta1',
    '      args:',
    ...args.map((arg) => `      - ${arg}`),
    '      command: kubelogin',
    '      env: null',
    '      provideClusterInfo: false',
  ]);
}

function kubeconfig(
  cluster: ManagedCluster,
  server: string,
  authority: string,
  role: string,
  user: string[],
): string {
  const admin = role === 'clusterAdmin' ? '-admin' : '';
  const name = `${role}_${cluster.resourceGroup}_${cluster.name}`;
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(authority)}`,
    `    server: https://${server}:443`,
    `  name: ${cluster.name}`,
    'contexts:',
    '- context:',
    `    cluster: ${cluster.name}`,
    `    user: ${name}`,
    `  name: ${cluster.name}${admin}`,
    `current-context: ${cluster.name}${admin}`,
    'kind: Config',
    'preferences: {}',
    'users:',
    `- name: ${name}`,
    '  user:',
    ...user,
    '',
  ].join('\n');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
