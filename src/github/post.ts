/** The action's post step: removes what the main step remembered and could not remove, because it died or was cancelled. */
import { info, warning } from '@actions/core';
import { cloudNamed } from '../core/azure/clouds.js';
import type { RawInputs } from '../core/inputs.js';
import { removeRemembered } from '../host/run.js';
import { forAnnotation, forLog } from '../render/escape.js';
import { redactedLog } from '../render/redact.js';
import { gitHubHost, redactionFor } from './host.js';
import { createLog } from './log.js';
import { readLeftovers } from './state.js';

/** Long enough to sign in anew; the cluster removes by itself what is left after that. */
const LIMIT_MS = 60_000;

/** Removes only what the state names. Warns where it can't, and never fails the job. */
export async function post(
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  signal: AbortSignal,
): Promise<void> {
  const leftovers = readLeftovers();
  if (leftovers.length === 0) return;
  const redact = redactionFor(environment, raw);
  try {
    const names = leftovers.flatMap(({ jobs }) => jobs).join(', ');
    info(`looking for what the step left behind: ${forLog(names)}`);
    const notRemoved = await removeRemembered(
      leftovers,
      // The main step took the same input, or it would have left nothing.
      cloudNamed(raw.environment ?? '')?.name ?? 'AzureCloud',
      gitHubHost(environment, raw, redactedLog(createLog(), redact), signal),
      LIMIT_MS,
    );
    if (notRemoved.length > 0) {
      warning(
        forAnnotation(
          ['The cluster removes these by itself later; or remove them now:', ...redact(notRemoved)].join(
            '\n',
          ),
        ),
      );
    }
  } catch (thrown) {
    warning(forAnnotation(redact(`clean-up: ${thrown instanceof Error ? thrown.message : String(thrown)}`)));
  }
}
