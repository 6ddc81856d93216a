/** What is known besides a message, and which cause each fact speaks for, against, or decides. */
import type { Allowed } from '../../report.js';
import { optional } from '../../json.js';
import type { Sign } from '../symptoms/rules.js';
import type { HostKind, Symptom } from '../symptoms/symptom.js';
import type { CauseId } from '../causes.js';

/** What is known about a pull when its refusal is explained. */
export interface PullFacts {
  access: Allowed;
  /** The identity holds a role that this registry's mode ignores. */
  ignoredRole: boolean;
  /** What it holds is limited to other repositories. */
  limitedRole?: boolean;
  /** A deny assignment takes the pull away, whatever roles there are. */
  denied?: boolean;
  mode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';
  youngGrant: boolean;
  /** The registry's network rules keep most addresses out. */
  networkRestricted: boolean;
  /** What this login saw of the image in the registry. */
  imageSeen: 'there' | 'absent' | 'unknown';
  /** The scale sets of the nodes hold the kubelet identity; false too when it was deleted. */
  identityOnNodes?: boolean;
  /**
   * `unused`: there is one that the pod doesn't name. `stale`: the pod names one whose credential isn't good any more.
   * `in-use`: the pod names one, and what it is worth is the question.
   */
  pullSecret?: 'none' | 'unused' | 'stale' | 'good' | 'in-use';
}

/** Everything that may be known. What is left out is not known. */
export interface Facts extends Partial<PullFacts> {
  /** Login server of the registry that is meant, as Azure names it. */
  loginServer?: string;
  /** The registry belongs to somebody else: none of the caller's grants could open it. */
  foreignRegistry?: boolean;
  /** The nodes hold several identities, and aren't told which. */
  severalIdentities?: boolean;
  /** The nodes' own configuration doesn't say to use the identity. */
  nodeConfigurationWrong?: boolean;
  /** The grant was given to another principal than the one that the nodes use. */
  grantedToAnother?: boolean;
  /** The service principal's secret is no longer good. */
  servicePrincipalSecretExpired?: boolean;
  /** Kubernetes before 1.20, whose credential cache keeps an empty answer (kubernetes/kubernetes#92326). */
  credentialCacheBug?: boolean;
  nodeOs?: 'linux' | 'windows';
  nodeArchitecture?: string;
  /** `linux/amd64` and the like. */
  imagePlatforms?: readonly string[];
  /** Repository or tag may not be read, by a lock. */
  locked?: boolean;
  /** The registry holds the image back until a scanner has passed it. */
  quarantined?: boolean;
  /** The nodes' network is linked to the DNS zones of the registry's private endpoints; absent: there is none. */
  privateZoneLinked?: boolean;
  /** What ARM says of the principal of a new grant. */
  principal?: 'new' | 'other-tenant' | 'application-id' | 'there';
  /** ARM shows the grant, whatever the command said. */
  grantSeen?: boolean;
  /** The caller may write grants. */
  mayGrant?: boolean;
}

/** Signs that say: you may not. The message doesn't tell why. */
export const REFUSALS: ReadonlySet<Sign> = new Set<Sign>([
  'unauthorized',
  'insufficient-scope',
  'forbidden',
  'exchange-refused',
  'scope-denied',
  'bootstrap-refused',
]);

const refusal = ({ speaks }: Symptom): boolean => speaks?.sign !== undefined && REFUSALS.has(speaks.sign);
const says =
  (...signs: readonly Sign[]) =>
  ({ speaks }: Symptom): boolean =>
    speaks?.sign !== undefined && signs.includes(speaks.sign);
const sameHost = (facts: Facts, { speaks }: Symptom): boolean =>
  facts.loginServer !== undefined && facts.loginServer.toLowerCase() === speaks?.host?.name;

/** Hosts that are a registry's own, so that what is known of one says nothing of another. */
const OF_A_REGISTRY: ReadonlySet<HostKind> = new Set<HostKind>(['login', 'hub', 'microsoft', 'other']);

/**
 * What is known that bears on a message. Where it is about another registry than the one that was looked at, neither that
 * one's mode and rules nor who may pull from it tell anything; what is known of the nodes still does.
 */
export function factsAbout(symptom: Symptom, facts: Facts): Facts {
  const host = symptom.speaks?.host;
  const another = facts.loginServer !== undefined && host !== undefined && !sameHost(facts, symptom);
  if (!another || !OF_A_REGISTRY.has(host.kind)) return facts;
  const { nodeOs, nodeArchitecture, severalIdentities, nodeConfigurationWrong } = facts;
  return {
    ...optional('loginServer', facts.loginServer),
    ...optional('nodeOs', nodeOs),
    ...optional('nodeArchitecture', nodeArchitecture),
    ...optional('severalIdentities', severalIdentities),
    ...optional('nodeConfigurationWrong', nodeConfigurationWrong),
  };
}

export interface FactRule {
  cause: CauseId;
  /** A fact that decides makes its cause the answer; the first that does is it. */
  effect: 'decides' | 'for' | 'against';
  of: (symptom: Symptom) => boolean;
  when: (facts: Facts, symptom: Symptom) => boolean;
  /** The fact, as evidence. */
  says: string;
}

/** In the order in which they decide: what keeps every caller out before what is amiss with this one. */
export const FACT_RULES: readonly FactRule[] = [
  // A registry answers 401 to who lacks a role, and 403 to an address that its rules keep out.
  {
    cause: 'firewall-403',
    effect: 'decides',
    of: says('forbidden'),
    when: (facts) => facts.networkRestricted === true,
    says: "the registry's network rules keep most addresses out",
  },
  {
    cause: 'third-party-registry-anonymous-denied',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.foreignRegistry === true,
    says: "the registry is somebody else's",
  },
  {
    cause: 'registry-locked',
    effect: 'decides',
    of: says('operation-disallowed'),
    when: (facts) => facts.locked === true,
    says: 'the repository or the tag is locked for reading',
  },
  {
    cause: 'role-propagation-delay',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.access === true && facts.youngGrant === true,
    says: 'the grant is young',
  },
  {
    cause: 'unauthorized-wrong-principal',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.grantedToAnother === true,
    says: 'the grant is for another principal than the one that the nodes use',
  },
  {
    cause: 'deny-assignment-on-pull',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.access === false && facts.denied === true,
    says: 'a deny assignment takes the pull away',
  },
  {
    cause: 'repository-not-granted',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.access === false && facts.limitedRole === true,
    says: 'what the identity holds is limited to other repositories',
  },
  {
    cause: 'abac-wrong-role',
    effect: 'decides',
    of: refusal,
    when: (facts) =>
      facts.access === false && facts.ignoredRole === true && facts.mode === 'AbacRepositoryPermissions',
    says: "the identity's role is one that ABAC-enabled registries ignore",
  },
  {
    cause: 'legacy-wrong-role',
    effect: 'decides',
    of: refusal,
    when: (facts) =>
      facts.access === false && facts.ignoredRole === true && facts.mode === 'LegacyRegistryPermissions',
    says: "the identity's role is one that this registry ignores",
  },
  {
    cause: 'unauthorized-no-role',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.access === false,
    says: 'the identity holds no role that lets it pull',
  },
  {
    cause: 'image-quarantined',
    effect: 'decides',
    of: says('absent', 'not-found', 'tag-unknown'),
    when: (facts) => facts.quarantined === true,
    says: 'the registry holds the image in quarantine',
  },
  {
    cause: 'tag-not-found',
    effect: 'decides',
    of: (symptom) => refusal(symptom) || says('absent', 'not-found')(symptom),
    when: (facts) => facts.imageSeen === 'absent',
    says: 'the registry has no such image: an absent one is refused like a forbidden one',
  },
  {
    cause: 'kubelet-identity-missing',
    effect: 'decides',
    of: (symptom) => refusal(symptom) || says('check-acr-identity', 'identity-not-assigned')(symptom),
    when: (facts) => facts.identityOnNodes === false,
    says: "the nodes' scale set doesn't hold the kubelet identity",
  },
  {
    cause: 'node-identity-misconfigured',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.nodeConfigurationWrong === true,
    says: "the nodes' configuration doesn't use the identity",
  },
  {
    cause: 'credential-provider-multiple-identities',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.severalIdentities === true,
    says: "the nodes hold several identities and aren't told which",
  },
  {
    cause: 'unauthorized-sp-secret-invalid-or-expired',
    effect: 'decides',
    of: (symptom) => refusal(symptom) || says('check-acr-service-principal')(symptom),
    when: (facts) => facts.servicePrincipalSecretExpired === true,
    says: "the service principal's secret is no longer good",
  },
  {
    cause: 'unauthorized-bad-pull-secret',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.pullSecret === 'stale',
    says: "the pod's pull secret is no longer good",
  },
  {
    cause: 'unauthorized-bad-pull-secret',
    effect: 'decides',
    of: (symptom) =>
      symptom.attempts.some(({ credential, sign }) => credential === 'offered' && sign === 'unauthorized'),
    when: (facts) => facts.pullSecret === 'in-use',
    says: 'the registry refused the credential of the pull secret',
  },
  {
    cause: 'unauthorized-or-repo-missing',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.pullSecret === 'in-use',
    says: 'the pod names a pull secret, and the registry gave no right to the repository for it',
  },
  {
    cause: 'pull-secret-not-referenced',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.pullSecret === 'unused',
    says: "there is a pull secret that the pod doesn't name",
  },
  {
    cause: 'credential-cache-stale',
    effect: 'decides',
    of: refusal,
    when: (facts) => facts.credentialCacheBug === true,
    says: "this kubelet's credential cache keeps empty answers",
  },
  {
    cause: 'unauthorized-no-role',
    effect: 'against',
    of: refusal,
    when: (facts) => facts.access === true,
    says: 'the identity holds a role that lets it pull',
  },
  {
    cause: 'abac-wrong-role',
    effect: 'against',
    of: refusal,
    when: (facts) => facts.access === true || facts.mode === 'LegacyRegistryPermissions',
    says: 'the role fits the registry',
  },
  {
    cause: 'unauthorized-bad-pull-secret',
    effect: 'against',
    of: refusal,
    when: (facts) => facts.pullSecret === 'none' || facts.pullSecret === 'good',
    says: 'no stale pull secret is in play',
  },
  {
    cause: 'unauthorized-or-repo-missing',
    effect: 'against',
    of: refusal,
    when: (facts) => facts.imageSeen === 'there',
    says: 'the image is in the registry',
  },
  {
    cause: 'firewall-403',
    effect: 'for',
    of: says('forbidden', 'client-address-refused'),
    when: (facts) => facts.privateZoneLinked === false,
    says: "the nodes' network isn't linked to the DNS zone of the registry's private endpoint, so they come to its public address",
  },
  {
    cause: 'connection-timeout',
    effect: 'for',
    of: says('no-answer', 'deadline'),
    when: (facts) => facts.privateZoneLinked === false,
    says: "the nodes' network isn't linked to the DNS zone of the registry's private endpoint, so they go to its public address",
  },
  {
    cause: 'private-endpoint-unreachable',
    effect: 'for',
    of: says('no-answer', 'deadline'),
    when: (facts) => facts.privateZoneLinked === true,
    says: "the nodes' network is linked to the DNS zone of the registry's private endpoint",
  },
  {
    cause: 'dns-nxdomain',
    effect: 'for',
    of: says('no-such-host', 'check-acr-dns'),
    when: (facts) => facts.privateZoneLinked === false,
    says: "the nodes' network isn't linked to the DNS zone of the registry's private endpoint",
  },
  {
    cause: 'firewall-403',
    effect: 'against',
    of: says('forbidden'),
    when: (facts) => facts.networkRestricted === false,
    says: 'the registry lets every address in',
  },
  // Names.
  {
    cause: 'wrong-login-server',
    effect: 'decides',
    of: says('no-such-host', 'check-acr-dns'),
    when: (facts, symptom) =>
      facts.loginServer !== undefined && symptom.speaks?.host?.kind === 'login' && !sameHost(facts, symptom),
    says: "the registry's login server has another name",
  },
  {
    cause: 'dns-nxdomain',
    effect: 'decides',
    of: says('no-such-host', 'check-acr-dns'),
    when: sameHost,
    says: 'the name is the one that Azure gives the registry',
  },
  // Platforms.
  {
    cause: 'platform-mismatch-os',
    effect: 'decides',
    of: says('no-platform'),
    when: ({ nodeOs, imagePlatforms }) =>
      nodeOs !== undefined &&
      imagePlatforms !== undefined &&
      !imagePlatforms.some((platform) => platform.startsWith(`${nodeOs}/`)),
    says: "no platform of the image is of the node's operating system",
  },
  {
    cause: 'platform-mismatch-arch',
    effect: 'decides',
    of: says('no-platform'),
    when: ({ nodeOs, nodeArchitecture, imagePlatforms }) =>
      nodeOs !== undefined &&
      nodeArchitecture !== undefined &&
      imagePlatforms !== undefined &&
      imagePlatforms.some((platform) => platform.startsWith(`${nodeOs}/`)) &&
      !imagePlatforms.some((platform) => platform.startsWith(`${nodeOs}/${nodeArchitecture}`)),
    says: "the image is for the node's operating system, but not for its architecture",
  },
  // Grants.
  {
    cause: 'attach-acr-false-error',
    effect: 'decides',
    of: says('attach-acr-failed'),
    when: (facts) => facts.grantSeen === true,
    says: 'the grant is there',
  },
  {
    cause: 'arm-principal-not-found-cross-tenant',
    effect: 'decides',
    of: says('attach-acr-failed', 'arm-principal-not-found'),
    when: (facts) => facts.principal === 'other-tenant',
    says: 'the identity is in another tenant than the registry',
  },
  {
    cause: 'arm-invalid-principal-id',
    effect: 'decides',
    of: says('arm-principal-not-found'),
    when: (facts) => facts.principal === 'application-id',
    says: "the id that was given is an application's, not its principal's",
  },
  {
    cause: 'arm-principal-not-found-replication',
    effect: 'decides',
    of: says('arm-principal-not-found'),
    when: (facts) => facts.principal === 'new',
    says: 'the identity was made moments ago',
  },
  {
    cause: 'arm-authorization-missing',
    effect: 'decides',
    of: says('attach-acr-failed'),
    when: (facts) => facts.mayGrant === false,
    says: 'the login may not write grants there',
  },
];
