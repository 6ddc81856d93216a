/**
 * What failures look like, literally: templates of the messages that programs and services write, by the cause that they
 * have or may have. Facts, each with where the words are; what varies stands in braces. The index in docs/causes is made
 * from them, and whatever is in it, explain knows.
 */
import type { CauseId } from './causes.js';

export interface LiteralText {
  text: string;
  causes: readonly [CauseId, ...CauseId[]];
  source: string;
}

const CONTAINERD = 'containerd: core/remotes/docker';
const CONTAINERD_CLIENT = 'containerd: client/pull.go, core/images';
const GO_NET = 'go: src/net';
const GO_HTTP = 'go: src/net/http';
const GO_X509 = 'go: src/crypto/x509';
const KUBELET_IMAGES = 'kubernetes: pkg/kubelet/images';
const ERRCODES = 'distribution: registry/api/errcode';
const MOBY = 'moby: distribution';
const RECORDED = 'recording: errors.quoted-in-public-docs.json';
const ENTRA = 'docs: entra/identity-platform/reference-error-codes';
const CANIPULL = 'aks-canipull';
const RBAC = 'docs: rest/api/authorization common errors';

/** In the order of a pull: its name, the way, who asks, what is asked for, what comes of it; then Azure and Entra. */
export const TEXTS: readonly LiteralText[] = [
  // The name.
  {
    text: 'Failed to apply default image tag "{image}": couldn\'t parse image reference "{image}": invalid reference format',
    causes: ['image-name-invalid'],
    source: KUBELET_IMAGES,
  },
  {
    text: 'Container image "{image}" is not present with pull policy of Never',
    causes: ['image-never-pulled'],
    source: KUBELET_IMAGES,
  },
  { text: 'pull QPS exceeded', causes: ['kubelet-qps-exceeded'], source: KUBELET_IMAGES },
  // The way.
  {
    text: 'dial tcp: lookup {login server} on {DNS server}:53: no such host',
    causes: ['dns-nxdomain', 'wrong-login-server'],
    source: GO_NET,
  },
  {
    text: 'dial tcp: lookup {login server}: i/o timeout',
    causes: ['dns-timeout'],
    source: GO_NET,
  },
  {
    text: 'dial tcp: lookup {login server} on {DNS server}:53: server misbehaving',
    causes: ['dns-timeout'],
    source: GO_NET,
  },
  { text: 'dial tcp {address}:443: i/o timeout', causes: ['connection-timeout'], source: GO_NET },
  {
    text: 'dial tcp {private address}:443: i/o timeout',
    causes: ['private-endpoint-unreachable'],
    source: GO_NET,
  },
  {
    text: 'dial tcp {address}:443: connect: connection refused',
    causes: ['connection-timeout'],
    source: GO_NET,
  },
  {
    text: 'failed to do request: Head "https://{login server}/v2/{repository}/manifests/{tag}": context deadline exceeded',
    causes: ['connection-timeout', 'dns-timeout', 'private-endpoint-unreachable'],
    source: GO_HTTP,
  },
  {
    text: 'failed to do request: Head "https://{login server}/v2/{repository}/manifests/{tag}": read: connection reset by peer',
    causes: ['connection-reset'],
    source: GO_NET,
  },
  { text: 'net/http: TLS handshake timeout', causes: ['tls-handshake-timeout'], source: GO_HTTP },
  {
    text: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    causes: ['tls-unknown-authority'],
    source: GO_X509,
  },
  {
    text: 'proxyconnect tcp: dial tcp {address}:3128: connect: connection refused',
    causes: ['proxy-error'],
    source: GO_HTTP,
  },
  {
    text: 'http: server gave HTTP response to HTTPS client',
    causes: ['registry-plain-http'],
    source: GO_HTTP,
  },
  {
    text: 'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://{account}.blob.core.windows.net/{path}": dial tcp {address}:443: i/o timeout',
    causes: ['storage-endpoint-blocked'],
    source: CONTAINERD,
  },
  {
    text: 'failed to do request: Get "https://{data endpoint}/{path}": dial tcp: lookup {data endpoint}: no such host',
    causes: ['storage-endpoint-blocked'],
    source: CONTAINERD,
  },
  // Who asks.
  {
    text: 'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://{login server}/oauth2/token?{query}: 401 Unauthorized',
    causes: [
      'unauthorized-no-role',
      'abac-wrong-role',
      'role-propagation-delay',
      'kubelet-identity-missing',
      'pull-secret-not-referenced',
    ],
    source: CONTAINERD,
  },
  {
    text: 'failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://{login server}/oauth2/token: 401 Unauthorized',
    causes: [
      'unauthorized-bad-pull-secret',
      'unauthorized-no-role',
      'unauthorized-sp-secret-invalid-or-expired',
    ],
    source: CONTAINERD,
  },
  {
    text: 'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    causes: ['unauthorized-or-repo-missing', 'abac-wrong-role', 'unauthorized-no-role'],
    source: CONTAINERD,
  },
  {
    text: 'Error response from daemon: Get https://{login server}/v2/{repository}/manifests/{tag}: unauthorized: authentication required',
    causes: ['unauthorized-no-role', 'unauthorized-bad-pull-secret', 'unauthorized-wrong-principal'],
    source: ERRCODES,
  },
  {
    text: 'denied: requested access to the resource is denied',
    causes: ['token-scope-too-narrow', 'third-party-registry-anonymous-denied'],
    source: ERRCODES,
  },
  {
    text: "denied: client with IP '{address}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access",
    causes: ['firewall-403'],
    source: RECORDED,
  },
  {
    text: 'unexpected status from HEAD request to https://{login server}/v2/{repository}/manifests/{tag}: 403 Forbidden',
    causes: ['firewall-403', 'unauthorized-no-role'],
    source: CONTAINERD,
  },
  {
    text: '{"error":"invalid_request","error_description":"Identity not found"}',
    causes: ['kubelet-identity-missing'],
    source: 'docs: managed-identities how-to-use-vm-token',
  },
  {
    text: 'failed execing credential provider acr-credential-provider: exit status 1',
    causes: ['credential-provider-error'],
    source: 'kubernetes: pkg/credentialprovider/plugin',
  },
  {
    text: 'Validating managed identity existance: FAILED',
    causes: ['kubelet-identity-missing', 'node-identity-misconfigured'],
    source: CANIPULL,
  },
  {
    text: 'Validating service principal credential: FAILED',
    causes: ['unauthorized-sp-secret-invalid-or-expired'],
    source: CANIPULL,
  },
  { text: 'Your cluster can pull images from {login server}!', causes: ['check-ok'], source: CANIPULL },
  // What is asked for.
  {
    text: 'rpc error: code = NotFound desc = {image}: not found',
    causes: ['image-not-found'],
    source: CONTAINERD,
  },
  {
    text: 'manifest unknown: manifest tagged by "{tag}" is not found',
    causes: ['tag-not-found'],
    source: ERRCODES,
  },
  {
    text: 'no match for platform in manifest: not found',
    causes: ['platform-mismatch-os', 'platform-mismatch-arch'],
    source: CONTAINERD_CLIENT,
  },
  {
    text: 'no matching manifest for linux/arm64/v8 in the manifest list entries',
    causes: ['platform-mismatch-os', 'platform-mismatch-arch'],
    source: MOBY,
  },
  {
    text: 'a Windows version {version}-based image is incompatible with a {version} host',
    causes: ['windows-version-mismatch'],
    source: MOBY,
  },
  { text: 'exec /app: exec format error', causes: ['platform-mismatch-arch'], source: 'linux: ENOEXEC' },
  {
    text: 'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is not supported',
    causes: ['manifest-media-type'],
    source: CONTAINERD_CLIENT,
  },
  {
    text: 'The operation is disallowed on this registry, repository or image',
    causes: ['registry-locked', 'registry-full'],
    source: RECORDED,
  },
  {
    text: 'unexpected status from HEAD request to https://{login server}/v2/{repository}/manifests/{tag}: 429 Too Many Requests',
    causes: ['rate-limited-429'],
    source: ERRCODES,
  },
  {
    text: 'toomanyrequests: You have reached your pull rate limit',
    causes: ['rate-limited-429-dockerhub'],
    source: 'docs: docker.com pull usage and limits',
  },
  {
    text: 'unexpected status from HEAD request to https://{login server}/v2/{repository}/manifests/{tag}: 503 Service Unavailable',
    causes: ['registry-5xx'],
    source: CONTAINERD,
  },
  // What comes of it.
  {
    text: 'failed commit on ref "{ref}": unexpected commit digest {digest}, expected {digest}: failed precondition',
    causes: ['interrupted-download'],
    source: 'containerd: core/content',
  },
  {
    text: 'rpc error: code = Canceled desc = context canceled',
    causes: ['pull-canceled'],
    source: 'go: src/context',
  },
  { text: 'write {path}: no space left on device', causes: ['disk-pressure'], source: 'linux: ENOSPC' },
  {
    text: 'The node was low on resource: ephemeral-storage.',
    causes: ['disk-pressure'],
    source: 'kubernetes: pkg/kubelet/eviction',
  },
  {
    text: 'admission webhook "{name}" denied the request: [azurepolicy-{name}] {message}',
    causes: ['admission-policy-denied'],
    source: 'kubernetes: apiserver/admission/plugin/webhook',
  },
  // Entra.
  { text: 'AADSTS7000215: Invalid client secret provided.', causes: ['aad-bad-secret'], source: ENTRA },
  {
    text: "AADSTS7000222: The provided client secret keys for app '{id}' are expired.",
    causes: ['aad-secret-expired'],
    source: ENTRA,
  },
  {
    text: 'AADSTS700213: No matching federated identity record found for presented assertion subject',
    causes: ['aad-federated-no-match'],
    source: ENTRA,
  },
  {
    text: "AADSTS700016: Application with identifier '{id}' was not found in the directory",
    causes: ['aad-app-not-found'],
    source: ENTRA,
  },
  // Azure Resource Manager.
  {
    text: "(AuthorizationFailed) The client '{id}' with object id '{id}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid.",
    causes: ['arm-authorization-missing'],
    source: 'recording: roleAssignments.403.AuthorizationFailed.json',
  },
  {
    text: "has an authorization with ABAC condition that is not fulfilled to perform action '{action}'",
    causes: ['arm-abac-condition'],
    source: RECORDED,
  },
  {
    text: 'Could not create a role assignment for ACR. Are you an Owner on this subscription?',
    causes: ['arm-authorization-missing', 'arm-principal-not-found-cross-tenant', 'attach-acr-false-error'],
    source: 'azure-cli: acs/_roleassignments.py',
  },
  {
    text: '(RoleAssignmentExists) The role assignment already exists.',
    causes: ['arm-role-exists'],
    source: 'recording: roleAssignments.409.RoleAssignmentExists.json',
  },
  { text: '(RoleAssignmentLimitExceeded)', causes: ['arm-role-limit'], source: RECORDED },
  {
    text: '(RoleAssignmentUpdateNotPermitted) Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
    causes: ['arm-role-update-not-permitted'],
    source: RECORDED,
  },
  {
    text: '(PrincipalNotFound) Principal {id} does not exist in the directory {tenant}.',
    causes: [
      'arm-principal-not-found-replication',
      'arm-invalid-principal-id',
      'arm-principal-not-found-cross-tenant',
    ],
    source: 'recording: roleAssignments.400.PrincipalNotFound.json',
  },
  {
    text: '(UnmatchedPrincipalType)',
    causes: ['arm-principal-type-mismatch'],
    source: 'recording: roleAssignments.400.UnmatchedPrincipalType.json',
  },
  {
    text: '(LinkedAuthorizationFailed)',
    causes: ['arm-linked-authorization'],
    source: 'docs: linkedauthorizationfailed-error',
  },
  {
    text: '(RequestDisallowedByPolicy)',
    causes: ['arm-policy-denied'],
    source: 'docs: requestdisallowedbypolicy-error',
  },
  {
    text: '(ScopeLocked)',
    causes: ['arm-scope-locked'],
    source: 'docs: azure-resource-manager lock-resources',
  },
  {
    text: '(DenyAssignmentAuthorizationFailed)',
    causes: ['arm-deny-assignment'],
    source: 'docs: role-based-access-control/deny-assignments',
  },
  { text: '(RoleDefinitionDoesNotExist)', causes: ['arm-role-definition-missing'], source: RBAC },
  {
    text: '(InvalidAuthenticationTokenTenant)',
    causes: ['arm-tenant-mismatch'],
    source: 'docs: azure-resource-manager common-deployment-errors',
  },
  {
    text: '(ReadOnlyDisabledSubscription)',
    causes: ['arm-subscription-disabled'],
    source: 'docs: azure-resource-manager common-deployment-errors',
  },
  {
    text: 'Insufficient privileges to complete the operation.',
    causes: ['arm-graph-permission'],
    source: 'azure-docs:role-based-access-control/troubleshooting',
  },
];

/** What stands for each of the braces, so that a template can be read like a message. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'login server': 'contoso.azurecr.io',
  'data endpoint': 'contoso.westeurope.data.azurecr.io',
  account: 'eusmanaged1',
  image: 'contoso.azurecr.io/shop/web:1.4',
  repository: 'shop/web',
  tag: '1.4',
  address: '20.61.97.128',
  'private address': '10.224.0.7',
  'DNS server': '168.63.129.16',
  digest: `sha256:${'0'.repeat(64)}`,
  id: '00000000-0000-4000-8000-000000000001',
  tenant: '00000000-0000-4000-8000-000000000002',
  version: '10.0.20348',
};

/** A message as its template has it, with an example for everything that varies. */
export function exampleOf({ text }: Pick<LiteralText, 'text'>): string {
  return text.replace(/\{([A-Za-z ]+)\}/g, (_all, name: string) => EXAMPLES[name] ?? name);
}
