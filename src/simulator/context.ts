/** What the simulated services share. */
import type { X509Certificate } from 'node:crypto';
import type { DenyAssignment } from './cloud/governance.js';
import type { CloudState, ManagedCluster, Principal } from './cloud/model.js';

/** Claims of an Entra access token that services look at. */
export interface TokenClaims {
  aud: string;
  iss: string;
  tid: string;
  /** Object id of the principal. */
  oid: string;
  appid: string;
  /** Seconds since the epoch. */
  exp: number;
  /** Object ids of the groups that hold it, directly or through groups. */
  groups: string[];
}

/** What is wrong with an access token that is refused. */
export type TokenProblem = 'malformed' | 'signature' | 'expired' | 'audience';

/** The directory's signing key: makes access tokens and knows its own again. */
export interface TokenIssuer {
  /** An access token for one audience such as `https://containerregistry.azure.net`. Lives `lifetimeSeconds` (default 3600). */
  issue(principal: Principal, audience: string, lifetimeSeconds?: number): string;
  /** The same token with other claims, as a directory at fault hands it out; undefined for one that isn't this directory's. */
  reissue(
    token: string,
    change: {
      audience?: string;
      /** From its issue on; negative for one that has expired already. */
      lifetimeSeconds?: number;
      /** How far the clock of whoever issues it is ahead. */
      skewMs?: number;
    },
  ): string | undefined;
  /** The claims of a token that is signed by this directory, not expired, and for one of the audiences; else why not. */
  verify(
    token: string,
    audiences: readonly string[],
  ): { claims: TokenClaims } | { problem: string; kind: TokenProblem };
}

/** A question to Azure RBAC. */
export interface AccessQuestion {
  principalId: string;
  /** `Microsoft.ContainerRegistry/registries/pull/read` and the like. */
  action: string;
  kind: 'action' | 'dataAction';
  /** ARM id of the resource asked about, with its leading slash. */
  scope: string;
  /** For repository data actions: attributes that conditions may look at. */
  repository?: string;
  /** Further attributes that conditions may look at, by their full name such as `Microsoft.Authorization/roleAssignments:PrincipalType`. */
  attributes?: Readonly<Record<string, string>>;
}

export interface AccessDecision {
  allowed: boolean;
  /** For the request log: which assignment decides it, or that none does. */
  why: string;
  /** Denied although an assignment names the action, because its condition is not met. */
  unmetCondition?: true;
  /** Denied by this, although an assignment gives the action. */
  denyAssignment?: DenyAssignment;
}

/** A certificate with its key, PEM. */
export interface Certificate {
  certificate: string;
  key: string;
}

/** Issues certificates, valid for a day; made at start, in memory. */
export interface CertificateAuthority {
  /** PEM of the authority itself. */
  readonly certificate: string;
  /** `expired`: since an hour ago. */
  server(hosts: string[], options?: { expired?: boolean }): Promise<Certificate>;
  /** A client certificate as Kubernetes reads it: CN is the user, O are its groups. */
  client(commonName: string, organizations: string[]): Promise<Certificate>;
  /** Whether this authority signed it. */
  signed(certificate: X509Certificate): boolean;
}

export interface SimulatorContext {
  state: CloudState;
  tokens: TokenIssuer;
  /** Milliseconds since the epoch. */
  now: () => number;
  decide(question: AccessQuestion): AccessDecision;
  /** The authority of public names: Entra, ARM, registries. */
  publicAuthority: CertificateAuthority;
  /** The authority of one cluster's API server; made once a cluster. */
  clusterAuthority(cluster: ManagedCluster): Promise<CertificateAuthority>;
  /**
   * HTTP as a node of a cluster speaks it: over TLS, to a name of the simulated cloud, through the same front door
   * as everyone else. Never follows a redirect. Throws when there is no answer.
   *
   * @param from the cluster, whose network may have private ways; without it, from anywhere
   */
  dial(
    url: string,
    request?: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal },
    from?: ManagedCluster,
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }>;
}
