/** One run's dealings with Azure: who is signed in, what is trusted, and through what everything is sent. */
import { Sender } from '../http/sender.js';
import { Trust } from '../http/trust.js';
import { asText, at, optional, parseJson } from '../json.js';
import type { Credential, Ports } from '../ports.js';
import { Arm } from './arm.js';
import type { Cloud } from './clouds.js';
import { DataPlane } from './data-plane.js';
import { Graph } from './graph.js';
import type { Registry } from './registry.js';
import { RoleAssignments } from './role-assignments.js';

/** The signed-in principal, as its token names it. */
export interface Caller {
  objectId: string;
  type: 'ServicePrincipal' | 'User';
  /** For people. */
  name: string;
  /** A person's user name, as API servers with Entra integration know them. */
  userName?: string;
}

export class AzureSession {
  readonly trust: Trust;
  readonly sender: Sender;
  readonly arm: Arm;
  readonly graph: Graph;
  readonly credential: Credential;

  constructor(
    private readonly ports: Ports,
    readonly cloud: Cloud,
  ) {
    this.trust = new Trust(cloud);
    this.credential = ports.credential;
    this.sender = new Sender(ports.http, this.trust, ports.clock, ports.log, ports.signal);
    this.arm = new Arm(this.sender, ports.credential, this.cloud);
    this.graph = new Graph(this.sender, ports.credential, this.cloud);
  }

  /** Gets the first ARM token and says whose it is. @throws {SignInError} */
  async signIn(): Promise<Caller> {
    const { token } = await this.credential.token(this.cloud.resourceManagerScope, this.ports.signal);
    return callerOf(token);
  }

  roleAssignments(subscriptionId: string): RoleAssignments {
    return new RoleAssignments(this.sender, this.credential, this.cloud, subscriptionId);
  }

  dataPlane(registry: Registry): DataPlane {
    return new DataPlane(this.sender, this.credential, this.cloud, registry, (value) =>
      this.ports.log.secret(value),
    );
  }
}

/**
 * Who a token speaks for. Its signature is the server's business: this only names the caller to people.
 * Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function callerOf(token: string): Caller {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const objectId = asText(at(claims, 'oid')) ?? 'unknown';
  const user = asText(at(claims, 'upn')) ?? asText(at(claims, 'unique_name'));
  const isUser =
    asText(at(claims, 'idtyp')) === 'user' ||
    (asText(at(claims, 'idtyp')) === undefined && user !== undefined);
  const application = asText(at(claims, 'appid'));
  return {
    objectId,
    type: isUser ? 'User' : 'ServicePrincipal',
    ...(isUser ? optional('userName', user) : {}),
    name: isUser ? (user ?? objectId) : `application ${application ?? objectId}`,
  };
}
