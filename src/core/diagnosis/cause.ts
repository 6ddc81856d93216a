/** What a cause of the catalogue is, and what is known when its fix is written. */
import type { Fix, PlannedGrant } from '../report.js';
import type { Named } from './commands.js';
import type { Obstacles } from './obstacles.js';

/** What is known when a fix is written. All of it may be missing. */
export interface FixFacts {
  /** `azureRbac`: who gives rights in it; absent: not known, or local accounts alone. */
  cluster?: Named & { resourceGroup: string; azureRbac?: boolean };
  registry?: Named & { loginServer: string };
  /** Object id of the kubelet identity. */
  kubeletObjectId?: string;
  kubeletIsServicePrincipal?: boolean;
  /** The object id was given by the user, not told by Azure. */
  principalGiven?: boolean;
  /** The registry as it was asked for, by name or login server, before it was found. */
  wantedRegistry?: string;
  /** The run would write a grant. */
  writes?: boolean;
  /** Name of the grant that the run would remove: a GUID. */
  removes?: string;
  /** The pull role for the registry's mode. */
  role?: { name: string; guid: string };
  /** The grant that connect would write, where the role alone doesn't say it all: it is limited, or one that is there is. */
  grant?: StandingGrant;
  /** `userName`: a person's, as API servers know them. */
  caller?: { objectId: string; type: 'ServicePrincipal' | 'User'; userName?: string };
  /** The right that was missing. */
  missing?: { action: string; scope: string };
  /** What kept access from being told. */
  unseen?: 'assignments' | 'roles' | 'groups' | 'condition';
  namespace?: string;
  /** What refused the probe, with its name: `the quota "compute"`. */
  refusedBy?: string;
  image?: string;
  /** The link that would lead the nodes to the registry's private endpoint: ids of a DNS zone and of their network. */
  missingLink?: { zone: string; network: string };
  /** A private endpoint of the registry whose names no DNS zone holds: its id. */
  namelessEndpoint?: string;
  /** The pool that a pull was to be made on. */
  nodePool?: string;
  servicePrincipalClientId?: string;
  /** ARM id of the kubelet identity. */
  identityId?: string;
  /** What stands in the way of the grant. */
  obstacles?: Obstacles;
  /** The tenant that ARM wants a token of. */
  wantedTenant?: string;
  /** A registry answers by the wanted name, though this login sees none. */
  registryAnswers?: true;
  /** Somebody else's grant of the same role, limited to too little. */
  standing?: StandingGrant;
}

/** Somebody else's grant as it would have to be: under its own name, with all that it holds and all that is asked. */
export type StandingGrant = Omit<PlannedGrant, 'description'> & { description?: string };

export interface Cause {
  /** What is wrong, in a few words. */
  title: string;
  /** Why it happens, for someone who has never met it. */
  why: string;
  fix: (facts: FixFacts) => Fix;
  /** What a user sees of it. */
  seen: string;
  /** How to tell that it is mended. */
  confirm: string;
  /** What it was learnt from: threads as `owner/repo#n`, pages, programs' sources and recordings by name. */
  sources: readonly string[];
}

/** A family's causes, by id. Ids are those that users find in reports, so they never change. */
export type Causes = Readonly<Record<string, Cause>>;
