/**
 * A simulated cloud in which a cluster pulls with stored credentials, and whole audits of it in this process, in the
 * cloud's own time. Everything that a run tells, in any form, is kept, so that secrets can be looked for in it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Log } from '../../src/core/ports.js';
import type { Report } from '../../src/core/report.js';
import { systemClock } from '../../src/host/clock.js';
import { gitHubOidcCredential } from '../../src/host/credentials.js';
import { describeFailure } from '../../src/host/failure.js';
import { createHttp } from '../../src/host/http.js';
import { runPreflight } from '../../src/host/run.js';
import { issuesOf } from '../../src/render/issues.js';
import { reportJson } from '../../src/render/report-json.js';
import { checkLine, closingLines, findingLine } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../src/simulator/index.js';
import { openTerminal, OWNER, withOwner } from '../support/printed-commands.js';
import type { Terminal } from '../support/printed-commands.js';
import { openAzure } from '../support/printed-commands/azure.js';
import type { Answered } from '../support/printed-commands/azure.js';
import { contextOf } from '../support/printed-commands/kubectl.js';

export const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

export interface Audited {
  report?: Report;
  problems: string[];
  /** Log, report, closing lines, page, annotations. */
  told: string;
  /** What the host was asked to mask. */
  masked: readonly string[];
  requests: readonly RequestRecord[];
}

export interface AuditGround {
  simulator: Simulator;
  /** Runs what is printed, as an owner. */
  terminal: Terminal;
  /** An administrator's request to the API server. */
  kubernetes(method: string, path: string, body?: unknown, type?: string): Promise<Answered>;
  /** What `az acr login --expose-token` gives out. */
  exposedToken(): Promise<string>;
  /** Makes a Secret as `kubectl create secret docker-registry` does. */
  pullSecret(
    namespace: string,
    name: string,
    username: string,
    password: string,
    host?: string,
  ): Promise<void>;
  run(inputs?: RawInputs, as?: string, repository?: string): Promise<Audited>;
  end(): Promise<void>;
}

/** @param yaml a scenario with a cluster `shop`, a registry `contoso` and a login `deployer` */
export async function openAuditGround(yaml: string): Promise<AuditGround> {
  const simulator = await startSimulator(withOwner(yaml));
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'audit-'));
  const azure = openAzure(simulator, OWNER);
  const terminal = openTerminal(simulator);
  const { state } = simulator;
  const found = state.clusters.find(({ name }) => name === 'shop');
  const id = `/subscriptions/${azure.subscription}/resourceGroups/apps/providers/Microsoft.ContainerService/managedClusters/shop`;
  if (found === undefined) throw new Error('the scenario has no cluster shop');
  const cluster = await contextOf(azure, id);
  const kubernetes = (method: string, path: string, body?: unknown, type?: string): Promise<Answered> =>
    azure.kubernetes(cluster.kubeconfig, method, path, body, type);
  return {
    simulator,
    terminal,
    kubernetes,
    async exposedToken() {
      const answer = await simulator.context.dial('https://contoso.azurecr.io/oauth2/exchange', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'access_token',
          service: 'contoso.azurecr.io',
          access_token: await azure.token('https://containerregistry.azure.net'),
        }).toString(),
      });
      const { refresh_token } = JSON.parse(answer.body.toString()) as { refresh_token?: string };
      if (refresh_token === undefined) throw new Error(`no token: ${answer.body.toString()}`);
      return refresh_token;
    },
    async pullSecret(namespace, name, username, password, host = 'contoso.azurecr.io') {
      const auth = Buffer.from(`${username}:${password}`).toString('base64');
      const config = JSON.stringify({ auths: { [host]: { username, password, auth } } });
      const { status, body } = await kubernetes('POST', `/api/v1/namespaces/${namespace}/secrets`, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
      });
      if (status !== 201) throw new Error(JSON.stringify(body));
    },
    async run(inputs = {}, as = 'deployer', repository = temporaryFolder) {
      const from = simulator.requests.length;
      const told: string[] = [];
      const masked: string[] = [];
      const raw: RawInputs = {
        mode: 'audit',
        cluster: 'shop',
        'resource-group': 'apps',
        registry: 'contoso.azurecr.io',
        'subscription-id': azure.subscription,
        ...inputs,
      };
      const host = {
        environment: { ...simulator.environment(), GITHUB_WORKSPACE: repository },
        log: keeping(told, masked),
        signIn: (ground: Parameters<Parameters<typeof runPreflight>[2]['signIn']>[0]) =>
          gitHubOidcCredential({
            ...ground,
            clientId: state.principals.find(({ name }) => name === as)?.clientId ?? '',
            tenantId: state.tenantId,
            requestUrl: simulator.github.requestUrl,
            requestToken: simulator.github.requestToken,
          }),
        remember: () => undefined,
        temporaryFolder,
        signal: new AbortController().signal,
      };
      const machine = {
        // The cloud's time, which tests let pass.
        clock: { ...systemClock, now: () => simulator.context.now() },
        createHttp: (environment: NodeJS.ProcessEnv) => {
          const http = createHttp(environment);
          const { caPem: ca } = simulator;
          return {
            ...http,
            close: () => http.close(),
            send: (request: Parameters<typeof http.send>[0]) =>
              http.send({ ...request, tls: { ca, ...request.tls } }),
          };
        },
      };
      try {
        const { report, outputs } = await runPreflight(raw, {}, host, machine);
        told.push(reportJson(report), JSON.stringify(outputs), ...closingLines(report));
        told.push(summaryMarkdown(report), summaryMarkdown(report, { mermaid: false }));
        told.push(JSON.stringify(issuesOf(report)));
        return {
          report,
          problems: [],
          told: told.join('\n'),
          masked,
          requests: simulator.requests.slice(from),
        };
      } catch (error) {
        const { problems } = describeFailure(error);
        told.push(...problems, error instanceof Error ? (error.stack ?? '') : String(error));
        return { problems, told: told.join('\n'), masked, requests: simulator.requests.slice(from) };
      }
    },
    async end() {
      await terminal.close();
      await azure.close();
      await simulator.stop();
      await rm(temporaryFolder, { recursive: true, force: true });
    },
  };
}

/** A log that keeps what people are told; what is told only to be masked is no part of that. */
function keeping(told: string[], masked: string[]): Log {
  return {
    chapter: (title) => void told.push(title),
    check: (check) => void told.push(...checkLine(check)),
    pull: (pull) => void told.push(JSON.stringify(pull)),
    finding: (finding) => void told.push(...findingLine(finding)),
    waiting: () => undefined,
    debug: (line) => void told.push(line),
    secret: (value) => void masked.push(value),
  };
}

/** The forms in which a secret could be told: as it is, in base64 at each of its offsets, escaped for URLs and JSON. */
export function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) =>
    Buffer.from(`${'x'.repeat(offset)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '')
      // The ends depend on what stands beside it.
      .slice(offset === 0 ? 0 : 4, -4),
  );
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}
