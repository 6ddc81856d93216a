/** Whole runs of the shipped core and host in this process, against a simulated cloud of one's own, in faster time. */
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
import type { Outcome } from '../../src/host/run.js';
import { startSimulator } from '../../src/simulator/index.js';
import type { RequestRecord, Simulator } from '../../src/simulator/index.js';
import { fasterClock } from './fault-runs.js';

export interface WholeRun {
  outcome?: Outcome;
  report?: Report;
  /** What people are told where there is no report. */
  problems: string[];
  /** What the simulator was asked during this run. */
  requests: readonly RequestRecord[];
}

export interface Ground {
  simulator: Simulator;
  /** Signed in by GitHub's OIDC, as `deployer` unless another identity is named. */
  run(inputs?: RawInputs, log?: Partial<Log>, as?: string): Promise<WholeRun>;
  end(): Promise<void>;
}

/** @param speed so many times faster than the machine's time passes for the core */
export async function openGround(yaml: string, speed = 10): Promise<Ground> {
  const simulator = await startSimulator(yaml);
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'in-process-'));
  const { state } = simulator;
  const nothing = (): void => undefined;
  return {
    simulator,
    async run(inputs = {}, log = {}, as = 'deployer') {
      const from = simulator.requests.length;
      const raw: RawInputs = {
        cluster: 'shop',
        'resource-group': 'apps',
        registry: 'contoso.azurecr.io',
        'subscription-id': state.subscriptions[0]?.id ?? '',
        ...inputs,
      };
      const host = {
        environment: simulator.environment(),
        log: {
          chapter: nothing,
          check: nothing,
          pull: nothing,
          finding: nothing,
          waiting: nothing,
          debug: nothing,
          secret: nothing,
          ...log,
        },
        signIn: (ground: Parameters<Parameters<typeof runPreflight>[2]['signIn']>[0]) =>
          gitHubOidcCredential({
            ...ground,
            clientId: state.principals.find(({ name }) => name === as)?.clientId ?? '',
            tenantId: state.tenantId,
            requestUrl: simulator.github.requestUrl,
            requestToken: simulator.github.requestToken,
          }),
        remember: nothing,
        temporaryFolder,
        signal: new AbortController().signal,
      };
      const machine = {
        clock: speed === 1 ? systemClock : fasterClock(speed),
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
        const outcome = await runPreflight(raw, {}, host, machine);
        return {
          outcome,
          report: outcome.report,
          problems: [],
          requests: simulator.requests.slice(from),
        };
      } catch (error) {
        return { problems: describeFailure(error).problems, requests: simulator.requests.slice(from) };
      }
    },
    async end() {
      await simulator.stop();
      await rm(temporaryFolder, { recursive: true, force: true });
    },
  };
}
