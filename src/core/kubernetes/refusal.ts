/** Which refusals of a pull a new grant may still cure. */

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
  const bare = message.replace(/"[^"]*"/g, '""').replace(/https?:\/\/\S+/g, 'URL:');
  return !OTHER_REASONS.some((mark) => mark.test(bare)) && REFUSED.some((mark) => mark.test(bare));
}
