/**
 * Messages that no rule was learnt from: of other runtimes (CRI-O, Docker, Windows), other clouds, other tools, cut and nested.
 * Made from the words of the programs' sources and of public threads, with hosts and names of nobody's.
 */
import { expect, it } from '@jest/globals';
import type { CauseId } from '../../../../src/core/diagnosis/causes.js';
import { explainText } from '../../../../src/core/diagnosis/explanation.js';

/** What it is, the message, the cause that leads, and whether the words alone tell. */
const MESSAGES: readonly [string, string, CauseId, boolean][] = [
  [
    'crio dns',
    'Failed to pull image "fabrikam.azurecr.io/api/orders:7.2": rpc error: code = Unknown desc = pinging container registry fabrikam.azurecr.io: Get "https://fabrikam.azurecr.io/v2/": dial tcp: lookup fabrikam.azurecr.io on 10.0.0.10:53: no such host',
    'dns-nxdomain',
    false,
  ],
  [
    'crio unauthorized',
    'Failed to pull image "fabrikam.azurecr.io/api/orders:7.2": rpc error: code = Unknown desc = reading manifest 7.2 in fabrikam.azurecr.io/api/orders: unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.',
    'unauthorized-no-role',
    false,
  ],
  [
    'crio manifest unknown',
    'Failed to pull image "fabrikam.azurecr.io/api/orders:7.2": rpc error: code = Unknown desc = reading manifest 7.2 in fabrikam.azurecr.io/api/orders: manifest unknown: manifest tagged by "7.2" is not found',
    'tag-not-found',
    true,
  ],
  [
    'crio init source',
    'Failed to pull image "fabrikam.azurecr.io/api/orders:7.2": initializing source docker://fabrikam.azurecr.io/api/orders:7.2: reading manifest 7.2 in fabrikam.azurecr.io/api/orders: denied: requested access to the resource is denied',
    'token-scope-too-narrow',
    false,
  ],
  [
    'crio arch',
    'Failed to pull image "fabrikam.azurecr.io/api/orders:7.2": rpc error: code = Unknown desc = choosing an image from manifest list docker://fabrikam.azurecr.io/api/orders:7.2: no image found in image index for architecture "arm64", variant "v8", OS "linux"',
    'platform-mismatch-os',
    false,
  ],
  [
    'crio x509',
    'pinging container registry fabrikam.azurecr.io: Get "https://fabrikam.azurecr.io/v2/": tls: failed to verify certificate: x509: certificate is valid for *.corp.example, not fabrikam.azurecr.io',
    'tls-unknown-authority',
    true,
  ],
  [
    'crio toomany',
    'Failed to pull image "docker.io/library/nginx:1.27": reading manifest 1.27 in docker.io/library/nginx: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
    'rate-limited-429-dockerhub',
    true,
  ],
  [
    'crio short name',
    'Failed to inspect image "": rpc error: code = Unknown desc = short name mode is enforcing, but image name web:1.2 returns ambiguous list',
    'image-name-invalid',
    true,
  ],
  [
    'crio sig',
    'SignatureValidationFailed: image pull failed for fabrikam.azurecr.io/x:1 because the signature validation failed: Source image rejected: A signature was required, but no signature exists',
    'image-policy-denied',
    true,
  ],
  [
    'china 401',
    'Failed to pull image "contosocn.azurecr.cn/shop/web:2": rpc error: code = Unknown desc = failed to pull and unpack image "contosocn.azurecr.cn/shop/web:2": failed to resolve reference "contosocn.azurecr.cn/shop/web:2": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://contosocn.azurecr.cn/oauth2/token?scope=repository%3Ashop%2Fweb%3Apull&service=contosocn.azurecr.cn: 401 Unauthorized',
    'unauthorized-no-role',
    false,
  ],
  [
    'china blob timeout',
    'Failed to pull image "contosocn.azurecr.cn/shop/web:2": failed to pull and unpack image "contosocn.azurecr.cn/shop/web:2": failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://cne2managed12.blob.core.chinacloudapi.cn/abc/docker/registry/v2/blobs/sha256/aa/data?se=2024": dial tcp 40.73.1.2:443: i/o timeout',
    'storage-endpoint-blocked',
    true,
  ],
  [
    'gov data endpoint nx',
    'failed to do request: Get "https://contosogov.usgovvirginia.data.azurecr.us/x?y": dial tcp: lookup contosogov.usgovvirginia.data.azurecr.us on 168.63.129.16:53: no such host',
    'storage-endpoint-blocked',
    true,
  ],
  [
    'gov blob reset',
    'failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://usgvmanaged1.blob.core.usgovcloudapi.net/aa": read tcp 10.1.0.4:51234->52.127.1.1:443: read: connection reset by peer',
    'storage-endpoint-blocked',
    true,
  ],
  [
    'hcsshim version',
    'Failed to pull image "contoso.azurecr.io/win/app:1": rpc error: code = Unknown desc = failed to pull and unpack image "contoso.azurecr.io/win/app:1": no match for platform in manifest: not found',
    'platform-mismatch-os',
    false,
  ],
  [
    'hcs create',
    'Error: failed to create containerd task: failed to create shim task: hcs::CreateComputeSystem web: The container operating system does not match the host operating system.: unknown',
    'windows-version-mismatch',
    true,
  ],
  [
    'hcs disk',
    'failed to pull and unpack image "contoso.azurecr.io/win/app:1": failed to extract layer sha256:ab: hcsshim::ImportLayer - failed failed in Win32: There is not enough space on the disk. (0x70): unknown',
    'disk-pressure',
    true,
  ],
  [
    'linux extract disk',
    'Failed to pull image "contoso.azurecr.io/a:1": failed to pull and unpack image "contoso.azurecr.io/a:1": failed to extract layer sha256:0001: write /var/lib/containerd/tmpmounts/containerd-mount1/usr/lib/x.so: no space left on device: unknown',
    'disk-pressure',
    true,
  ],
  [
    'windows docker',
    'Failed to pull image "contoso.azurecr.io/win/app:1": rpc error: code = Unknown desc = a Windows version 10.0.20348-based image is incompatible with a 10.0.17763 host',
    'windows-version-mismatch',
    true,
  ],
  [
    'windows dial',
    'Failed to pull image "contoso.azurecr.io/a:1": failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp 20.61.97.129:443: connectex: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.',
    'connection-timeout',
    true,
  ],
  [
    'windows refused',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp 20.61.97.129:443: connectex: No connection could be made because the target machine actively refused it.',
    'connection-timeout',
    true,
  ],
  [
    'windows reset',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": read tcp 10.0.0.4:1->20.1.1.1:443: wsarecv: An existing connection was forcibly closed by the remote host.',
    'connection-reset',
    true,
  ],
  [
    'windows nx',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp: lookup contoso.azurecr.io: getaddrinfow: No such host is known.',
    'dns-nxdomain',
    false,
  ],
  [
    'docker 500 daemon',
    'Error response from daemon: Head "https://contoso.azurecr.io/v2/a/manifests/1": unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information. CorrelationId: 1234',
    'unauthorized-no-role',
    false,
  ],
  [
    'docker client timeout',
    'Error response from daemon: Get https://contoso.azurecr.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'connection-timeout',
    true,
  ],
  [
    'docker 503 proxy',
    'Error response from daemon: Get "https://contoso.azurecr.io/v2/": Service Unavailable',
    'proxy-error',
    true,
  ],
  [
    'squid 403',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": Forbidden',
    'proxy-error',
    true,
  ],
  [
    '407',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": Proxy Authentication Required',
    'proxy-error',
    true,
  ],
  [
    'containerd2 exceeded',
    'Failed to pull image "contoso.azurecr.io/a:1": failed to pull and unpack image "contoso.azurecr.io/a:1": failed to resolve reference "contoso.azurecr.io/a:1": failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": net/http: TLS handshake timeout',
    'tls-handshake-timeout',
    true,
  ],
  [
    'priv ep',
    'Back-off pulling image "contoso.azurecr.io/a:1": ErrImagePull: failed to pull and unpack image "contoso.azurecr.io/a:1": failed to resolve reference "contoso.azurecr.io/a:1": failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp 172.20.4.9:443: connect: no route to host',
    'private-endpoint-unreachable',
    true,
  ],
  [
    'ipv6',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp [2603:1020:206::1]:443: connect: network is unreachable',
    'connection-timeout',
    true,
  ],
  [
    'fw 403 containerd',
    'failed to resolve reference "contoso.azurecr.io/a:1": unexpected status from HEAD request to https://contoso.azurecr.io/v2/a/manifests/1: 403 Forbidden',
    'firewall-403',
    false,
  ],
  [
    'fw oauth2 containerd',
    'failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://contoso.azurecr.io/oauth2/token: 403 Forbidden',
    'firewall-403',
    false,
  ],
  [
    'layer sha',
    'failed to pull and unpack image "contoso.azurecr.io/a:1": failed commit on ref "layer-sha256:77": unexpected commit size 200, expected 1000: failed precondition',
    'interrupted-download',
    true,
  ],
  [
    'manifest encrypted',
    'failed to pull and unpack image "x.azurecr.io/a:1": mismatched image rootfs and manifest layers',
    'manifest-media-type',
    true,
  ],
  [
    'unsupp',
    'failed to pull and unpack image "x.azurecr.io/a:1": failed to unpack image on snapshotter overlayfs: unsupported media type application/vnd.cncf.helm.config.v1+json',
    'manifest-media-type',
    true,
  ],
  [
    'helm chart',
    'Failed to pull image "x.azurecr.io/charts/a:1": failed to pull and unpack image "x.azurecr.io/charts/a:1": failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers',
    'manifest-media-type',
    true,
  ],
  [
    'schema1',
    'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1, please rebuild the image as "application/vnd.docker.distribution.manifest.v2+json" or "application/vnd.oci.image.manifest.v1+json"',
    'manifest-media-type',
    true,
  ],
  [
    'acr 401 body',
    '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required, visit https://aka.ms/acr/authorization for more information. CorrelationId: 9d4","detail":[{"Type":"repository","Name":"a","Action":"pull"}]}]}',
    'unauthorized-no-role',
    false,
  ],
  [
    'acr 404 body',
    '{"errors":[{"code":"NAME_UNKNOWN","message":"repository \\"a\\" is not found","detail":{"name":"a"}}]}',
    'image-not-found',
    true,
  ],
  [
    'acr denied IP',
    '{"errors":[{"code":"DENIED","message":"client with IP \'40.1.2.3\' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}',
    'firewall-403',
    true,
  ],
  [
    'acr 429',
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests","detail":"..."}]}',
    'rate-limited-429',
    true,
  ],
  [
    'check-acr ok',
    '[2024-05-01T10:00:00Z] Checking host name resolution (contoso.azurecr.io): SUCCEEDED\n[..] Canonical name for ACR (contoso.azurecr.io): r0-weu.azurecr.io.\n[..] ACR location: westeurope\n[..] Checking managed identity...\n[..] Kubelet managed identity client ID: 1234\n[..] Validating managed identity existance: SUCCEEDED\n[..] Validating image pull permission: FAILED\n[..] ACR contoso.azurecr.io rejected token exchange: ACR token exchange endpoint returned error status: 401. body: {"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
    'unauthorized-no-role',
    false,
  ],
  [
    'check-acr 403',
    '[..] Validating image pull permission: FAILED\n[..] ACR contoso.azurecr.io rejected token exchange: ACR token exchange endpoint returned error status: 403. body:',
    'firewall-403',
    false,
  ],
  [
    'az aks check',
    "The login server endpoint suffix '.azurecr.io' is automatically appended. Could not create a role assignment for ACR. Are you an Owner on this subscription?",
    'arm-authorization-missing',
    false,
  ],
  [
    'AADSTS53003',
    'AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
    'conditional-access',
    true,
  ],
  [
    'AADSTS90002',
    "AADSTS90002: Tenant '11111111-2222-3333-4444-555555555555' not found. Check to make sure you have the correct tenant ID",
    'tenant-not-found',
    true,
  ],
  [
    'AADSTS700024',
    'AADSTS700024: Client assertion is not within its valid time range. Current time: 2024-01-01T',
    'assertion-expired',
    true,
  ],
  [
    'AADSTS500011',
    'AADSTS500011: The resource principal named https://containerregistry.azure.net was not found in the tenant named X',
    'resource-not-in-tenant',
    true,
  ],
  [
    'AADSTS7000229',
    'AADSTS7000229: The client application 1234 is missing service principal in the tenant',
    'aad-app-not-found',
    true,
  ],
  ['AADSTS7000112', "AADSTS7000112: Application '1234'(x) is disabled.", 'application-disabled', true],
  [
    'AADSTS70043',
    'AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access.',
    'login-expired',
    true,
  ],
  [
    'AADSTS50076',
    'AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication',
    'conditional-access',
    true,
  ],
  [
    'ARM throttled',
    '{"error":{"code":"TooManyRequests","message":"The request is being throttled as the limit has been reached for operation type - Read."}} x-ms-ratelimit HTTP 429 https://management.azure.com/subscriptions/x',
    'arm-throttled',
    true,
  ],
  [
    'ARM not found',
    "(ResourceNotFound) The Resource 'Microsoft.ContainerRegistry/registries/contosso' under resource group 'images' was not found.",
    'registry-not-found',
    true,
  ],
  [
    'ARM AKS not found',
    "(ResourceNotFound) The Resource 'Microsoft.ContainerService/managedClusters/shopp' under resource group 'apps' was not found.",
    'cluster-not-found',
    true,
  ],
  [
    'ARM ABAC reg',
    'az: The client x with object id y has an authorization with ABAC condition that is not fulfilled to perform action Microsoft.Authorization/roleAssignments/write over scope z',
    'arm-abac-condition',
    true,
  ],
  [
    'IMDS not found',
    'failed to get credentials from managed identity: ManagedIdentityCredential authentication failed GET http://169.254.169.254/metadata/identity/oauth2/token RESPONSE 400 Bad Request {"error":"invalid_request","error_description":"Identity not found"}',
    'kubelet-identity-missing',
    true,
  ],
  [
    'IMDS multiple',
    '{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"}',
    'credential-provider-multiple-identities',
    true,
  ],
  [
    'provider plugin',
    'E0101 plugin.go:1 Failed getting credential from external registry credential provider: error execing credential provider plugin acr-credential-provider for image contoso.azurecr.io/a: exit status 1',
    'credential-provider-error',
    true,
  ],
  [
    'kubelet 1.33+ ensure secret',
    'Failed to pull image "contoso.azurecr.io/a:1": ErrImageNeverPull: Container image "contoso.azurecr.io/a:1" is not present with pull policy of Never',
    'image-never-pulled',
    true,
  ],
  ['ensured image', 'Error: ErrImageNeverPull', 'image-never-pulled', true],
  [
    'trunc2',
    '...azurecr.io/oauth2/token?scope=repository%3Aa%3Apull&service=contoso.azurecr.io: 401 Unauthor',
    'unauthorized-no-role',
    false,
  ],
  [
    'nested mix',
    'Failed to pull image "contoso.azurecr.io/a:1": [failed to pull and unpack image "contoso.azurecr.io/a:1": failed to resolve reference "contoso.azurecr.io/a:1": failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": dial tcp: lookup contoso.azurecr.io on 10.0.0.10:53: server misbehaving, failed to pull and unpack image "contoso.azurecr.io/a:1": failed to resolve reference "contoso.azurecr.io/a:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://contoso.azurecr.io/oauth2/token?scope=x&service=contoso.azurecr.io: 401 Unauthorized]',
    'unauthorized-no-role',
    false,
  ],
  [
    'flux',
    'failed to get credential from azure: error: unexpected status code 401 from exchange request',
    'unauthorized-no-role',
    false,
  ],
  [
    'kyverno',
    'admission webhook "mutate.kyverno.svc-fail" denied the request: resource Pod/default/a was blocked due to the following policies verify-image: check: failed to verify image contoso.azurecr.io/a:1: .attestors[0].entries[0].keys: no matching signatures',
    'image-policy-denied',
    true,
  ],
  [
    'ratify',
    'admission webhook "validation.gatekeeper.sh" denied the request: [ratify-constraint] Subject failed verification: contoso.azurecr.io/a@sha256:1',
    'image-policy-denied',
    true,
  ],
  [
    'gatekeeper allowed',
    'admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-k8sazurev2containerallowedimag-1] Container image docker.io/nginx for container web has not been allowed.',
    'image-policy-denied',
    true,
  ],
  [
    'exec fmt',
    'exec /usr/local/bin/docker-entrypoint.sh: exec format error',
    'platform-mismatch-arch',
    false,
  ],
  ['qps', 'Failed to pull image "contoso.azurecr.io/a:1": pull QPS exceeded', 'kubelet-qps-exceeded', true],
  [
    'pull progress',
    'Failed to pull image "contoso.azurecr.io/a:1": rpc error: code = Canceled desc = failed to pull and unpack image "contoso.azurecr.io/a:1": context canceled',
    'pull-canceled',
    true,
  ],
  [
    'ghcr denied',
    'Failed to pull image "ghcr.io/acme/web:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fweb%3Apull&service=ghcr.io: 401 Unauthorized',
    'unauthorized-bad-pull-secret',
    false,
  ],
  [
    'hub denied',
    'Failed to pull image "acme/web:1": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/acme/web:1": failed to resolve reference "docker.io/acme/web:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'unauthorized-or-repo-missing',
    false,
  ],
  [
    'blob 409',
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://weumanaged3.blob.core.windows.net/x: 403 Server failed to authenticate the request',
    'storage-endpoint-blocked',
    false,
  ],
  [
    'acr login',
    'unable to retrieve auth token: invalid username/password: unauthorized: authentication required',
    'unauthorized-no-role',
    false,
  ],
  [
    'podman',
    'Error: initializing source docker://contoso.azurecr.io/a:1: pinging container registry contoso.azurecr.io: received unexpected HTTP status: 503 Service Unavailable',
    'registry-5xx',
    true,
  ],
  [
    'check-acr private timeout',
    '[2021-12-29T14:41:37Z] Validating image pull permission: FAILED [2021-12-29T14:41:37Z] ACR dx.azurecr.io rejected token exchange: failed to send token exchange request: Post https://dx.azurecr.io/oauth2/exchange: dial tcp 10.201.3.5:443: i/o timeout',
    'private-endpoint-unreachable',
    true,
  ],
  [
    'hcs 2',
    'Failed create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox container for pod "x": Error response from daemon: container 79 encountered an error during CreateContainer: failure in a Windows system call: The operating system of the container does not match the operating system of the host. (0xc0370101)',
    'windows-version-mismatch',
    true,
  ],
  [
    'crio sig 2',
    'Failed to pull image "quay.io/crio/unsigned": SignatureValidationFailed: Source image rejected: A signature was required, but no signature exists',
    'image-policy-denied',
    true,
  ],
  [
    'az acr show',
    "The resource with name 'contosso' and type 'Microsoft.ContainerRegistry/registries' could not be found in subscription 'Main (94321bdf-da5f-4cc4-86eb-fe1c24335bfb)'.",
    'registry-not-found',
    false,
  ],
  [
    'proxy bad gateway',
    'failed to do request: Head "https://contoso.azurecr.io/v2/a/manifests/1": Bad Gateway',
    'proxy-error',
    true,
  ],
  [
    'real 502',
    'unexpected status from HEAD request to https://contoso.azurecr.io/v2/a/manifests/1: 502 Bad Gateway',
    'registry-5xx',
    true,
  ],
];

it.each(MESSAGES)('%s', (_, message, cause, determined) => {
  const told = explainText(message);
  expect(told.map((one) => [one.causes[0]?.id, one.determined])).toEqual([[cause, determined]]);
});

/** Nothing of a registry's: these may be offered causes, but none of them is sure, and most are none at all. */
it.each([
  'Readiness probe failed: Get "http://10.244.0.9:8080/health": dial tcp 10.244.0.9:8080: connect: connection refused',
  'Back-off restarting failed container web in pod web-5c_default(1)',
  'Error creating: pods "a-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10',
  '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found.',
  'MountVolume.SetUp failed for volume "x": rpc error: code = Unknown desc = failed to get secret: 403 Forbidden',
  'ERROR login failed: 401 Unauthorized for user bob at https://api.example.com/login',
  'Failed to pull image "contoso.azurecr.io/a:1": ImagePullBackOff: Back-off pulling image',
  'Failed to pull image "contoso.azurecr.io/a:1": failed to pull and unpack image "contoso.azurecr.io/a:1": failed to res',
])('is not sure of %j', (message) => {
  expect(explainText(message).filter(({ determined }) => determined)).toEqual([]);
});
