/** A scenario by its built-in name or its path. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scenarioNames } from './places.js';

/** There is no such scenario. The message says which there are. */
export class NoScenario extends Error {
  override readonly name = 'NoScenario';
}

/**
 * The text of a scenario.
 *
 * @param scenario a built-in name, or the path of a YAML file
 * @param folder where the built-in ones are
 * @throws {NoScenario}
 */
export async function readScenario(scenario: string, folder: string): Promise<string> {
  const builtIn = scenarioNames(folder);
  const path = builtIn.includes(scenario) ? join(folder, `${scenario}.yaml`) : scenario;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NoScenario(
      `no scenario is called ${JSON.stringify(scenario)} and no file of that path can be read; built in are: ${builtIn.join(', ')}`,
      { cause: error },
    );
  }
}
