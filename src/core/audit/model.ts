/** What an audit says, for the report and whoever shows it. Nothing here ever holds a password or a token. */
import type { Fix } from '../report.js';

/**
 * What a registry takes as user name and password, told apart by the user name
 * (https://learn.microsoft.com/azure/container-registry/container-registry-authentication).
 */
export type CredentialKind =
  'expose-token' | 'service-principal' | 'repository-token' | 'admin-user' | 'unknown';

/** An object of the cluster. */
export interface ObjectName {
  kind: string;
  namespace: string;
  name: string;
}

/** Who uses a credential, and by what. */
export interface Use extends ObjectName {
  /** Such as `imagePullSecrets` or `service account default`. */
  via: string;
  /** The Helm release that it belongs to. */
  release?: string;
}

/** One credential for the registry, found in the cluster. */
export interface AuditedCredential {
  kind: CredentialKind;
  /** The Secret, or the Helm release whose values, or whose manifest, hold it. */
  in: ObjectName & { type?: string; path?: string };
  /** The host that it is kept for, as it stands there: it may be a pattern. */
  host: string;
  /** The user name, where it is one that is no secret itself. */
  user?: string;
  works: boolean | 'unknown';
  /** How that is known. */
  because: string;
  /** ISO 8601. */
  expiresOn?: string;
  /** Until then, rounded down; 0 or less: it has expired. */
  minutesLeft?: number;
  usedBy: Use[];
  /** What made the Secret in the cluster, and would make it again: a Helm release, an operator's object. */
  madeBy?: string;
}

export type StepId =
  'grant' | 'prove' | 'remove-references' | 'remove-secrets' | 'remove-code' | 'prove-again';

/** One step of the way off. Printed, never applied. */
export interface AuditStep {
  id: StepId;
  title: string;
  do: Fix;
  undo: Fix;
}

export interface Audit {
  credentials: AuditedCredential[];
  /** The way off, in safe order; empty when there is nothing to get off. */
  steps: AuditStep[];
  /** Lists asked of the API server. */
  requests: number;
}
