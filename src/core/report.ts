/** What a run says: its words, its one verdict rule, and the report that holds them. */
import type { Audit, CredentialKind } from './audit/model.js';

export const SCHEMA_VERSION = 1;

export type Mode = 'connect' | 'check' | 'plan' | 'disconnect' | 'audit';
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

/** A line of a file that a person can open. */
export interface Place {
  file: string;
  /** From 1; absent where it isn't known, as in what was rendered from templates. */
  line?: number;
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
  /** Where it is to be changed. */
  places?: Place[];
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

/** Where something that is about to be deployed names an image. */
export interface ImageUse extends Place {
  /** `Deployment shop/web`. */
  workload: string;
  /** `container web`, `init container migrate`, `volume models`. */
  container: string;
}

/** An image of the registry that is about to be deployed. */
export interface DeployedImage {
  /** As a node asks for it. */
  image: string;
  /** The worst of what follows; a pull that was refused is among it. */
  status: 'pass' | 'warn' | 'fail' | 'unknown';
  message?: string;
  cause?: string;
  /** Its tag or digest is in the registry. */
  exists: boolean | 'unknown';
  digest?: string;
  /** Whether the identity may pull from its repository. */
  access: Allowed;
  /** Pools that its workloads can land on, and whether it has a platform for them. */
  pools: { nodePool: string; platform: boolean | 'unknown' }[];
  /** What a real pull came to; `not pulled`: it was judged by access and manifest. */
  pulled: 'proved' | 'refused' | 'unknown' | 'not pulled';
  uses: ImageUse[];
}

/** Something that is about to be deployed and could not be read. */
export interface UnreadSource extends Place {
  why: string;
  fix: string;
}

/** What was named as about to be deployed, as it was read. */
export interface DeployedSources {
  /** Files that were read, charts and kustomizations that were rendered. */
  sources: number;
  /** Kubernetes objects in them. */
  objects: number;
  /** Files without any. */
  without: string[];
  unread: UnreadSource[];
  /** Images of other registries: listed, not judged. */
  otherImages: { image: string; uses: ImageUse[] }[];
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

/** A Secret that nodes pull with. Nothing of what it holds. */
export interface PulledWith {
  namespace: string;
  name: string;
  /** Absent while it could not be read. */
  kind?: CredentialKind;
  /** ISO 8601, where the credential says so itself. */
  expiresOn?: string;
  /** Until then, rounded down; 0 or less: it has expired. */
  minutesLeft?: number;
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
  /** mode check with something to be deployed: its images of this registry. */
  images?: DeployedImage[];
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
  /** mode audit: the credentials that were found, and the way off them. */
  audit?: Audit;
  /** mode check with pull-secret: the Secret that the nodes pulled with, instead of their identity. */
  pullSecret?: PulledWith;
}

export interface Report {
  schemaVersion: typeof SCHEMA_VERSION;
  tool: { name: 'aks-acr-pull'; version: string };
  mode: Mode;
  result: Result;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  /** Id of the cause to mend first, of all that did not pass. */
  cause?: string;
  /** What is about to be deployed, when something was named. */
  deployed?: DeployedSources;
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
