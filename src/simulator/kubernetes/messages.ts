/**
 * Every text that nodes and controllers write, once. Wording: kubelet 1.36.2 with containerd 2.1.9 unless a line says
 * otherwise. Sources: captures cri-containerd-2.1.9.json and node-1.36.2-containerd-2.1.9/*.json by default;
 * what is from source code or public reports is named at its line.
 */

/** Quotes as Go's %q does for plain text. */
const q = (text: string): string => JSON.stringify(text);

export const MESSAGES = {
  // Scheduler. Words: kubernetes/kubernetes pkg/scheduler; "taint(s)" without the taint is how 1.36 clusters put it
  // in public reports, older ones name it: `had untolerated taint {key: value}`.
  assigned: (namespace: string, pod: string, node: string) =>
    `Successfully assigned ${namespace}/${pod} to ${node}`,
  untoleratedTaint: () => 'node(s) had untolerated taint(s)',
  nodeAffinity: () => "node(s) didn't match Pod's node affinity/selector",
  unschedulableNode: () => 'node(s) were unschedulable',
  insufficient: (resource: string) => `Insufficient ${resource}`,
  tooManyPods: () => 'Too many pods',
  // The second half: pkg/scheduler/framework/preemption.
  noNode: (refusals: { reasons: string[]; resolvable: boolean }[]) => {
    const total = refusals.length;
    if (total === 0) return 'no nodes available to schedule pods';
    const none = `0/${total} nodes are available: `;
    const reasons = counted(refusals.flatMap((refusal) => refusal.reasons));
    const evicting = counted(
      refusals.map(({ resolvable }) =>
        resolvable
          ? 'No preemption victims found for incoming pod'
          : 'Preemption is not helpful for scheduling',
      ),
    );
    return `${none}${reasons}. no new claims to deallocate, preemption: ${none}${evicting}.`;
  },

  // Autoscalers. Words: kubernetes/autoscaler cluster-autoscaler processors/status/eventing_scale_up_processor.go;
  // kubernetes-sigs/karpenter pkg/controllers/provisioning/scheduling/events.go. Assumption: the names of the scale set
  // and of the nodeclaim.
  scaleUp: (pool: string, count: number, most: number) =>
    `pod triggered scale-up: [{aks-${pool}-vmss ${count}->${count + 1} (max: ${most})}]`,
  noScaleUp: (full: number, pools: number) =>
    `pod didn't trigger scale-up: ${[
      ...(full > 0 ? [`${full} max node group size reached`] : []),
      ...(pools > full ? [`${pools - full} node(s) didn't match Pod's node affinity/selector`] : []),
    ].join(', ')}`,
  nominated: (claim: string) => `Pod should schedule on: nodeclaim/${claim}`,

  // Job controller.
  createdPod: (pod: string) => `Created pod: ${pod}`,
  deletedPod: (pod: string) => `Deleted pod: ${pod}`,
  errorCreating: (why: string) => `Error creating: ${why}`,
  jobCompleted: () => 'Job completed',
  completionsReached: () => 'Reached expected number of succeeded pods',
  backoffLimitExceeded: () => 'Job has reached the specified backoff limit',
  deadlineExceeded: () => 'Job was active longer than specified deadline',

  // Kubelet.
  pulling: (image: string) => `Pulling image ${q(image)}`,
  pulled: (image: string, duration: string, bytes: number) =>
    `Successfully pulled image ${q(image)} in ${duration} (${duration} including waiting). Image size: ${bytes} bytes.`,
  // Public reports of clusters from 1.35 on; before, it ended at "machine".
  alreadyPresent: (image: string) =>
    `Container image ${q(image)} already present on machine and can be accessed by the pod`,
  failedToPull: (image: string, why: string) => `Failed to pull image ${q(image)}: ${why}`,
  errorReason: (reason: string) => `Error: ${reason}`,
  backOff: (image: string) => `Back-off pulling image ${q(image)}`,
  backOffWith: (image: string, why: string) => `Back-off pulling image ${q(image)}: ErrImagePull: ${why}`,
  neverPull: (image: string) => `Container image ${q(image)} is not present with pull policy of Never`,
  invalidImageName: (image: string, why: string) =>
    `Failed to apply default image tag ${q(image)}: couldn't parse image name ${q(image)}: ${why}`,
  missingPullSecrets: (names: string[]) =>
    `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`,
  containerCreated: () => 'Container created',
  containerStarted: () => 'Container started',
  stopping: (container: string) => `Stopping container ${container}`,
  unready: (containers: string[]) => `containers with unready status: [${containers.join(' ')}]`,
  lostContainer: () => 'The container could not be located when the pod was terminated',
  restartBackOff: (seconds: number, container: string, pod: string) =>
    `back-off ${seconds}s restarting failed container=${container} pod=${pod}`,

  // runc through containerd. The second line: opencontainers/runc libcontainer, for a name that is looked up.
  noSuchProgram: (program: string) =>
    startError(`exec: ${q(program)}: stat ${program}: no such file or directory`),
  notInPath: (program: string) => startError(`exec: ${q(program)}: executable file not found in $PATH`),

  // containerd's CRI plugin, around what failed.
  pullAndUnpack: (image: string, why: string) => `failed to pull and unpack image ${q(image)}: ${why}`,
  resolve: (why: string) => `failed to resolve image: ${why}`,
  noMatch: (digest: string) =>
    `get image config descriptor: no match for platform in manifest ${digest}: not found`,
  // containerd core/remotes/docker: copying content (public reports of AKS have the same words).
  copy: (why: string) => `failed to copy: ${why}`,
  openFailed: (why: string) => `httpReadSeeker: failed open: ${why}`,
  contentNotFound: (url: string) => `content at ${url} not found: not found`,
  wrongDigest: (expected: string, got: string) =>
    `unexpected commit digest ${got}, expected ${expected}: failed precondition`,

  // containerd's resolver and authorizer.
  notFound: (reference: string) => `${reference}: not found`,
  accessDenied: (serverMessage: string) =>
    `pull access denied, repository does not exist or may require authorization: server message: ${serverMessage}: authorization failed`,
  authorize: (why: string) => `failed to authorize: ${why}`,
  anonymousToken: (why: string) => `failed to fetch anonymous token: ${why}`,
  oauthToken: (why: string) => `failed to fetch oauth token: ${why}`,
  unexpectedStatus: (method: string, url: string, status: number, text: string) =>
    `unexpected status from ${method} request to ${url}: ${status} ${text}`,
  noAuthScheme: () => 'failed to find supported auth scheme: not implemented',
  requestFailed: (method: string, url: string, why: string) =>
    `failed to do request: ${method.charAt(0)}${method.slice(1).toLowerCase()} ${q(url)}: ${why}`,

  // Go's net and crypto/tls, at the bottom. 168.63.129.16 is Azure's resolver, in every report from AKS.
  noSuchHost: (host: string) => `dial tcp: lookup ${host} on 168.63.129.16:53: no such host`,
  connectionRefused: (address: string) => `dial tcp ${address}: connect: connection refused`,
  connectionReset: () => 'read: connection reset by peer',
  timeout: (address: string) => `dial tcp ${address}: i/o timeout`,
  unknownAuthority: () => 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  wrongName: (valid: string, host: string) =>
    `tls: failed to verify certificate: x509: certificate is valid for ${valid}, not ${host}`,
  plainHttp: () => 'http: server gave HTTP response to HTTPS client',
  endOfFile: () => 'EOF',
} as const;

/** `2 one reason, 1 another`, in order of the texts. */
function counted(reasons: string[]): string {
  return [...new Set(reasons)]
    .map((reason) => `${reasons.filter((one) => one === reason).length} ${reason}`)
    .sort()
    .join(', ');
}

function startError(why: string): string {
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}`;
}

/**
 * Go's name of a gRPC code, such as NotFound, Unknown or Unavailable (grpc-go codes/code_string.go). A kubelet keeps
 * `rpc error: code = NotFound desc = ` and strips the same of Unknown.
 */
export type GrpcCode = string;

/** A CRI error as kubelet 1.36 reports it (kubernetes/kubernetes pkg/kubelet or cri-client remote_image.go). */
export function criError(code: GrpcCode, description: string): string {
  return code === 'Unknown' ? description : `rpc error: code = ${code} desc = ${description}`;
}

/** Several errors as one, as apimachinery's Aggregate writes them: equal ones once, more than one in brackets. */
export function aggregate(errors: string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}

/** A duration in Go's notation, rounded to milliseconds: 24ms, 1.106s, 1m2.5s. */
export function goDuration(milliseconds: number): string {
  const whole = Math.max(1, Math.round(milliseconds));
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}

/** A URL with its query as Go encodes it: `net/url` sorts the keys. */
export function goUrl(url: string, query: Record<string, string>): string {
  const pairs = Object.keys(query)
    .sort()
    .map((name) => `${goEscape(name)}=${goEscape(query[name] ?? '')}`);
  return `${url}?${pairs.join('&')}`;
}

function goEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

/** Reason phrases of net/http's StatusText. */
const STATUS_TEXTS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The reason phrase of an HTTP status. */
export function statusText(status: number): string {
  return STATUS_TEXTS[status] ?? '';
}
