/** The simulated Azure: started from a scenario, reached through a proxy under the real names. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistries } from './acr/index.js';
import { createArm } from './arm/index.js';
import { createAzureDevOps, oidcRequestUri } from './ci/azure-pipelines.js';
import { createGitHub, tokenRequestUrl } from './ci/index.js';
import type { CloudState, ManagedCluster } from './cloud/model.js';
import { decide } from './cloud/rbac.js';
import { loadScenario } from './cloud/scenario.js';
import type { CertificateAuthority, SimulatorContext } from './context.js';
import { createEntra } from './entra/index.js';
import { createSigningKey, createTokenIssuer } from './entra/tokens.js';
import { openMetadataService } from './imds/index.js';
import { createApiServers } from './kubernetes/index.js';
import { createAuthority } from './net/authority.js';
import { createDial } from './net/dial.js';
import type { RequestRecord, Service } from './net/exchange.js';
import { openFrontDoor } from './net/front-door.js';
import { createRequestLog } from './net/request-log.js';

export { ScenarioError } from './cloud/scenario.js';
export type { RequestRecord } from './net/exchange.js';
export type { CloudState } from './cloud/model.js';

export interface SimulatorOptions {
  /** Called once each request is over. */
  onRequest?: (record: RequestRecord) => void;
  /** Milliseconds since the epoch; default the machine's clock. */
  now?: () => number;
}

/** A running simulator. */
export interface Simulator {
  readonly name: string;
  readonly state: CloudState;
  readonly context: SimulatorContext;
  /** `http://127.0.0.1:<port>`: leads every name to the simulated cloud. */
  readonly proxyUrl: string;
  /** The authority of public names, PEM; `caFile` holds the same. */
  readonly caPem: string;
  readonly caFile: string;
  /** In the order in which requests came; filled in as they go on. */
  readonly requests: readonly RequestRecord[];
  /** Every host name that was asked for through the proxy, once each. */
  readonly connectedNames: readonly string[];
  /** What a job of the modelled CI system is given to get its token (a secret); only with `idTokenPermission`. */
  readonly github: { requestUrl: string; requestToken: string };
  /** The same of a job in Azure Pipelines: System.OidcRequestUri and System.AccessToken (a secret). */
  readonly azurePipelines: { oidcRequestUri: string; accessToken: string };
  /** Environment variables that lead an unmodified program here: Node, Go, Python, curl. */
  environment(): Record<string, string>;
  /** Ends every connection and every simulated machine, and removes the file. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a simulated cloud on loopback. Throws `ScenarioError` with all that is wrong with the scenario.
 *
 * @param scenarioYaml text of a scenario (`cloud/scenario-schema.ts`)
 */
export async function startSimulator(
  scenarioYaml: string,
  options: SimulatorOptions = {},
): Promise<Simulator> {
  const now = options.now ?? Date.now;
  const { name, state } = loadScenario(scenarioYaml, now());
  const [publicAuthority, tokens, githubKey, azureDevOpsKey] = await Promise.all([
    createAuthority('Simulated public authority'),
    createTokenIssuer(state, now),
    createSigningKey('github'),
    createSigningKey('azure-devops'),
  ]);
  const log = createRequestLog(now, options.onRequest);
  const clusterAuthority = oncePerCluster((cluster) =>
    createAuthority(`Simulated authority of ${cluster.name}`),
  );
  const inside = createDial(() => door.port, publicAuthority.certificate);
  const context: SimulatorContext = {
    state,
    tokens,
    now,
    decide: (question) => decide(state, question, now()),
    publicAuthority,
    clusterAuthority,
    dial: inside.dial,
  };
  const apiServers = createApiServers(context);
  const services: Service[] = [
    createEntra({ state, tokens, github: githubKey, azurePipelines: azureDevOpsKey, now }),
    createArm(context, apiServers),
    createGitHub(state, githubKey, now),
    createAzureDevOps(state, azureDevOpsKey, now),
    createRegistries(context),
    apiServers,
  ];
  const door = await openFrontDoor({
    services: () => services,
    log,
    authorityOf: (host) => {
      const cluster = clusterOf(state, host);
      return cluster === undefined ? Promise.resolve(publicAuthority) : clusterAuthority(cluster);
    },
    // A private API server's name is only known inside its network (azure-docs: private-clusters).
    reachable: (host) => clusterOf(state, host)?.privateCluster !== true,
  });
  const metadata = await openMetadataService({ state, tokens, log, now });
  const folder = await mkdtemp(join(tmpdir(), 'aks-acr-pull-simulator-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, publicAuthority.certificate, { mode: 0o600 });
  await chmod(caFile, 0o600);

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    apiServers.stop();
    inside.close();
    await Promise.all([door.stop(), metadata.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  return {
    name,
    state,
    context,
    proxyUrl: door.proxyUrl,
    caPem: publicAuthority.certificate,
    caFile,
    requests: log.records,
    connectedNames: door.connectedNames,
    github: { requestUrl: tokenRequestUrl(state.github), requestToken: state.github.requestToken },
    azurePipelines: {
      oidcRequestUri: oidcRequestUri(state.azurePipelines),
      accessToken: state.azurePipelines.accessToken,
    },
    environment: () => ({
      HTTPS_PROXY: door.proxyUrl,
      https_proxy: door.proxyUrl,
      // The metadata service is reached straight, as on a real machine: Azure's SDKs would send plain http through the proxy too.
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: caFile,
      REQUESTS_CA_BUNDLE: caFile,
      SSL_CERT_FILE: caFile,
      CURL_CA_BUNDLE: caFile,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url,
    }),
    stop: () => (stopping ??= stop()),
  };
}

function clusterOf(state: CloudState, host: string): ManagedCluster | undefined {
  return state.clusters.find(({ fqdn }) => fqdn.toLowerCase() === host);
}

function oncePerCluster(
  make: (cluster: ManagedCluster) => Promise<CertificateAuthority>,
): (cluster: ManagedCluster) => Promise<CertificateAuthority> {
  const made = new Map<string, Promise<CertificateAuthority>>();
  return (cluster) => {
    const authority = made.get(cluster.fqdn) ?? make(cluster);
    made.set(cluster.fqdn, authority);
    return authority;
  };
}
