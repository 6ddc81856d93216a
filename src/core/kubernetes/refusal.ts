/** What the words of a pull that failed tell: whether a new grant may still cure it, and whether it was refused at all. */

/**
 * Marks of failures that have another reason than who asks, strongest first. They are looked for before the marks of
 * a refusal, because a kubelet with several credentials joins several errors into one message, and because a
 * missing platform and a missing tag are both gRPC NotFound (captures: events-nocred.json of both kubelets).
 */
const OTHER_REASONS: readonly RegExp[] = [
  /no match for platform|is incompatible with/i,
  // Not "repository does not exist or may require authorization": that one is said to strangers too.
  /: not found|manifest unknown|name unknown|is not found/i,
  /dial (tcp|udp)|no such host|i\/o timeout|connection (refused|reset)|proxyconnect|server gave HTTP response/i,
  /x509|tls:|TLS handshake|deadline exceeded|context canceled|request canceled|Client\.Timeout|\bEOF\b/i,
  /toomanyrequests|too many requests|: (429|5\d\d) |HTTP status: 5\d\d|status code 5\d\d/i,
  // The registry's firewall: https://aka.ms/acr/firewall
  /is not allowed access/i,
  // The manifest was given already: what fails now is the way to the data endpoint.
  /failed to copy|httpReadSeeker|error pulling image configuration/i,
];

/** Marks of "you may not", as registries, token services and runtimes say it (captures as above). */
const REFUSED: readonly RegExp[] = [
  /\b40[13]\b/,
  /unauthorized|authentication required|forbidden|denied|insufficient_scope|authorization failed/i,
  /failed to authorize|failed to fetch (oauth|anonymous) token/i,
];

/**
 * Whether waiting for a new grant may cure this refusal: the registry or its token service refused the caller, and
 * nothing in the message has another reason. A plain 403 may also be a firewall; the message can't tell, so it counts
 * as curable. Names and URLs are taken out first: a repository may well be called `denied` or a tag `403`.
 */
export function waitingMayCure(message: string): boolean {
  const bare = withoutNames(message);
  return !OTHER_REASONS.some((mark) => mark.test(bare)) && REFUSED.some((mark) => mark.test(bare));
}

/**
 * Marks of a pull that the node itself gave up or could not make: nothing refused it. In order: ended from outside, as
 * by a drain or a restart of the runtime (gRPC Canceled, Go's context.Canceled); the runtime is gone (gRPC Unavailable,
 * its socket); the kubelet's own limit (kubernetes/kubernetes, pkg/kubelet/images/helpers.go, "pull QPS exceeded"); the
 * node's disk is full (ENOSPC).
 */
const INTERRUPTED = [
  /context canceled|code = Canceled/,
  /code = Unavailable|\bunix \S*(containerd|dockerd?|cri\S*)\.sock/,
  /pull QPS exceeded/,
  /no space left on device/,
];

/** Whether these words about a failed pull are about the node's own trouble: another pod may well pull. */
export function isInterruption(message: string): boolean {
  const bare = withoutNames(message);
  return INTERRUPTED.some((mark) => mark.test(bare));
}

/**
 * Marks of a registry, or of a way to it, that stumbles and may stand again in a moment: the kubelet would go on trying.
 * Time-outs are not among them: firewalls look like that, and each costs the node half a minute.
 */
const PASSING = [
  /toomanyrequests|too many requests|: (429|50[0234]) |HTTP status: 50[0234]|status code 50[0234]/i,
  /connection reset|: EOF$|unexpected EOF|server misbehaving/,
];

/** Whether a moment's patience may cure this refusal, whoever asks. */
export function mayPass(message: string): boolean {
  const bare = withoutNames(message);
  return PASSING.some((mark) => mark.test(bare));
}

/**
 * Whether the node had a credential to offer, so that its exchange with the registry had succeeded and is kept for a
 * while: `true`, `false`, or undefined when the words can't tell. containerd says "oauth token" when it has a secret and
 * "anonymous token" when it has none (containerd core/remotes/docker/authorizer.go, fetchToken). The provider's answer
 * always ends with an anonymous try, so that alone counts only when nothing else is in the message.
 */
export function credentialOffered(message: string): boolean | undefined {
  const bare = withoutNames(message);
  if (/failed to fetch oauth token/.test(bare)) return true;
  return /failed to fetch anonymous token/.test(bare) && !/insufficient_scope|authorization failed/.test(bare)
    ? false
    : undefined;
}

/** Without names and URLs, which others chose: they may hold any word. */
function withoutNames(message: string): string {
  return message.replace(/"[^"]*"/g, '""').replace(/https?:\/\/\S+/g, 'URL:');
}
