/** What GitHub's runner gives a step → what every run needs of its host. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { RawInputs } from '../core/inputs.js';
import { optional, parseJson } from '../core/json.js';
import type { Circumstances } from '../core/request.js';
import { ambientCredential, gitHubOidcCredential } from '../host/credentials.js';
import type { HostSide } from '../host/run.js';
import { redactionOf, redactor } from '../render/redact.js';
import type { Redact } from '../render/redact.js';
import { circumstancesOf, readByAnyone } from './circumstances.js';
import { actionsExec } from './exec.js';
import { saveLeftovers } from './state.js';

const HOW_TO_SIGN_IN =
  'Sign in before this step with azure/login, or give this step client-id, tenant-id and subscription-id, and the job id-token: write.';

/** @param environment as the runner made it; secrets are read from it once, here */
export function gitHubHost(
  environment: NodeJS.ProcessEnv,
  raw: RawInputs,
  log: HostSide['log'],
  signal: AbortSignal,
): HostSide {
  const clientId = raw['client-id'];
  const tenantId = raw['tenant-id'];
  return {
    environment,
    log,
    signal,
    temporaryFolder: environment.RUNNER_TEMP ?? tmpdir(),
    ...optional('workingFolder', environment.GITHUB_WORKSPACE),
    remember: saveLeftovers,
    signIn(ground) {
      if (clientId === undefined || tenantId === undefined) {
        return ambientCredential({
          ...ground,
          environment,
          exec: actionsExec(environment),
          howToSignIn: HOW_TO_SIGN_IN,
        });
      }
      return gitHubOidcCredential({
        ...ground,
        clientId,
        tenantId,
        audience: raw.audience,
        requestUrl: environment.ACTIONS_ID_TOKEN_REQUEST_URL,
        requestToken: environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN,
      });
    },
  };
}

/** Why this workflow runs, and whether its login has a subscription. */
export function readCircumstances(environment: NodeJS.ProcessEnv, raw: RawInputs): Circumstances {
  return {
    ...circumstancesOf(environment.GITHUB_EVENT_NAME, readEvent(environment.GITHUB_EVENT_PATH)),
    needsSubscription: raw['client-id'] !== undefined,
  };
}

/** How ids are told: the logs of a public repository are read by anyone. */
export function redactionFor(environment: NodeJS.ProcessEnv, raw: RawInputs): Redact {
  return redactor(redactionOf(raw.redact, readByAnyone(readEvent(environment.GITHUB_EVENT_PATH))));
}

function readEvent(path: string | undefined): unknown {
  if (path === undefined) return undefined;
  try {
    return parseJson(readFileSync(path, 'utf8'));
  } catch {
    // An event that can't be read counts as the less trusted one: see circumstancesOf.
    return undefined;
  }
}
