/** Azure Pipelines' agent as this task uses it: what it gives a task, and the commands that it takes. */
import { debugging } from './quiet.js';
import {
  TaskResult,
  command,
  getEndpointAuthorizationParameter,
  getEndpointAuthorizationScheme,
  getEndpointDataParameter,
  getEndpointUrl,
  getInput,
  getVariable,
  setResult,
} from 'azure-pipelines-task-lib/task.js';

/** What the agent gives a task about a service connection. Absent and blank are the same. */
export interface Endpoint {
  readonly url: string | undefined;
  readonly scheme: string | undefined;
  /** A parameter of its authorization: may be a secret. */
  parameter(name: string): string | undefined;
  data(name: string): string | undefined;
}

/** The agent. Nothing that it is given is escaped here but for the form of its commands. */
export interface Agent {
  /** Whether the pipeline runs with System.Debug. */
  readonly debugging: boolean;
  /** An input of the task, by its name in task.json. */
  input(name: string): string | undefined;
  /** A pipeline variable such as `Build.Reason`. */
  variable(name: string): string | undefined;
  endpoint(id: string): Endpoint;
  /** A line of the log. */
  line(text: string): void;
  /** https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands */
  command(name: string, properties: Readonly<Record<string, string>>, data: string): void;
  /** The task's result. The agent waits no longer for this process, which ends with exit code 0 whatever the result is. */
  complete(result: 'Succeeded' | 'Failed', message: string): void;
}

const given = (value: string | undefined): string | undefined =>
  value === undefined || value.trim() === '' ? undefined : value;

/** The agent that started this process. Loading it takes secrets out of this process's environment. */
export const agent: Agent = {
  debugging,
  input: (name) => given(getInput(name)),
  variable: (name) => given(getVariable(name)),
  endpoint: (id) => ({
    url: given(getEndpointUrl(id, true)),
    scheme: given(getEndpointAuthorizationScheme(id, true)),
    parameter: (name) => given(getEndpointAuthorizationParameter(id, name, true)),
    data: (name) => given(getEndpointDataParameter(id, name, true)),
  }),
  line: (text) => console.log(text),
  command: (name, properties, data) => command(name, { ...properties }, data),
  complete: (result, message) => setResult(TaskResult[result], message, true),
};
