/** An agent made by hand, that keeps what it is told. */
import type { Agent, Endpoint } from '../../src/azure-pipelines/agent.js';

export interface Given {
  inputs?: Record<string, string>;
  variables?: Record<string, string>;
  endpoints?: Record<
    string,
    Partial<Omit<Endpoint, 'parameter' | 'data'>> & {
      parameters?: Record<string, string>;
      data?: Record<string, string>;
    }
  >;
  debugging?: boolean;
}

export interface FakeAgent extends Agent {
  /** Lines as written, and commands as `name {properties} data`. */
  readonly told: string[];
}

/** Values by names of any case, as the agent's are. */
function reader(values: Readonly<Record<string, string>> = {}): (name: string) => string | undefined {
  const known = new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => known.get(name.toLowerCase());
}

export function fakeAgent({ inputs, variables, endpoints = {}, debugging = false }: Given = {}): FakeAgent {
  const told: string[] = [];
  return {
    told,
    debugging,
    input: reader(inputs),
    variable: reader(variables),
    endpoint(id) {
      const found = endpoints[id] ?? {};
      return {
        url: found.url,
        scheme: found.scheme,
        parameter: reader(found.parameters),
        data: reader(found.data),
      };
    },
    line: (text) => told.push(text),
    command: (name, properties, data) => told.push(`${name} ${JSON.stringify(properties)} ${data}`),
    complete: (result, message) => told.push(`complete ${result} ${message}`),
  };
}
