/** What a run says: its words, its one verdict rule, and the report that holds them. */

export const SCHEMA_VERSION = 1;

export type Mode = 'connect' | 'check' | 'plan' | 'disconnect';
export type Verify = 'pull' | 'access' | 'none';
export type Result = 'passed' | 'failed' | 'unknown';
export type Status = 'pass' | 'warn' | 'fail' | 'unknown' | 'skip';

/** What to do about a failed check: a sentence, and commands that can be pasted as they are. */
export interface Fix {
  summary: string;
  commands: string[];
  /** The same commands with literal ids, for report.json: CI systems mask ids elsewhere. */
  literalCommands?: string[];
}

/** One assertion with a status. */
export interface Check {
  id: string;
  /** An assertion: "the kubelet identity may pull from contoso.azurecr.io". */
  title: string;
  status: Status;
  /** What was seen, quoted where it is another's word. */
  evidence: string;
  /** Id of the cause, when it did not pass. */
  cause?: string;
  fix?: Fix;
  /** Link to the page of the cause. */
  docs?: string;
  durationMs: number;
}

/** Something worth changing that blocks nothing. */
export interface Finding {
  id: string;
  title: string;
  evidence: string;
  fix?: Fix;
}

export type PullStatus = 'pass' | 'fail' | 'unknown' | 'skip';

/** One image on one node: the outcome. */
export interface Pull {
  nodePool: string;
  node?: string;
  os: string;
  architecture: string;
  image: string;
  digest?: string;
  digestSource?: 'registry' | 'node';
  /** `content` only when layers came over the wire; `manifest` when the node already had them. */
  proved: 'content' | 'manifest' | 'none';
  status: PullStatus;
  /** The node's own last words about it. */
  message?: string;
  cause?: string;
  fix?: Fix;
  docs?: string;
  attempts: number;
  durationMs: number;
}

/** A role assignment that lets the kubelet identity pull. */
export interface Grant {
  roleName: string;
  roleDefinitionId: string;
  scope: string;
  inherited: boolean;
  /** `direct`, or `group` when the assignment is to a group that holds the identity. */
  via: 'direct' | 'group';
  condition?: string;
  assignmentId: string;
  /** Made by this tool. */
  ours: boolean;
  /** ISO 8601, when ARM says so. */
  updatedOn?: string;
}

/** A role assignment with something of a right to pull that does not count here. */
export interface SetAside {
  assignmentId: string;
  /** The role's GUID where its name could not be read. */
  roleName: string;
  scope: string;
  /**
   * `other-mode`: the registry's mode ignores it. `other-repositories`: its condition keeps out what is asked. `excluded`:
   * its role takes away what it gives. `part`: it gives a part of what is needed. `role-unreadable`: nobody knows.
   */
  why: 'other-mode' | 'other-repositories' | 'excluded' | 'part' | 'role-unreadable';
}

/** A role assignment that connect would write. */
export interface PlannedGrant {
  /** GUID: deterministic, as connect would name it. */
  name: string;
  /** Registry's resource id. */
  scope: string;
  registryName: string;
  roleName: string;
  /** GUID of the role definition. */
  roleGuid: string;
  principalId: string;
  description: string;
  condition?: string;
  conditionVersion?: '2.0';
}

export type Allowed = true | false | 'unknown';

export interface Access {
  allowed: Allowed;
  grants: Grant[];
  /** Ids of the assignments that alone are enough: the closest and narrowest of the grants. */
  decidedBy?: string[];
  setAside?: SetAside[];
  /** The deny assignment that keeps the identity from pulling whatever it is granted. */
  denied?: { name: string; id: string; scope: string };
  /** Id of the role assignment this run made. */
  created?: string;
  /** Ids of the role assignments this run removed (or, with dry-run, would remove). */
  removed?: string[];
}

/** One cluster with one registry. */
export interface Connection {
  cluster: {
    id: string;
    name: string;
    location?: string;
    kubernetesVersion?: string;
    provisioningState?: string;
    powerState?: string;
  };
  registry: {
    id: string;
    name: string;
    loginServer?: string;
    roleAssignmentMode?: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';
    anonymousPullEnabled?: boolean;
    publicNetworkAccess?: string;
  };
  identity: {
    kind: 'managed-identity' | 'service-principal' | 'unknown';
    objectId?: string;
    clientId?: string;
    resourceId?: string;
  };
  access: Access;
  checks: Check[];
  pulls: Pull[];
  findings: Finding[];
  result: Result;
  /** Whether connect wrote the grant, and whether it would have had to. */
  changed: boolean;
  wouldChange: boolean | 'unknown';
  /** The pull role for the registry's mode. */
  role?: string;
  image?: string;
  /** mode plan: what connect would write; empty when nothing is missing. */
  plan?: PlannedGrant[];
}

export interface Report {
  schemaVersion: typeof SCHEMA_VERSION;
  tool: { name: 'aks-acr-pull'; version: string };
  mode: Mode;
  result: Result;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  /** Id of the first failed check's cause. */
  cause?: string;
  connections: Connection[];
}

/** What the requested pulls came to, taken together. */
export type PullsOutcome = 'proved' | 'refused' | 'not-tried-or-unknown';

/** A grant younger than this may simply not work yet. Azure documents up to 10 minutes, group membership longer. */
export const YOUNG_GRANT_MS = 30 * 60_000;

/**
 * The one verdict rule (docs/contract.md, "Verdict"): what access and the requested pulls together mean.
 * Unknown is never a pass.
 *
 * @param verify `pull` requires every requested pull, `access` requires access, `none` nothing
 * @param youngGrant the grant that gives access is younger than {@link YOUNG_GRANT_MS}
 */
export function verdict(
  access: Allowed,
  pulls: PullsOutcome,
  verify: Verify,
  youngGrant: boolean,
): {
  result: Result;
  cause?: 'grant-not-effective-yet' | 'pulled-without-the-identity';
  finding?: 'access-unknown';
} {
  if (verify === 'none') return { result: 'passed' };
  switch (pulls) {
    case 'proved':
      if (access === true) return { result: 'passed' };
      if (access === false) return { result: 'failed', cause: 'pulled-without-the-identity' };
      return { result: 'passed', finding: 'access-unknown' };
    case 'refused':
      if (access === true && youngGrant) return { result: 'unknown', cause: 'grant-not-effective-yet' };
      return { result: 'failed' };
    case 'not-tried-or-unknown':
      if (access === false) return { result: 'failed' };
      if (access === true && verify === 'access') return { result: 'passed' };
      return { result: 'unknown' };
  }
}

/** Requested pulls taken together: one refusal refuses, one unknown leaves it open. Skipped ones don't count. */
export function pullsOutcome(pulls: readonly Pick<Pull, 'status'>[]): PullsOutcome {
  const counted = pulls.filter((pull) => pull.status !== 'skip');
  if (counted.some((pull) => pull.status === 'fail')) return 'refused';
  if (counted.length === 0 || counted.some((pull) => pull.status === 'unknown'))
    return 'not-tried-or-unknown';
  return 'proved';
}

/** The worst of several: a failure outweighs an unknown, an unknown a pass. Nothing at all is unknown. */
export function worst(results: readonly Result[]): Result {
  if (results.includes('failed')) return 'failed';
  if (results.length === 0 || results.includes('unknown')) return 'unknown';
  return 'passed';
}
