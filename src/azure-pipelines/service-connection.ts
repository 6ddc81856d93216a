/** An Azure Resource Manager service connection: what the agent gives about it → a login. */
import { cloudNamed } from '../core/azure/clouds.js';
import type { Cloud } from '../core/azure/clouds.js';
import type { Credential } from '../core/ports.js';
import type { InputProblem } from '../core/request.js';
import type { SignInGround } from '../host/run.js';
import {
  assertionCredential,
  clientCertificateCredential,
  clientSecretCredential,
} from '../host/sign-in/application.js';
import { managedIdentityCredential } from '../host/sign-in/managed-identity.js';
import type { Agent, Endpoint } from './agent.js';
import { fetchAssertion } from './oidc.js';

/** What all kinds have. */
interface Place {
  id: string;
  cloud: Cloud;
  /** Entra's address, as the connection has it. */
  authority: string;
  /** Absent: it is for a management group or a machine learning workspace. */
  subscriptionId?: string;
}

interface Application extends Place {
  tenantId: string;
  clientId: string;
}

/** A usable service connection; texts in it may be secrets. */
export type ServiceConnection =
  | (Application & { kind: 'federation' })
  | (Application & { kind: 'secret'; secret: string })
  | (Application & { kind: 'certificate'; pem: string })
  | (Place & { kind: 'managed-identity'; clientId?: string });

const WANTED =
  'an Azure Resource Manager service connection with workload identity federation, a secret, a certificate or a managed identity';

/** Why a connection can't be used: the rest of a sentence that begins with what is wanted. */
class Unusable extends Error {
  override readonly name = 'Unusable';
}

/**
 * Reads the connection that input azureSubscription names; the names of its parameters are those that
 * azure-pipelines-tasks-azure-arm-rest reads (azure-arm-endpoint.ts). Nothing is called.
 *
 * @param id the input's value: the agent gives the connection's id
 * @returns the connection; or, when it can't be used, why
 */
export function readServiceConnection(
  agent: Pick<Agent, 'endpoint'>,
  id: string | undefined,
): { connection: ServiceConnection } | { problem: InputProblem } {
  if (id === undefined) return { problem: { input: 'azure-subscription', wanted: WANTED } };
  try {
    return { connection: read(id, agent.endpoint(id)) };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return {
      problem: { input: 'azure-subscription', value: id, wanted: `${WANTED}; ${error.message}` },
    };
  }
}

function read(id: string, endpoint: Endpoint): ServiceConnection {
  if (endpoint.url === undefined) throw new Unusable('this job was given no connection with that id');
  const place = { id, ...cloudOf(endpoint), ...subscriptionOf(endpoint) };
  // Old connections say no scheme, and are service principals (azure-arm-endpoint.ts).
  const scheme = endpoint.scheme ?? 'ServicePrincipal';
  const kind = KINDS.get(scheme.toLowerCase());
  if (kind === undefined) throw new Unusable(`this one's authentication is ${scheme}`);
  return kind(place, endpoint);
}

type Reader = (place: Place, endpoint: Endpoint) => ServiceConnection;

const KINDS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    'workloadidentityfederation',
    (place, endpoint) => ({ kind: 'federation', ...application(place, endpoint) }),
  ],
  [
    'serviceprincipal',
    (place, endpoint) =>
      endpoint.parameter('authenticationType')?.toLowerCase() === 'spncertificate'
        ? {
            kind: 'certificate',
            ...application(place, endpoint),
            pem: needed(endpoint, 'servicePrincipalCertificate'),
          }
        : {
            kind: 'secret',
            ...application(place, endpoint),
            secret: needed(endpoint, 'serviceprincipalkey'),
          },
  ],
  [
    'managedserviceidentity',
    (place, endpoint) => {
      const clientId = endpoint.data('msiclientId');
      return { kind: 'managed-identity', ...place, ...(clientId === undefined ? {} : { clientId }) };
    },
  ],
]);

function application(place: Place, endpoint: Endpoint): Application {
  return {
    ...place,
    tenantId: needed(endpoint, 'tenantid'),
    clientId: needed(endpoint, 'serviceprincipalid'),
  };
}

function needed(endpoint: Endpoint, name: string): string {
  const value = endpoint.parameter(name);
  if (value === undefined) throw new Unusable(`this one holds no ${name}: edit and save it again`);
  return value;
}

/** Tokens and secrets go to a known cloud's hosts alone, so a connection to any other is refused before it is used. */
function cloudOf(endpoint: Endpoint): Pick<Place, 'cloud' | 'authority'> {
  const name = endpoint.data('environment') ?? 'AzureCloud';
  const cloud = cloudNamed(name);
  if (cloud === undefined)
    throw new Unusable(`this one is to ${name}, and only Azure's public and national clouds are known`);
  refuseOther('resource manager', endpoint.url, [cloud.resourceManager], name);
  const authority = endpoint.data('activeDirectoryAuthority');
  refuseOther('authority', authority, [cloud.authority, ...cloud.authorityAliases], name);
  return { cloud, authority: authority ?? cloud.authority };
}

function refuseOther(what: string, url: string | undefined, known: readonly string[], cloud: string): void {
  const host = (text: string): string | undefined => URL.parse(text)?.host;
  if (url !== undefined && !known.map(host).includes(host(url)))
    throw new Unusable(`this one's ${what} ${url} is not ${cloud}'s`);
}

function subscriptionOf(endpoint: Endpoint): Pick<Place, 'subscriptionId'> {
  const subscriptionId = endpoint.data('subscriptionid');
  return subscriptionId === undefined ? {} : { subscriptionId };
}

/** The login of a service connection. Nothing is asked for before its first token is. */
export function credentialOf(
  connection: ServiceConnection,
  agent: Pick<Agent, 'endpoint' | 'variable'>,
  environment: NodeJS.ProcessEnv,
  { sender, clock, log, http }: SignInGround,
): Credential {
  const how = { subscriptionId: connection.subscriptionId, clock, log };
  if (connection.kind === 'managed-identity') {
    const { clientId } = connection;
    return managedIdentityCredential({
      description: "the service connection's managed identity",
      clientId,
      podIdentityHost: environment.AZURE_POD_IDENTITY_AUTHORITY_HOST,
      http,
      ...how,
    });
  }
  const { clientId, tenantId, authority } = connection;
  const application = { clientId, tenantId, authority, sender, ...how };
  switch (connection.kind) {
    case 'federation':
      return assertionCredential({
        ...application,
        description: "the service connection's workload identity federation",
        assertion: () =>
          fetchAssertion({
            requestUri: agent.variable('System.OidcRequestUri'),
            // The agent gives every task its own endpoint, so that no step has to map System.AccessToken.
            accessToken: agent.endpoint('SYSTEMVSSCONNECTION').parameter('AccessToken'),
            serviceConnectionId: connection.id,
            sender,
            log,
          }),
      });
    case 'secret':
      return clientSecretCredential({
        ...application,
        description: "the service connection's secret",
        secret: connection.secret,
      });
    case 'certificate':
      return clientCertificateCredential({
        ...application,
        description: "the service connection's certificate",
        pem: connection.pem,
      });
  }
}
