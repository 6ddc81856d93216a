/**
 * What words mean, as data: each rule knows one thing that can stop a pull by a mark in the words that its own program
 * writes. Marks are short (a test holds that no mark has more than 40 letters of a message), because the same failure
 * is worded otherwise by every version. `learntFrom`: where the mark was read; a rule that only one source taught counts
 * for nothing when that source is left out, which is how its worth is measured. So wordings that different sources taught
 * stand in rows of their own, though they are signs of the same: else one source would vouch for what another taught.
 */
import { ENTRA_CODES } from '../entra-codes.js';
import type { Stage } from './symptom.js';

interface Row {
  sign: string;
  /** Tried on the words without names. */
  mark: RegExp;
  /** How far the pull had come when this stopped it. Absent: not of a pull. */
  stage?: Stage;
  learntFrom: readonly string[];
}

// Programs whose own sources or captured answers hold the words.
const GO_NET = 'go: src/net';
const GO_HTTP = 'go: src/net/http';
const GO_TLS = 'go: src/crypto/tls';
const GO_X509 = 'go: src/crypto/x509';
const CONTAINERD = 'capture: cri-containerd-*.json';
const CONTAINERD_CONTENT = 'containerd: core/content';
const KUBELETS = 'capture: events-nocred.json';
const KUBELET_IMAGES = 'kubernetes: pkg/kubelet/images';
const KUBELET_EVICTION = 'kubernetes: pkg/kubelet/eviction';
const REFERENCE = 'distribution: reference/reference.go';
const ERRCODES = 'distribution: registry/api/errcode';
const MOBY = 'moby: distribution';
const CANIPULL = 'aks-canipull';
const PROVIDER = 'cloud-provider-azure: pkg/credentialprovider';
const GATEKEEPER = 'kubernetes: apiserver/admission/plugin/webhook';
const CONTAINERS_IMAGE = 'containers/image: docker, signature';
const SHORT_NAMES = 'containers/image: pkg/shortnames';
const WINSOCK = 'docs: Windows Sockets error codes';
const WIN32 = 'docs: Windows system error codes';
const HCS = 'microsoft/hcsshim: internal/hcs';
const IMDS = 'docs: managed-identities how-to-use-vm-token';
const RATIFY = 'notaryproject/ratify: quickstarts';
const AZ = 'azure-cli: command_modules/acr';
// Documents of the vendor.
const PULL_PAGE = 'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster';
const PUSH_PAGE = 'SupportArticles:troubleshoot-push-error-operation-disallowed-timeout';
const AUTH_PAGE = 'SupportArticles:acr-authentication-errors';
const WEB_APP_PAGE = 'SupportArticles:pull-image-to-web-app-fail';
const RBAC_PAGE = 'azure-docs:role-based-access-control/troubleshooting';
const RBAC_CODES = 'docs: rest/api/authorization common errors';
const ARM_CODES = 'docs: azure-resource-manager common-deployment-errors';
const ENTRA_CODES_PAGE = 'docs: entra/identity-platform/reference-error-codes';
const BLOG = 'blog:container-apps-image-pull';

/** A mark of any of the codes that Entra gives a cause. */
const entra = (cause: keyof typeof ENTRA_CODES): RegExp =>
  new RegExp(`\\bAADSTS(${ENTRA_CODES[cause].join('|')})\\b`);

/** The more special first: the first mark that is found counts. */
export const RULES = [
  // What isn't a pull: Entra, Azure Resource Manager, admission, nodes. Their codes are exact.
  { sign: 'aad-bad-secret', mark: /\bAADSTS7000215\b/, learntFrom: [ENTRA_CODES_PAGE, 'Azure/login#503'] },
  {
    sign: 'aad-secret-expired',
    mark: /\bAADSTS7000222\b/,
    learntFrom: [ENTRA_CODES_PAGE, 'public run report'],
  },
  {
    sign: 'aad-federated-no-match',
    mark: entra('federated-credential-mismatch'),
    learntFrom: [ENTRA_CODES_PAGE, 'Azure/login#453', 'Azure/login#517'],
  },
  {
    sign: 'aad-federated-no-match',
    mark: /No matching federated identity/i,
    learntFrom: [ENTRA_CODES_PAGE, 'Azure/login#453', 'Azure/login#517'],
  },
  { sign: 'aad-app-not-found', mark: entra('application-not-found'), learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'aad-user-not-found', mark: /\bAADSTS50034\b/, learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'tenant-not-found', mark: entra('tenant-not-found'), learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'cloud-mismatch', mark: entra('cloud-mismatch'), learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'client-secret-refused', mark: entra('client-secret-refused'), learntFrom: [ENTRA_CODES_PAGE] },
  {
    sign: 'client-certificate-refused',
    mark: entra('client-certificate-refused'),
    learntFrom: [ENTRA_CODES_PAGE],
  },
  {
    sign: 'assertion-expired',
    mark: entra('assertion-expired'),
    learntFrom: [ENTRA_CODES_PAGE, 'Azure/login#372'],
  },
  { sign: 'login-expired', mark: entra('login-expired'), learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'conditional-access', mark: entra('conditional-access'), learntFrom: [ENTRA_CODES_PAGE] },
  { sign: 'application-disabled', mark: entra('application-disabled'), learntFrom: [ENTRA_CODES_PAGE] },
  {
    sign: 'resource-not-in-tenant',
    mark: entra('resource-not-in-tenant'),
    learntFrom: [ENTRA_CODES_PAGE],
  },
  { sign: 'sign-in-refused', mark: /\bAADSTS\d{4,8}\b/, learntFrom: [ENTRA_CODES_PAGE] },
  {
    sign: 'arm-role-exists',
    mark: /\bRoleAssignmentExists\b|role assignment already exists/i,
    learntFrom: [
      'recording: roleAssignments.409.RoleAssignmentExists.json',
      RBAC_CODES,
      'hashicorp/terraform-provider-azurerm#17421',
    ],
  },
  {
    sign: 'arm-role-limit',
    mark: /\bRoleAssignmentLimitExceeded\b/,
    learntFrom: [RBAC_PAGE, 'recording: errors.quoted-in-public-docs.json'],
  },
  {
    sign: 'arm-role-update-not-permitted',
    mark: /\bRoleAssignmentUpdateNotPermitted\b/,
    learntFrom: [RBAC_PAGE, 'recording: errors.quoted-in-public-docs.json'],
  },
  {
    sign: 'arm-pim-policy',
    mark: /\bRoleAssignmentRequestPolicyVal/,
    learntFrom: [RBAC_CODES],
  },
  {
    sign: 'arm-principal-type-mismatch',
    mark: /\bUnmatchedPrincipalType\b/,
    learntFrom: [
      'recording: roleAssignments.400.UnmatchedPrincipalType.json',
      'Azure/modern-web-app-pattern-dotnet#129',
    ],
  },
  {
    sign: 'arm-invalid-principal-id',
    mark: /\bInvalidPrincipalId\b/,
    learntFrom: ['hashicorp-education/learn-nomad-cluster-setup#48'],
  },
  {
    sign: 'arm-principal-not-found',
    mark: /\bPrincipalNotFound\b|Principal \S+ does not exist in the dir/,
    learntFrom: [
      'recording: roleAssignments.400.PrincipalNotFound.json',
      'Azure/avdaccelerator#99',
      'MicrosoftDocs/azure-docs#92278',
    ],
  },
  {
    sign: 'arm-role-definition-missing',
    mark: /\bRoleDefinitionDoesNotExist\b/,
    learntFrom: ['public project notes', 'JulianHayward/AzAPICall#23'],
  },
  {
    sign: 'arm-linked-authorization',
    mark: /\bLinkedAuthorizationFailed\b/,
    learntFrom: [
      'SupportArticles:linkedauthorizationfailed-error',
      'kubernetes-sigs/cloud-provider-azure#1999',
      'Azure/aad-pod-identity#613',
    ],
  },
  {
    sign: 'arm-policy-denied',
    mark: /\bRequestDisallowedByPolicy\b/,
    learntFrom: ['SupportArticles:requestdisallowedbypolicy-error', 'Azure/azure-powershell#14563'],
  },
  {
    sign: 'arm-deny-assignment',
    mark: /\bDenyAssignmentAuthorizationFailed\b/,
    learntFrom: ['docs: role-based-access-control/deny-assignments'],
  },
  {
    sign: 'arm-condition-invalid',
    mark: /role assignment condition is invalid/i,
    learntFrom: ['MicrosoftDocs/azure-docs#119449', 'Azure/azure-cli#15683'],
  },
  {
    sign: 'arm-subscription-disabled',
    mark: /\bReadOnlyDisabledSubscription\b/,
    learntFrom: [ARM_CODES],
  },
  {
    sign: 'arm-tenant-mismatch',
    mark: /\bInvalidAuthenticationTokenTenant\b/,
    learntFrom: [ARM_CODES],
  },
  {
    sign: 'arm-scope-locked',
    mark: /\bScopeLocked\b|scope\(s\) are locked/,
    learntFrom: [
      'Azure-Player/azure.datafactory.devops#183',
      'MicrosoftDocs/azure-docs#110791',
      'Azure/apiops#606',
    ],
  },
  {
    sign: 'arm-abac-condition',
    mark: /ABAC condition that is not fulfilled/,
    learntFrom: ['recording: errors.quoted-in-public-docs.json', 'public setup guide'],
  },
  {
    sign: 'arm-authorization-missing',
    mark: /\bAuthorizationFailed\b|does not have authorization to perform/,
    learntFrom: ['recording: roleAssignments.403.AuthorizationFailed.json', 'elastic/apm-agent-dotnet#1692'],
  },
  {
    sign: 'arm-throttled',
    mark: /RequestsThrottled\b|being throttled as the limit/,
    learntFrom: [
      'recording: throttling.429.json',
      'docs: azure-resource-manager request-limits-and-throttling',
    ],
  },
  {
    sign: 'arm-not-found',
    mark: /\bResource(Group)?NotFound\b/,
    learntFrom: [ARM_CODES, 'recording: errors.404-500.mc-acr.json'],
  },
  {
    sign: 'arm-graph-permission',
    mark: /Insufficient privileges to complete/,
    learntFrom: [RBAC_PAGE, 'Azure/azure-cli#20559'],
  },
  {
    sign: 'attach-acr-failed',
    mark: /not create a role assignment for ACR/,
    learntFrom: ['azure-cli: acs/_roleassignments.py', 'Azure/AKS#4195', 'Azure/AKS#1838', 'Azure/AKS#3566'],
  },
  {
    sign: 'image-policy-denied',
    mark: /failed verification:/i,
    learntFrom: [RATIFY, 'Azure/notation-azure-kv#31'],
  },
  {
    sign: 'image-policy-denied',
    mark: /failed to verify (image|signature)|no matching signatures/i,
    learntFrom: ['kyverno/kyverno#5184', 'sigstore: cosign'],
  },
  {
    sign: 'image-policy-denied',
    mark: /signature was required|signature verification failed|SignatureValidationFailed/,
    learntFrom: [CONTAINERS_IMAGE, KUBELET_IMAGES],
  },
  {
    sign: 'image-policy-denied',
    mark: /image \S+ for container \S+ has not been/i,
    learntFrom: ['MicrosoftDocs AKS deployment safeguards article', 'azure-policy: container allowed images'],
  },
  {
    sign: 'admission-policy-denied',
    mark: /admission webhook .{0,80}denied the request/i,
    learntFrom: [GATEKEEPER],
  },
  {
    sign: 'admission-policy-denied',
    mark: /\[azurepolicy-/i,
    learntFrom: ['MicrosoftDocs AKS deployment safeguards article', 'azure-policy: container allowed images'],
  },
  {
    sign: 'disk-pressure',
    mark: /low on resource: ephemeral-storage|\bDiskPressure\b/,
    learntFrom: [KUBELET_EVICTION, 'akash-network/support#226'],
  },
  {
    sign: 'disk-pressure',
    mark: /garbage collect required amount of image/,
    learntFrom: [KUBELET_IMAGES],
  },
  { sign: 'disk-pressure', mark: /no space left on device/, learntFrom: ['linux: ENOSPC'] },
  {
    sign: 'disk-pressure',
    mark: /not enough space on the disk/i,
    learntFrom: [WIN32, 'Azure/acs-engine#2015'],
  },
  {
    sign: 'kubelet-qps-exceeded',
    mark: /\bpull QPS exceeded\b/i,
    learntFrom: [KUBELET_IMAGES, 'Azure/AKS#3138', PULL_PAGE],
  },

  // check-acr, canipull and the az command about themselves.
  {
    sign: 'check-acr-not-run',
    mark: /load azure\.json\. Are you running|Unknown Azure cloud name/,
    learntFrom: [CANIPULL],
  },
  {
    sign: 'check-acr-crashed',
    mark: /'serverVersion'/,
    learntFrom: ['Azure/azure-cli#22353', 'Azure/azure-cli#23771'],
  },
  {
    sign: 'check-acr-crashed',
    mark: /canipull.{0,10}: exec format error/,
    learntFrom: ['MicrosoftDocs/SupportArticles-docs#1761'],
  },
  {
    sign: 'check-acr-dns',
    mark: /(name resolution|CNAME) \([^)]{0,260}\): FAILED/,
    stage: 'dns',
    learntFrom: [CANIPULL, 'Azure/acr#695'],
  },
  {
    sign: 'check-acr-identity',
    mark: /managed identity exist[ae]nce: FAILED/,
    stage: 'token',
    learntFrom: [CANIPULL, 'Azure/acr#695'],
  },
  {
    sign: 'check-acr-service-principal',
    mark: /principal credential: FAILED/,
    stage: 'token',
    learntFrom: [CANIPULL, 'Azure/azure-cli#16490'],
  },
  {
    sign: 'identity-not-found',
    mark: /"error_description":"Identity not found"/,
    stage: 'token',
    learntFrom: ['MicrosoftDocs Key Vault CSI troubleshooting article', 'Azure/aad-pod-identity#778'],
  },
  {
    sign: 'identity-not-assigned',
    mark: /requested identity (isn't|has not been) assigned/,
    stage: 'token',
    learntFrom: ['external-secrets/external-secrets#4150', 'Azure/azure-sdk-for-net#37278'],
  },
  {
    sign: 'several-identities',
    mark: /Multiple user assigned identities exist/i,
    stage: 'token',
    learntFrom: [IMDS],
  },
  {
    sign: 'bootstrap-refused',
    mark: /Bootstrap Container Registry authorizat|exit status=212/,
    stage: 'token',
    learntFrom: ['SupportArticles:vmextensionerror-oraspullunauthorized'],
  },
  {
    sign: 'az-forbidden',
    mark: /CONNECTIVITY_\w+[^]{0,120}Response code: 403/,
    stage: 'token',
    learntFrom: [AUTH_PAGE],
  },
  // Before what stopped the provider: events show only what follows from it.
  {
    sign: 'credential-provider-failed',
    mark: /azure_credentials\.go|execing credential provider|Failed to provide credentials|failed to receive challenge/,
    stage: 'challenge',
    learntFrom: [PROVIDER, 'capture: kubelet-log-provider-fail.txt'],
  },

  // The image's name.
  {
    sign: 'name-invalid',
    mark: /invalid reference format|couldn't parse image reference|must be lowercase|\bInvalidImageName\b/,
    stage: 'name',
    learntFrom: [REFERENCE, KUBELETS],
  },
  {
    sign: 'name-invalid',
    mark: /short[- ]name mode is enforcing/,
    stage: 'name',
    learntFrom: [SHORT_NAMES],
  },
  {
    sign: 'never-pulled',
    mark: /not present with pull policy of Never|\bErrImageNeverPull\b/,
    stage: 'name',
    learntFrom: [KUBELETS],
  },

  // Platforms: gRPC says NotFound of them as well, so they stand before absent tags.
  {
    sign: 'no-platform',
    mark: /no match for platform/i,
    stage: 'manifest',
    learntFrom: [CONTAINERD, KUBELETS],
  },
  { sign: 'no-platform', mark: /no matching manifest for/i, stage: 'manifest', learntFrom: [MOBY] },
  {
    sign: 'no-platform',
    mark: /no image found in .{0,20} for architecture/,
    stage: 'manifest',
    learntFrom: [CONTAINERS_IMAGE],
  },
  {
    sign: 'windows-version',
    mark: /-based image is incompatible with a/i,
    stage: 'unpack',
    learntFrom: [MOBY, 'Azure/acr#179'],
  },
  {
    sign: 'windows-version',
    mark: /operating system .{0,17}does not match/,
    stage: 'run',
    learntFrom: [HCS, 'Azure/acs-engine#2965', 'Azure/aks-engine#1029'],
  },
  {
    sign: 'exec-format',
    mark: /exec format error/,
    stage: 'run',
    learntFrom: ['MicrosoftDocs/SupportArticles-docs#1761', 'facts: kubernetes.md'],
  },

  // What the registry says of itself.
  {
    sign: 'client-address-refused',
    mark: /client with IP|is not allowed access/i,
    stage: 'token',
    learntFrom: [AUTH_PAGE, PUSH_PAGE, WEB_APP_PAGE, BLOG, 'recording: errors.quoted-in-public-docs.json'],
  },
  {
    sign: 'registry-key',
    mark: /Key Encryption Key|associated with the registry is inactive/i,
    stage: 'manifest',
    learntFrom: [PUSH_PAGE],
  },
  {
    sign: 'operation-disallowed',
    mark: /operation is disallowed on this/i,
    stage: 'manifest',
    learntFrom: [PUSH_PAGE],
  },
  {
    sign: 'hub-rate-limited',
    mark: /reached your .{0,20}pull rate limit/i,
    stage: 'manifest',
    learntFrom: ['kubevela/kubevela#695'],
  },
  {
    sign: 'throttled',
    mark: /too ?many ?requests|(: |status:? |code:? )429\b/i,
    stage: 'manifest',
    learntFrom: [ERRCODES, CONTAINERD, 'Azure/AKS#1400', PUSH_PAGE],
  },

  // The network. What the proxy did is not the registry's doing.
  {
    sign: 'proxy',
    mark: /\bproxyconnect\b|Proxy Authentication Required/i,
    stage: 'connect',
    learntFrom: [GO_HTTP, PUSH_PAGE],
  },
  {
    // What a proxy answers to CONNECT: Go gives its status as words alone, those of the registry with their number.
    sign: 'proxy',
    mark: /\b[A-Z]\w+ "?URL"?: (Forbidden|Bad Gateway|Gateway Time-?out|Service Unavailable)/i,
    stage: 'connect',
    learntFrom: [GO_HTTP],
  },
  { sign: 'no-such-host', mark: /no such host/i, stage: 'dns', learntFrom: [GO_NET, CONTAINERD] },
  {
    sign: 'no-such-host',
    mark: /no data of the requested type was found/,
    stage: 'dns',
    learntFrom: [WINSOCK],
  },
  {
    sign: 'dns-no-answer',
    mark: /\blookup [^]{0,200}(i\/o timeout|server misbehaving|deadline exceeded)/i,
    stage: 'dns',
    learntFrom: [GO_NET, BLOG],
  },
  {
    sign: 'dns-no-answer',
    mark: /temporary error during hostname res/,
    stage: 'dns',
    learntFrom: [WINSOCK],
  },
  {
    sign: 'plain-http',
    mark: /HTTP response to HTTPS client/,
    stage: 'tls',
    learntFrom: [GO_HTTP, CONTAINERD],
  },
  { sign: 'tls-timeout', mark: /TLS handshake timeout/i, stage: 'tls', learntFrom: [GO_HTTP, BLOG] },
  { sign: 'untrusted', mark: /\bx509: /, stage: 'tls', learntFrom: [GO_X509, CONTAINERD] },
  {
    sign: 'tls-broken',
    mark: /\btls: /,
    stage: 'tls',
    learntFrom: [GO_TLS],
  },
  {
    sign: 'wrong-body',
    mark: /parsing HTTP 403 response body|<Code>AuthorizationFailure/,
    stage: 'blob',
    learntFrom: [MOBY, 'Azure/AKS#1383'],
  },
  {
    sign: 'cut-short',
    mark: /unexpected commit (digest|size)|failed size validation|short read/i,
    stage: 'blob',
    learntFrom: [CONTAINERD_CONTENT, 'containerd/containerd#4908', 'containerd/containerd#1893'],
  },
  { sign: 'cut-short', mark: /\bunexpected EOF\b/i, stage: 'blob', learntFrom: ['go: src/io'] },
  {
    sign: 'reset',
    mark: /connection reset|broken pipe/i,
    stage: 'connect',
    learntFrom: [GO_NET, BLOG],
  },
  {
    sign: 'reset',
    mark: /connection was (forcibly closed|aborted)/,
    stage: 'connect',
    learntFrom: [WINSOCK],
  },
  {
    sign: 'no-answer',
    mark: /i\/o timeout|connection timed out|while waiting for connection|no route to host|network is unreachable/i,
    stage: 'connect',
    learntFrom: [GO_NET, GO_HTTP],
  },
  {
    sign: 'no-answer',
    mark: /did not properly respond|to an unreachable (network|host)/,
    stage: 'connect',
    learntFrom: [WINSOCK, 'Azure/azure-cli#10142'],
  },
  { sign: 'refused', mark: /connection refused/i, stage: 'connect', learntFrom: [GO_NET, CONTAINERD] },
  { sign: 'refused', mark: /target machine actively refused/, stage: 'connect', learntFrom: [WINSOCK] },
  {
    sign: 'deadline',
    mark: /deadline exceeded|Client\.Timeout exceeded/i,
    stage: 'connect',
    learntFrom: [GO_HTTP, 'SupportArticles:context-deadline-exceeded'],
  },
  {
    sign: 'canceled',
    mark: /context canceled|code = Canceled|request canceled/,
    learntFrom: ['go: src/context', BLOG, 'Azure/AKS#245'],
  },
  {
    sign: 'closed',
    mark: /: EOF\b/,
    stage: 'connect',
    learntFrom: ['go: src/io', 'MicrosoftDocs/azure-docs#116188'],
  },

  // Answers.
  {
    sign: 'media-type',
    mark: /media type .{0,120}supported|unsupported media type/i,
    stage: 'manifest',
    learntFrom: ['containerd: core/images', 'ovh/cds#7735'],
  },
  {
    sign: 'media-type',
    mark: /prettyjws"? not supported/i,
    stage: 'manifest',
    learntFrom: ['moby/moby#44521'],
  },
  {
    // Charts and other artifacts are no images: what they hold isn't what their config lists.
    sign: 'media-type',
    mark: /mismatched image rootfs/,
    stage: 'unpack',
    learntFrom: ['containerd: client/image.go'],
  },
  {
    sign: 'manifest-invalid',
    mark: /\bMANIFEST_INVALID\b|\bmanifest invalid\b/i,
    stage: 'manifest',
    learntFrom: [ERRCODES, PUSH_PAGE],
  },
  {
    sign: 'server-error',
    mark: /(: |status:? |code:? )50[0-4]\b/i,
    stage: 'manifest',
    learntFrom: [CONTAINERD, MOBY],
  },
  {
    sign: 'tag-unknown',
    mark: /manifest[ _]unknown|manifest tagged by/i,
    stage: 'manifest',
    learntFrom: [ERRCODES, MOBY],
  },
  {
    sign: 'absent',
    // Not "repository does not exist or may require authorization", which strangers are told as well.
    mark: /(REF"?|sha256:\w+): not found|name[ _]unknown|(: |status:? |code:? )404\b/i,
    stage: 'manifest',
    learntFrom: [CONTAINERD, KUBELETS, ERRCODES],
  },
  // Cut before it says what wasn't found: an absent platform is a NotFound as well.
  { sign: 'not-found', mark: /code = NotFound/, stage: 'manifest', learntFrom: [CONTAINERD, KUBELETS] },

  // Refusals last: a kubelet's last, anonymous try always ends in one.
  {
    sign: 'exchange-refused',
    mark: /rejected token exchange/,
    stage: 'token',
    learntFrom: [CANIPULL, 'Azure/acr#695'],
  },
  {
    sign: 'exchange-refused',
    mark: /from exchange request|exchang\w+ token[^]{0,40}\b401\b/,
    stage: 'token',
    learntFrom: [PROVIDER, 'fluxcd/source-controller#898'],
  },
  {
    sign: 'scope-denied',
    mark: /access to the resource is denied/i,
    stage: 'manifest',
    learntFrom: [ERRCODES, 'argoproj-labs/argocd-image-updater#473'],
  },
  {
    sign: 'insufficient-scope',
    mark: /\binsufficient_scope\b|may require auth|pull access denied/i,
    stage: 'manifest',
    learntFrom: [CONTAINERD, KUBELETS],
  },
  {
    sign: 'forbidden',
    mark: /(: |status:? |code:? |HTTP )403\b|"DENIED"|\bdenied: |: forbidden\b/i,
    stage: 'token',
    learntFrom: [CONTAINERD, PULL_PAGE],
  },
  {
    sign: 'unauthorized',
    mark: /\b401\b|\bunauthorized\b|authentication required|failed to authorize/i,
    stage: 'token',
    learntFrom: [CONTAINERD, KUBELETS, MOBY],
  },
  // az acr adds it to whatever refused its login before.
  { sign: 'az-not-found', mark: /could not be found in subscription/, learntFrom: [AZ] },
  {
    sign: 'check-acr-ok',
    mark: /Your cluster can pull images/,
    learntFrom: [CANIPULL, 'Azure/azure-cli#16490'],
  },
] as const satisfies readonly Row[];

/** What stopped an attempt. */
export type Sign = (typeof RULES)[number]['sign'];
export interface Rule extends Row {
  sign: Sign;
}
