/** Sign in: who runs this, as Azure sees it. */
import type { AzureSession } from '../azure/session.js';
import { explainError } from '../diagnosis/explain.js';
import type { Telling } from '../telling.js';

/** Signs in and tells as whom. @throws {StoryEnds} when it can't */
export async function signIn(azure: AzureSession, telling: Telling): Promise<void> {
  const since = telling.now();
  const title = 'this run is signed in to Azure';
  try {
    const caller = await azure.signIn();
    telling.facts.caller = caller;
    telling.pass(
      'signed-in',
      title,
      `as ${caller.name} (object id ${caller.objectId}), by ${azure.credential.description}`,
      since,
    );
  } catch (error) {
    telling.end('signed-in', title, explainError(error, telling.facts, 'cluster'), since);
  }
}
