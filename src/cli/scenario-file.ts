/** A scenario by its built-in name or its path. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problemText } from '../simulator/index.js';
import type { ScenarioError } from '../simulator/index.js';
import { scenarioNames } from './places.js';

/** There is no such scenario. The message says which there are. */
export class NoScenario extends Error {
  override readonly name = 'NoScenario';
}

export interface ScenarioFile {
  text: string;
  /** As the user named it. */
  shown: string;
}

/**
 * The text of a scenario.
 *
 * @param scenario a built-in name, or the path of a YAML file
 * @param folder where the built-in ones are
 * @throws {NoScenario}
 */
export async function openScenario(scenario: string, folder: string): Promise<ScenarioFile> {
  const builtIn = scenarioNames(folder);
  const path = builtIn.includes(scenario) ? join(folder, `${scenario}.yaml`) : scenario;
  try {
    return { text: await readFile(path, 'utf8'), shown: scenario };
  } catch (error) {
    throw new NoScenario(
      `no scenario is called ${JSON.stringify(scenario)} and no file of that path can be read; built in are: ${builtIn.join(', ')}`,
      { cause: error },
    );
  }
}

/** The text of a scenario, as {@link openScenario} finds it. */
export async function readScenario(scenario: string, folder: string): Promise<string> {
  return (await openScenario(scenario, folder)).text;
}

/** Everything wrong with a scenario, one line each, begun as compilers do: `FILE:LINE:COLUMN: path: what`. */
export function problemLines({ shown }: ScenarioFile, { problems }: ScenarioError): string[] {
  const count = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
  return [
    `✗ ${shown} can't be simulated: ${count} wrong with it`,
    ...[...problems]
      .sort((one, other) => (one.at?.line ?? 0) - (other.at?.line ?? 0))
      .map((problem) => {
        const place = problem.at === undefined ? shown : `${shown}:${problem.at.line}:${problem.at.column}`;
        return `${place}: ${problemText(problem)}`;
      }),
  ];
}
