/** What Azure Pipelines' agent gives a task → what every run needs of its host. */
import { tmpdir } from 'node:os';
import type { RawInputs } from '../core/inputs.js';
import { optional } from '../core/json.js';
import type { Circumstances, InputProblem } from '../core/request.js';
import type { HostSide } from '../host/run.js';
import type { Agent } from './agent.js';
import { circumstancesOf } from './circumstances.js';
import { withAgentAuthorities, withAgentProxy } from './network.js';
import { credentialOf, readServiceConnection } from './service-connection.js';

/** One run in Azure Pipelines. */
export interface TaskSide {
  circumstances: Circumstances;
  host: HostSide;
}

/**
 * @param environment of this process, from which the agent's secrets have been taken
 * @param raw the task's inputs; what is wrong with its service connection becomes one of the circumstances' problems
 */
export function azurePipelinesSide(
  agent: Agent,
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  log: HostSide['log'],
  signal: AbortSignal,
): TaskSide {
  const found = readServiceConnection(agent, raw['azure-subscription']);
  const problems = 'problem' in found ? [found.problem] : contradictions(raw, found.connection.cloud.name);
  return {
    circumstances: {
      ...circumstancesOf(agent),
      problems,
      ...('problem' in found
        ? {}
        : {
            environment: found.connection.cloud.name,
            needsSubscription: found.connection.subscriptionId === undefined,
          }),
    },
    host: {
      environment: withAgentAuthorities(withAgentProxy(environment, agent), agent),
      log,
      signal,
      temporaryFolder: agent.variable('Agent.TempDirectory') ?? tmpdir(),
      ...optional('workingFolder', agent.variable('System.DefaultWorkingDirectory')),
      // There is no step after this one: what this one can't remove, the cluster removes.
      remember: () => undefined,
      signIn(ground) {
        if ('problem' in found) throw new Error('the service connection can not be used');
        return credentialOf(found.connection, agent, environment, ground);
      },
    },
  };
}

function contradictions({ environment }: RawInputs, cloud: string): InputProblem[] {
  if (environment === undefined || environment === cloud) return [];
  return [
    { input: 'environment', value: environment, wanted: `${cloud}, the service connection's, or nothing` },
  ];
}
