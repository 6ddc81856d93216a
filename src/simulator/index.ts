/** The simulated Azure: started from a scenario, reached through a proxy under the real names. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistries } from './acr/index.js';
import { createArm } from './arm/index.js';
import { assertionFor } from './ci/assertion.js';
import { createAzureDevOps, oidcRequestUri } from './ci/azure-pipelines.js';
import { createGitHub, tokenRequestUrl } from './ci/index.js';
import type { CloudState, ManagedCluster, Principal } from './cloud/model.js';
import { apiServerNames, keptOut } from './cloud/api-server-access.js';
import { decide } from './cloud/rbac.js';
import { wayTo } from './cloud/private-link.js';
import type { Way } from './cloud/private-link.js';
import { loadScenario, ScenarioError } from './cloud/scenario.js';
import type { Problem } from './cloud/schema.js';
import type { CertificateAuthority, SimulatorContext } from './context.js';
import { createEntra } from './entra/index.js';
import { createSigningKey, createTokenIssuer } from './entra/tokens.js';
import type { SigningKey } from './entra/tokens.js';
import { createGraph } from './graph/index.js';
import { createFaults, createRuleBook } from './faults/index.js';
import type { FaultRule } from './faults/index.js';
import { checkFaultRule, faultRule } from './faults/schema.js';
import type { FaultDocument } from './faults/schema.js';
import { openMetadataService } from './imds/index.js';
import { createApiServers } from './kubernetes/index.js';
import { createRuntimes, runtimeProblems } from './kubernetes/runtime/runtimes.js';
import { createAuthority, publicAuthority as authorityOfPublicNames } from './net/authority.js';
import { createDial } from './net/dial.js';
import type { RequestRecord, Service } from './net/exchange.js';
import { openFrontDoor } from './net/front-door.js';
import type { Hold } from './net/front-door.js';
import { createRequestLog } from './net/request-log.js';
import type { ModelledRoute } from './routes.js';

export { loadScenario, problemText, ScenarioError } from './cloud/scenario.js';
export { PortInUse } from './net/front-door.js';
export type { Held, Hold } from './net/front-door.js';
export type { RequestRecord } from './net/exchange.js';
export type { FaultDocument } from './faults/schema.js';
export type { FaultKind } from './faults/index.js';
export type { CloudState, Principal } from './cloud/model.js';

export interface SimulatorOptions {
  /** Called once each request is over. */
  onRequest?: (record: RequestRecord) => void;
  /** Milliseconds since the epoch; default the machine's clock. */
  now?: () => number;
  /** Holds requests up; see {@link Hold}. */
  hold?: Hold;
  /** Rules as a scenario has them, before the scenario's own. */
  faults?: readonly FaultDocument[];
  /** Of the proxy, on loopback; default one of the machine's choice. `PortInUse` is thrown when it is taken. */
  port?: number;
}

/** A running simulator. */
export interface Simulator {
  readonly name: string;
  readonly state: CloudState;
  readonly context: SimulatorContext;
  /** `http://127.0.0.1:<port>`: leads every name to the simulated cloud. */
  readonly proxyUrl: string;
  /** Of the TLS listener on 127.0.0.1 that the proxy leads to: for clients that find names by other means. */
  readonly port: number;
  /** The authority of public names, PEM; `caFile` holds the same. */
  readonly caPem: string;
  readonly caFile: string;
  /** Every route that is modelled, for services whose routes are data. */
  readonly routes: readonly ModelledRoute[];
  /** In the order in which requests came; filled in as they go on. */
  readonly requests: readonly RequestRecord[];
  /** Every host name that was asked for through the proxy, once each. */
  readonly connectedNames: readonly string[];
  /** What a job of the modelled CI system is given to get its token (a secret); only with `idTokenPermission`. */
  readonly github: { requestUrl: string; requestToken: string };
  /** The same of a job in Azure Pipelines: System.OidcRequestUri and System.AccessToken (a secret). */
  readonly azurePipelines: { oidcRequestUri: string; accessToken: string };
  /** A fresh token of a job that this principal trusts, such as AZURE_FEDERATED_TOKEN_FILE holds (a secret); undefined when it trusts none. */
  assertionFor(principal: Principal): string | undefined;
  /**
   * Passes over so many milliseconds: its clock goes on by them, and what comes due in them in a cluster comes at once.
   * What that leads to comes later, so a long time is best passed in steps.
   */
  pass(milliseconds: number): void;
  /** Puts one more fault before the others, counted and timed from now on; the answer takes it back. Throws `ScenarioError`. */
  addFault(rule: FaultDocument): () => void;
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
  const machineNow = options.now ?? Date.now;
  let passed = 0;
  const now = (): number => machineNow() + passed;
  const { name, state, faults } = loadScenario(scenarioYaml, now());
  const unfit = runtimeProblems(state);
  if (unfit.length > 0) throw new ScenarioError(unfit);
  const [publicAuthority, tokens, githubKey, azureDevOpsKey] = await Promise.all([
    authorityOfPublicNames(),
    signingKey('entra').then((key) => createTokenIssuer(state, now, key)),
    signingKey('github'),
    signingKey('azure-devops'),
  ]);
  const log = createRequestLog(now, options.onRequest);
  const clusterAuthority = oncePerCluster((cluster) =>
    createAuthority(`Simulated authority of ${cluster.name}`),
  );
  const wayOf = (host: string, from: ManagedCluster | undefined): Way =>
    from === undefined ? { kind: 'public' } : wayTo(state, from, host);
  const portOf = (way: Way): number => (way.kind === 'private' ? door.privatePort : door.nodesPort);
  const inside = createDial(publicAuthority.certificate, (host, method, path, from) => {
    const way = wayOf(host, from);
    door.lookUp(host, method, path, way);
    return portOf(way);
  });
  const rules = createRuleBook([...(options.faults ?? []).map(faultRuleOf), ...faults], state.seed, now);
  const context: SimulatorContext = {
    state,
    tokens,
    now,
    decide: (question) => decide(state, question, now()),
    publicAuthority,
    clusterAuthority,
    dial: inside.dial,
  };
  const runtimes = createRuntimes(context);
  const apiServers = createApiServers(context, runtimes.of);
  const services: Service[] = [
    createEntra({ state, tokens, github: githubKey, azurePipelines: azureDevOpsKey, now }),
    createArm(context, apiServers),
    createGitHub(state, githubKey, now),
    createAzureDevOps(state, azureDevOpsKey, now),
    createRegistries(context),
    createGraph(context),
    apiServers,
  ];
  const door = await openFrontDoor({
    services: () => services,
    log,
    ...(options.port === undefined ? {} : { proxyPort: options.port }),
    ...(options.hold === undefined ? {} : { hold: options.hold }),
    authorityOf: (host) => {
      const cluster = clusterOf(state, host);
      return cluster === undefined ? Promise.resolve(publicAuthority) : clusterAuthority(cluster);
    },
    keptOut: (host) => {
      const cluster = clusterOf(state, host);
      return cluster === undefined ? undefined : keptOut(state, cluster, host);
    },
    faults: createFaults(rules, { now, reissue: (token, change) => tokens.reissue(token, change) }),
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
    await Promise.all([door.stop(), metadata.stop(), runtimes.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await runtimes.start({
      caFile,
      lookUp: (host, cluster) => door.lookUp(host, 'CONNECT', '', wayOf(host, cluster)),
      portOf: (host, cluster) => portOf(wayOf(host, cluster)),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    state,
    context,
    proxyUrl: door.proxyUrl,
    port: door.port,
    caPem: publicAuthority.certificate,
    caFile,
    routes: services.flatMap(({ routes = [] }) => routes),
    requests: log.records,
    connectedNames: door.connectedNames,
    github: { requestUrl: tokenRequestUrl(state.github), requestToken: state.github.requestToken },
    azurePipelines: {
      oidcRequestUri: oidcRequestUri(state.azurePipelines),
      accessToken: state.azurePipelines.accessToken,
    },
    pass(milliseconds) {
      passed += milliseconds;
      apiServers.pass(milliseconds);
    },
    addFault: (rule) => rules.add(faultRuleOf(rule)),
    assertionFor: (principal) =>
      assertionFor(state, principal, { github: githubKey, azurePipelines: azureDevOpsKey }, now()),
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

const signingKeys = new Map<string, Promise<SigningKey>>();

/**
 * Keys are made once in a process, and held nowhere else: making one takes 100 ms of a processor. So the clouds of one process
 * would take each other's tokens, and differ in what these say alone.
 */
function signingKey(name: string): Promise<SigningKey> {
  const key = signingKeys.get(name) ?? createSigningKey(name);
  signingKeys.set(name, key);
  return key;
}

/** Reads a rule as a scenario's would be read. */
function faultRuleOf(given: FaultDocument): FaultRule {
  const problems: Problem[] = [];
  const rule = faultRule.read(given, 'fault', problems);
  checkFaultRule(rule, 'fault', problems);
  if (problems.length > 0) throw new ScenarioError(problems);
  return rule;
}

function clusterOf(state: CloudState, host: string): ManagedCluster | undefined {
  return state.clusters.find((cluster) => apiServerNames(cluster).includes(host));
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
