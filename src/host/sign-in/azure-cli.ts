/** Sign-in by what the Azure CLI holds. */
import type { Cloud } from '../../core/azure/clouds.js';
import { cloudNamed } from '../../core/azure/clouds.js';
import { asNumber, asText, at, parseJson } from '../../core/json.js';
import { SignInError } from '../../core/ports.js';
import type { Clock, Credential, Exec, Log } from '../../core/ports.js';
import { CommandNotFound } from '../exec.js';
import { quotedRefusal, refused } from '../sign-in-refusals.js';
import { cachedTokens, unlessAborted } from '../token-cache.js';

/** az starts a Python interpreter; on a busy Windows runner that has been seen to take most of a minute. */
const AZ_TIMEOUT_MS = 120_000;

export interface AzureCliOptions {
  exec: Exec;
  clock: Pick<Clock, 'now'>;
  log: Pick<Log, 'secret'>;
  /** The cloud that this run is for. */
  cloud: Cloud;
  /** What to do on this host when nobody is signed in: a sentence. */
  howToSignIn: string;
}

/**
 * The Azure CLI's login, as `az login` or azure/login left it. The cloud that az is set to must be the run's.
 *
 * It asks az itself rather than through @azure/identity's AzureCliCredential: that starts a shell with all of the
 * environment, can't be cancelled, and replaces Entra's own words by "Please run 'az login'" whenever az adds that line.
 * The answer's form: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token (expires_on, in seconds,
 * since az 2.54; before that expiresOn, local time).
 */
export function azureCliCredential({ exec, clock, log, cloud, howToSignIn }: AzureCliOptions): Credential {
  const by = "the Azure CLI's login";

  async function az(args: string[], what: string, scope: string): Promise<unknown> {
    let answer;
    try {
      answer = await exec.run('az', [...args, '--output', 'json'], { timeoutMs: AZ_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof CommandNotFound) {
        throw new SignInError(
          `attempted ${what}: az was not found on this machine`,
          howToSignIn,
          'azure-cli-missing',
          { cause: error },
        );
      }
      throw new SignInError(
        `attempted ${what}: ${error instanceof Error ? error.message : String(error)}`,
        'Run az account show on this machine, and mend what it tells.',
        'not-signed-in',
        { cause: error },
      );
    }
    const { exitCode, stdout, stderr } = answer;
    if (exitCode === 0) return parseJson(stdout);
    const refusal = quotedRefusal(stderr);
    if (refusal !== undefined) throw refused({ by, scope }, refusal);
    const said = stderr.replace(/\s+/g, ' ').trim().slice(0, 600);
    throw new SignInError(
      `attempted ${what}: az ended with ${exitCode}: ${said === '' ? '(it said nothing)' : said}`,
      howToSignIn,
      'not-signed-in',
    );
  }

  let account: Promise<unknown> | undefined;
  const readAccount = (): Promise<unknown> =>
    (account ??= az(['account', 'show'], 'az account show', 'the subscription'));

  async function checkCloud(): Promise<void> {
    const name = asText(at(await readAccount(), 'environmentName'));
    if (name !== undefined && name !== cloud.name) throw otherCloud(name, cloud);
  }

  const token = cachedTokens(clock, async (scope) => {
    const resource = scope.replace(/\/\.default$/, '');
    // For the resource manager az is asked for what it signed in with, under a name of its own: it holds a token for that,
    // and needs no new one. A login by federation can't get new ones once the token that it began with has expired.
    const forResource = scope === cloud.resourceManagerScope ? [] : ['--resource', resource];
    const what = `az account get-access-token for ${resource}`;
    const [got, inCloud] = await Promise.allSettled([
      az(['account', 'get-access-token', ...forResource], what, scope),
      checkCloud(),
    ]);
    // In the wrong cloud whatever else went wrong comes from that.
    if (inCloud.status === 'rejected' && isAboutCloud(inCloud.reason)) throw inCloud.reason;
    if (got.status === 'rejected') throw got.reason;
    if (inCloud.status === 'rejected') throw inCloud.reason;
    const answer = got.value;
    const value = asText(at(answer, 'accessToken'));
    if (value !== undefined) log.secret(value);
    const expiresOn = expiryOf(answer);
    if (value === undefined || expiresOn === undefined) {
      throw new SignInError(
        `attempted ${what}: az answered with no token`,
        'Update the Azure CLI: az upgrade',
        'not-signed-in',
      );
    }
    return { token: value, expiresOn };
  });

  async function readSubscription(): Promise<string | undefined> {
    const shown = await readAccount();
    // A login without subscriptions is listed under its tenant's id (azure-cli-core, _profile.py).
    if (asText(at(shown, 'name'))?.startsWith('N/A(tenant level account)') === true) return undefined;
    return asText(at(shown, 'id'))?.toLowerCase();
  }

  return {
    description: by,
    token,
    subscriptionId: (signal) => unlessAborted(readSubscription(), signal),
  };
}

function isAboutCloud(error: unknown): boolean {
  return error instanceof SignInError && ['cloud-mismatch', 'cloud-not-supported'].includes(error.causeId);
}

/** @param name as `az cloud show` names it */
function otherCloud(name: string, wanted: Cloud): SignInError {
  const message = `the Azure CLI is set to the cloud ${name}, and this run is for ${wanted.name}`;
  if (cloudNamed(name) === undefined) {
    return new SignInError(
      `${message}: custom clouds, such as an Azure Stack's, can't be used`,
      `Set the Azure CLI to a cloud of Azure's own and sign in there: az cloud set -n ${wanted.name}`,
      'cloud-not-supported',
    );
  }
  return new SignInError(
    message,
    `Give this step environment: ${name}, or sign in to the other cloud: az cloud set -n ${wanted.name}, then az login.`,
    'cloud-mismatch',
  );
}

function expiryOf(answer: unknown): number | undefined {
  const seconds =
    asNumber(at(answer, 'expires_on')) ?? Number(asText(at(answer, 'expires_on')) ?? Number.NaN);
  const ms = Number.isNaN(seconds) ? Date.parse(asText(at(answer, 'expiresOn')) ?? '') : seconds * 1000;
  return Number.isNaN(ms) ? undefined : ms;
}
