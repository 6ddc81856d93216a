/** The login that a machine or a job already has: by variables, by the Azure CLI, or by its managed identity. */
import { readFile } from 'node:fs/promises';
import type { Cloud } from '../../core/azure/clouds.js';
import type { Sender } from '../../core/http/sender.js';
import { asText, at } from '../../core/json.js';
import { SignInError } from '../../core/ports.js';
import type { Clock, Credential, Exec, Http, Log } from '../../core/ports.js';
import { assertionCredential, clientCertificateCredential, clientSecretCredential } from './application.js';
import type { ApplicationOptions } from './application.js';
import { azureCliCredential } from './azure-cli.js';
import { managedIdentityCredential } from './managed-identity.js';

export interface AmbientOptions {
  environment: NodeJS.ProcessEnv;
  exec: Exec;
  /** Uses no proxy: for the managed identity. */
  http: Http;
  sender: Sender;
  clock: Clock;
  log: Log;
  cloud: Cloud;
  /** What to do on this host when there is no login at all: a sentence. */
  howToSignIn: string;
}

/** One way to prove who an application is, by the variable that holds the proof or names its file. */
interface Proof {
  variable: string;
  description: string;
  make(value: string, application: ApplicationOptions, options: AmbientOptions): Credential;
}

/**
 * Variables as Azure's SDKs have them: https://learn.microsoft.com/javascript/api/overview/azure/identity-readme#environment-variables,
 * in the order in which their EnvironmentCredential and then WorkloadIdentityCredential look.
 */
const PROOFS: readonly Proof[] = [
  {
    variable: 'AZURE_CLIENT_SECRET',
    description: 'the client secret in AZURE_CLIENT_SECRET',
    make: (secret, application) => clientSecretCredential({ ...application, secret }),
  },
  {
    variable: 'AZURE_CLIENT_CERTIFICATE_PATH',
    description: 'the certificate in AZURE_CLIENT_CERTIFICATE_PATH',
    make: (path, application, { environment }) =>
      clientCertificateCredential({
        ...application,
        pem: () => contentsOf('AZURE_CLIENT_CERTIFICATE_PATH', path),
        password: given(environment, 'AZURE_CLIENT_CERTIFICATE_PASSWORD'),
      }),
  },
  {
    variable: 'AZURE_FEDERATED_TOKEN_FILE',
    description: 'the token in AZURE_FEDERATED_TOKEN_FILE',
    // Read anew for every token: Kubernetes puts a fresh one there before the old one expires.
    make: (path, application) =>
      assertionCredential({
        ...application,
        assertion: async () => (await contentsOf('AZURE_FEDERATED_TOKEN_FILE', path)).trim(),
      }),
  },
];

/**
 * The login at hand:
 *
 * 1. by variables, where one of {@link PROOFS} is set; an incomplete set is an error, not a reason to look elsewhere;
 * 2. the Azure CLI's login;
 * 3. the machine's managed identity, and only when AZURE_CLIENT_ID names it and no other variable of a login is set.
 *
 * AZURE_CLIENT_ID and AZURE_TENANT_ID without a proof mean no login of their own: jobs that sign in by azure/login have
 * them too. The error for a missing login names what they lack.
 *
 * Variables that can't be used show as the {@link SignInError} of whatever is asked for first.
 */
export function ambientCredential(options: AmbientOptions): Credential {
  try {
    return chosen(options);
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    return {
      description: 'the variables of this environment',
      token: () => Promise.reject(error),
      subscriptionId: () => Promise.reject(error),
    };
  }
}

function chosen(options: AmbientOptions): Credential {
  const { environment, exec, clock, log, cloud } = options;
  const [clientId, tenantId] = [given(environment, 'AZURE_CLIENT_ID'), given(environment, 'AZURE_TENANT_ID')];
  const proof = PROOFS.find(({ variable }) => given(environment, variable) !== undefined);
  if (proof !== undefined) return byVariables(proof, options);

  const lacking =
    clientId === undefined || tenantId === undefined
      ? ''
      : `. AZURE_CLIENT_ID and AZURE_TENANT_ID alone are no login: one of ${PROOFS.map(({ variable }) => variable).join(', ')} is missing.`;
  const cli = azureCliCredential({
    exec,
    clock,
    log,
    cloud,
    howToSignIn: `${options.howToSignIn.replace(/\.$/, '')}${lacking === '' ? '.' : lacking}`,
  });
  if (clientId === undefined || tenantId !== undefined) return cli;
  const machine = managedIdentityCredential({
    description: 'the managed identity of this machine',
    clientId,
    podIdentityHost: given(environment, 'AZURE_POD_IDENTITY_AUTHORITY_HOST'),
    subscriptionId: given(environment, 'AZURE_SUBSCRIPTION_ID'),
    http: options.http,
    clock,
    log,
  });
  return firstThatIsThere(cli, machine);
}

function byVariables(proof: Proof, options: AmbientOptions): Credential {
  const { environment, sender, clock, log, cloud } = options;
  const [clientId, tenantId] = [given(environment, 'AZURE_CLIENT_ID'), given(environment, 'AZURE_TENANT_ID')];
  if (clientId === undefined || tenantId === undefined) {
    const missing = [
      ...(clientId === undefined ? ['AZURE_CLIENT_ID'] : []),
      ...(tenantId === undefined ? ['AZURE_TENANT_ID'] : []),
    ].join(' and ');
    throw new SignInError(
      `${proof.variable} is set, but ${missing} is not: together they are a login`,
      `Set ${missing} too, or unset ${proof.variable} to use another login.`,
      'sign-in-variables-incomplete',
    );
  }
  refuseOtherAuthority(given(environment, 'AZURE_AUTHORITY_HOST'), cloud);
  return proof.make(
    given(environment, proof.variable) ?? '',
    {
      description: proof.description,
      clientId,
      tenantId,
      authority: cloud.authority,
      subscriptionId: given(environment, 'AZURE_SUBSCRIPTION_ID'),
      sender,
      clock,
      log,
    },
    options,
  );
}

/** Whoever sets AZURE_AUTHORITY_HOST means a cloud; it must be the one that this run is for. */
function refuseOtherAuthority(authority: string | undefined, cloud: Cloud): void {
  if (authority === undefined) return;
  const own = [cloud.authority, ...cloud.authorityAliases].map((url) => new URL(url).host);
  const host = URL.parse(authority)?.host;
  if (host !== undefined && own.includes(host)) return;
  throw new SignInError(
    `AZURE_AUTHORITY_HOST is ${JSON.stringify(authority.slice(0, 200))}, which is not of ${cloud.name}`,
    "Give this step the environment that the authority belongs to; custom authorities can't be used.",
    'cloud-mismatch',
  );
}

/** The second one only where the first says that it isn't there. What was chosen once stays chosen. */
function firstThatIsThere(first: Credential, second: Credential): Credential {
  let chosen: Credential | undefined;
  const choose = async <T>(ask: (credential: Credential) => Promise<T>): Promise<T> => {
    if (chosen !== undefined) return ask(chosen);
    try {
      const answer = await ask(first);
      chosen = first;
      return answer;
    } catch (error) {
      const absent =
        error instanceof SignInError && ['azure-cli-missing', 'not-signed-in'].includes(error.causeId);
      if (!absent) throw error;
      chosen ??= second;
      return ask(chosen);
    }
  };
  return {
    get description() {
      return (chosen ?? second).description;
    },
    token: (scope, signal) => choose((credential) => credential.token(scope, signal)),
    subscriptionId: (signal) => choose((credential) => credential.subscriptionId(signal)),
  };
}

/** The text of a file that a variable names. */
async function contentsOf(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = asText(at(error, 'code')) ?? 'it failed';
    throw new SignInError(
      `attempted to read the file that ${variable} names (${path}): ${code}`,
      `Look whether the file is there and this user may read it, or unset ${variable} to use another login.`,
      'sign-in-variables-incomplete',
      { cause: error },
    );
  }
}

function given(environment: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = environment[variable]?.trim();
  return value === undefined || value === '' ? undefined : value;
}
