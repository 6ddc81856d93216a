/** What the words of a pull that failed tell: whether a new grant may still cure it, and whether it was refused at all. */
import { REFUSALS } from '../diagnosis/ranking/facts.js';
import { parseSymptom } from '../diagnosis/symptoms/parse.js';

/**
 * Whether waiting for a new grant may cure this refusal: of all that the message tells, the attempt that came furthest was
 * refused by the registry or its token service. A kubelet with several credentials joins several errors into one message,
 * and a missing platform or tag is one that came further than the refusal of its anonymous try (captures:
 * events-nocred.json of both kubelets). A plain 403 may also be a firewall's; the message can't tell, so it counts as
 * curable, unless it is about layers: then the manifest was given already.
 */
export function waitingMayCure(message: string): boolean {
  const { speaks } = parseSymptom(message);
  if (speaks?.sign === undefined || !REFUSALS.has(speaks.sign)) return false;
  return speaks.stage !== 'blob' && speaks.stage !== 'unpack';
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
