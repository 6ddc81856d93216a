/**
 * Which causes a sign may have, as data. `sure`: the words alone leave no other; without it the message decides nothing,
 * however likely one of them is. Weights only order those that are offered: one for each source that met the cause with
 * this sign, more where it is what the words say.
 */
import type { CauseId } from '../causes.js';
import type { Sign } from '../symptoms/rules.js';
import type { Attempt, Symptom } from '../symptoms/symptom.js';

export interface Candidate {
  cause: CauseId;
  weight: number;
  /** Nothing else fits the words. */
  sure?: true;
  /** Only for such attempts; absent: for all. */
  of?: (attempt: Attempt, symptom: Symptom) => boolean;
}

type Condition = NonNullable<Candidate['of']>;

const sure = (cause: CauseId, of?: Candidate['of']): Candidate => ({
  cause,
  weight: 10,
  sure: true,
  ...(of === undefined ? {} : { of }),
});
const maybe = (cause: CauseId, weight: number, of?: Candidate['of']): Candidate => ({
  cause,
  weight,
  ...(of === undefined ? {} : { of }),
});

const atBlob: Candidate['of'] = ({ stage }) => stage === 'blob' || stage === 'unpack';
const before: Candidate['of'] = (attempt, symptom) => atBlob(attempt, symptom) === false;
const elsewhere: Candidate['of'] = ({ host }) => host?.kind === 'data' || host?.kind === 'storage';
const here: Candidate['of'] = (attempt, symptom) => elsewhere(attempt, symptom) === false;
const onPrivate: Candidate['of'] = (attempt, symptom) =>
  before(attempt, symptom) && attempt.address?.kind === 'private';
const onPublic: Candidate['of'] = (attempt, symptom) =>
  before(attempt, symptom) && attempt.address?.kind !== 'private';
/** Another registry, in which no role of Azure's opens anything. */
const notAzure: Condition = ({ host }) =>
  host !== undefined &&
  (host.kind === 'hub' || (host.kind === 'other' && host.name.includes('.') && !/azurecr/.test(host.name)));
const maybeAzure: Condition = (attempt, symptom) => notAzure(attempt, symptom) === false;
/** The registry took a credential: it says "not found" to who may ask, and refuses the anonymous try that follows. */
const known: Candidate['of'] = (_attempt, { attempts }) =>
  attempts.some(
    ({ credential, sign }) => credential === 'none' && (sign === 'unauthorized' || sign === 'forbidden'),
  );
const notKnown: Candidate['of'] = (attempt, symptom) => known(attempt, symptom) === false;

/** What a refusal by a registry that isn't Azure's mostly means; what else it may, comes after. */
const ELSEWHERES: readonly Candidate[] = [
  maybe('unauthorized-bad-pull-secret', 7.5, notAzure),
  maybe('third-party-registry-anonymous-denied', 7, notAzure),
];
const OF_OTHERS: ReadonlySet<CauseId> = new Set(ELSEWHERES.map(({ cause }) => cause));

/** What a refusal may mean: facts/user-needs.md has the threads, and the vendor's page its six. */
const refused = (first: readonly Candidate[]): readonly Candidate[] => {
  const all = [
    maybe('unauthorized-no-role', 6),
    maybe('unauthorized-bad-pull-secret', 5),
    maybe('role-propagation-delay', 4),
    maybe('unauthorized-wrong-principal', 4),
    maybe('unauthorized-or-repo-missing', 3),
    maybe('abac-wrong-role', 3),
    maybe('kubelet-identity-missing', 3),
    maybe('unauthorized-sp-secret-invalid-or-expired', 3),
    maybe('pull-secret-not-referenced', 2),
    maybe('credential-provider-error', 2),
    maybe('credential-provider-multiple-identities', 2),
    maybe('node-identity-misconfigured', 2),
    maybe('third-party-registry-anonymous-denied', 2),
    maybe('credential-cache-stale', 1),
    maybe('unauthorized-unresolved', 1),
  ];
  const others = all.filter(({ cause }) => !first.some((one) => one.cause === cause));
  return [
    ...first,
    ...ELSEWHERES,
    ...others.map((one) => (OF_OTHERS.has(one.cause) ? maybe(one.cause, one.weight, maybeAzure) : one)),
  ];
};

const BLOCKED_LAYERS = sure('storage-endpoint-blocked', atBlob);

export const CANDIDATES: Readonly<Record<Sign, readonly Candidate[]>> = {
  // Codes.
  'aad-bad-secret': [sure('aad-bad-secret')],
  'aad-secret-expired': [sure('aad-secret-expired')],
  'aad-federated-no-match': [sure('aad-federated-no-match')],
  'aad-app-not-found': [sure('aad-app-not-found')],
  'aad-user-not-found': [sure('aad-user-not-found')],
  'tenant-not-found': [sure('tenant-not-found')],
  'cloud-mismatch': [sure('cloud-mismatch')],
  'client-secret-refused': [sure('client-secret-refused')],
  'client-certificate-refused': [sure('client-certificate-refused')],
  'assertion-expired': [sure('assertion-expired')],
  'login-expired': [sure('login-expired')],
  'conditional-access': [sure('conditional-access')],
  'application-disabled': [sure('application-disabled')],
  'resource-not-in-tenant': [sure('resource-not-in-tenant')],
  'sign-in-refused': [maybe('sign-in-refused', 1)],
  'arm-role-exists': [sure('arm-role-exists')],
  'arm-role-limit': [sure('arm-role-limit')],
  'arm-role-update-not-permitted': [sure('arm-role-update-not-permitted')],
  'arm-pim-policy': [sure('arm-pim-policy')],
  'arm-principal-type-mismatch': [sure('arm-principal-type-mismatch')],
  'arm-invalid-principal-id': [sure('arm-invalid-principal-id')],
  'arm-principal-not-found': [
    maybe('arm-principal-not-found-replication', 3),
    maybe('arm-invalid-principal-id', 2),
    maybe('arm-principal-not-found-cross-tenant', 2),
  ],
  'arm-role-definition-missing': [sure('arm-role-definition-missing')],
  'arm-linked-authorization': [sure('arm-linked-authorization')],
  'arm-policy-denied': [sure('arm-policy-denied')],
  'arm-deny-assignment': [sure('arm-deny-assignment')],
  'arm-condition-invalid': [sure('arm-condition-invalid')],
  'arm-subscription-disabled': [sure('arm-subscription-disabled')],
  'arm-tenant-mismatch': [sure('arm-tenant-mismatch')],
  'arm-scope-locked': [sure('arm-scope-locked')],
  'arm-abac-condition': [sure('arm-abac-condition')],
  'arm-authorization-missing': [sure('arm-authorization-missing')],
  'arm-throttled': [sure('arm-throttled')],
  'arm-not-found': [
    sure('registry-not-found', ({ about }) => about === 'registry'),
    sure('cluster-not-found', ({ about }) => about === 'cluster'),
  ],
  // az looks for the name among what the login may list.
  'az-not-found': [maybe('registry-not-found', 3), maybe('arm-authorization-missing', 2)],
  'arm-graph-permission': [sure('arm-graph-permission')],
  'attach-acr-failed': [
    maybe('arm-authorization-missing', 4),
    maybe('arm-principal-not-found-cross-tenant', 2),
    maybe('arm-graph-permission', 2),
    maybe('attach-acr-false-error', 1),
  ],
  'image-policy-denied': [sure('image-policy-denied')],
  'admission-policy-denied': [sure('admission-policy-denied')],
  'disk-pressure': [sure('disk-pressure')],
  'kubelet-qps-exceeded': [sure('kubelet-qps-exceeded')],
  // Tools.
  'check-acr-not-run': [sure('check-acr-tool-failure')],
  'check-acr-crashed': [maybe('check-acr-tool-failure', 4), maybe('platform-mismatch-arch', 1)],
  'check-acr-dns': [maybe('dns-nxdomain', 3), maybe('dns-timeout', 2), maybe('wrong-login-server', 1)],
  'check-acr-identity': [maybe('kubelet-identity-missing', 4), maybe('node-identity-misconfigured', 1)],
  'check-acr-service-principal': [
    maybe('unauthorized-sp-secret-invalid-or-expired', 4),
    maybe('sign-in-unreachable', 1),
  ],
  'check-acr-ok': [sure('check-ok')],
  'identity-not-found': [sure('kubelet-identity-missing')],
  'identity-not-assigned': [maybe('kubelet-identity-missing', 4), maybe('node-identity-misconfigured', 2)],
  'several-identities': [sure('credential-provider-multiple-identities')],
  'bootstrap-refused': [
    maybe('unauthorized-no-role', 4),
    maybe('kubelet-identity-missing', 3),
    maybe('abac-wrong-role', 1),
  ],
  'az-forbidden': [sure('firewall-403')],
  'credential-provider-failed': [sure('credential-provider-error')],
  'exchange-refused': [
    maybe('firewall-403', 9, ({ status }) => status === 403),
    ...refused([maybe('unauthorized-no-role', 8), maybe('unauthorized-wrong-principal', 4)]),
  ],
  // Names and platforms.
  'name-invalid': [sure('image-name-invalid')],
  'never-pulled': [sure('image-never-pulled')],
  'no-platform': [maybe('platform-mismatch-os', 3), maybe('platform-mismatch-arch', 2)],
  'windows-version': [sure('windows-version-mismatch')],
  // A script that doesn't say who runs it ends so as well (man 2 execve, ENOEXEC).
  'exec-format': [maybe('platform-mismatch-arch', 1)],
  // What the registry says.
  'client-address-refused': [sure('firewall-403')],
  'registry-key': [sure('registry-cmk')],
  'operation-disallowed': [maybe('registry-locked', 3), maybe('registry-full', 2)],
  'hub-rate-limited': [sure('rate-limited-429-dockerhub')],
  throttled: [
    sure('rate-limited-429', ({ host }) => host?.kind !== 'hub' && host?.kind !== 'azure'),
    sure('arm-throttled', ({ host }) => host?.kind === 'azure'),
    sure('rate-limited-429-dockerhub', ({ host }) => host?.kind === 'hub'),
  ],
  // The way.
  proxy: [sure('proxy-error')],
  'no-such-host': [
    sure('storage-endpoint-blocked', elsewhere),
    maybe('dns-nxdomain', 3, here),
    maybe('wrong-login-server', 2, here),
  ],
  'dns-no-answer': [sure('dns-timeout')],
  'plain-http': [sure('registry-plain-http')],
  'tls-timeout': [sure('storage-endpoint-blocked', elsewhere), sure('tls-handshake-timeout', here)],
  untrusted: [sure('tls-unknown-authority')],
  'tls-broken': [maybe('tls-unknown-authority', 2), maybe('proxy-error', 2), maybe('connection-reset', 1)],
  'wrong-body': [sure('storage-endpoint-blocked')],
  'cut-short': [sure('interrupted-download')],
  reset: [sure('storage-endpoint-blocked', elsewhere), sure('connection-reset', here)],
  'no-answer': [
    BLOCKED_LAYERS,
    sure('private-endpoint-unreachable', onPrivate),
    sure('connection-timeout', onPublic),
  ],
  refused: [BLOCKED_LAYERS, sure('connection-timeout', before)],
  closed: [BLOCKED_LAYERS, maybe('connection-timeout', 3, before), maybe('connection-reset', 2, before)],
  deadline: [
    BLOCKED_LAYERS,
    maybe('connection-timeout', 3, before),
    maybe('dns-timeout', 3, before),
    maybe('private-endpoint-unreachable', 2, before),
  ],
  canceled: [
    sure('pull-canceled', ({ stage }) => stage === undefined),
    maybe('pull-canceled', 3, ({ stage }) => stage !== undefined),
    maybe('connection-timeout', 2, ({ stage }) => stage !== undefined),
  ],
  // Answers.
  'media-type': [sure('manifest-media-type')],
  'manifest-invalid': [maybe('manifest-media-type', 3), maybe('tag-not-found', 1)],
  'server-error': [sure('registry-5xx')],
  'tag-unknown': [sure('tag-not-found')],
  absent: [sure('tag-not-found', known), sure('image-not-found', notKnown)],
  'not-found': [
    maybe('image-not-found', 3),
    maybe('tag-not-found', 2),
    maybe('platform-mismatch-os', 1),
    maybe('platform-mismatch-arch', 1),
  ],
  // Refusals.
  'scope-denied': refused([maybe('token-scope-too-narrow', 7)]),
  'insufficient-scope': refused([
    maybe('unauthorized-or-repo-missing', 8),
    maybe('abac-wrong-role', 5),
    maybe('token-scope-too-narrow', 2),
  ]),
  forbidden: [
    maybe('storage-endpoint-blocked', 9, atBlob),
    maybe('firewall-403', 8, maybeAzure),
    maybe('firewall-403', 3, notAzure),
    ...refused([]),
  ],
  unauthorized: refused([]),
};
