/** Whole runs of the shipped core and host in this process, against a simulated cloud of one's own, in faster time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawInputs } from '../../src/core/inputs.js';
import type { Credential, Log } from '../../src/core/ports.js';
import type { Report } from '../../src/core/report.js';
import { systemClock } from '../../src/host/clock.js';
import { gitHubOidcCredential } from '../../src/host/credentials.js';
import { describeFailure } from '../../src/host/failure.js';
import { createHttp } from '../../src/host/http.js';
import { runPreflight } from '../../src/host/run.js';
import type { HostSide, Machine, Outcome } from '../../src/host/run.js';
import type { Principal } from '../../src/simulator/cloud/model.js';
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
  /**
   * Signed in by GitHub's OIDC, as `deployer` unless another identity is named; a person has signed in before.
   *
   * @param network instead of the host's own
   * @param signal cancels the run
   */
  run(
    inputs?: RawInputs,
    log?: Partial<Log>,
    as?: string,
    network?: typeof createHttp,
    signal?: AbortSignal,
  ): Promise<WholeRun>;
  /** What {@link run} has of its host and its machine, for what else a host runs. */
  sides(
    log?: Partial<Log>,
    as?: string,
    network?: typeof createHttp,
    signal?: AbortSignal,
  ): { host: HostSide; machine: Machine };
  end(): Promise<void>;
}

/** The login of somebody who has signed in elsewhere. */
function personsCredential({ context, state }: Simulator, person: Principal): Credential {
  return {
    description: 'a login of the test',
    token: (scope) =>
      Promise.resolve({
        token: context.tokens.issue(person, scope.replace(/\/\.default$/, '')),
        expiresOn: Date.now() + 3_600_000,
      }),
    subscriptionId: () => Promise.resolve(state.subscriptions[0]?.id),
  };
}

/** @param speed so many times faster than the machine's time passes for the core */
export async function openGround(yaml: string, speed = 10): Promise<Ground> {
  const simulator = await startSimulator(yaml);
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'in-process-'));
  const { state } = simulator;
  const nothing = (): void => undefined;
  const sides = (
    log: Partial<Log> = {},
    as = 'deployer',
    network = createHttp,
    signal = new AbortController().signal,
  ): { host: HostSide; machine: Machine } => {
    const host = {
      environment: { PATH: process.env.PATH, ...simulator.environment() },
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
      signIn: (ground: Parameters<Parameters<typeof runPreflight>[2]['signIn']>[0]) => {
        const who = state.principals.find(({ name }) => name === as);
        if (who?.kind === 'user') return personsCredential(simulator, who);
        return gitHubOidcCredential({
          ...ground,
          clientId: who?.clientId ?? '',
          tenantId: state.tenantId,
          requestUrl: simulator.github.requestUrl,
          requestToken: simulator.github.requestToken,
        });
      },
      remember: nothing,
      temporaryFolder,
      signal,
    };
    const machine = {
      clock: speed === 1 ? systemClock : fasterClock(speed),
      createHttp: (environment: NodeJS.ProcessEnv) => {
        const http = network(environment);
        const { caPem: ca } = simulator;
        return {
          ...http,
          close: () => http.close(),
          send: (request: Parameters<typeof http.send>[0]) =>
            http.send({ ...request, tls: { ca, ...request.tls } }),
        };
      },
    };
    return { host, machine };
  };
  return {
    simulator,
    sides,
    async run(
      inputs = {},
      log = {},
      as = 'deployer',
      network = createHttp,
      signal = new AbortController().signal,
    ) {
      const from = simulator.requests.length;
      const raw: RawInputs = {
        cluster: 'shop',
        'resource-group': 'apps',
        registry: 'contoso.azurecr.io',
        'subscription-id': state.subscriptions[0]?.id ?? '',
        ...inputs,
      };
      const { host, machine } = sides(log, as, network, signal);
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
