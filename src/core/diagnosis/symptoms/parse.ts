/** From any message about a pull to the attempts that it holds. */
import { addressOf, hostOf } from './hosts.js';
import { RULES } from './rules.js';
import type { Rule, Sign } from './rules.js';
import { STAGES } from './symptom.js';
import type { Attempt, Host, Stage, Symptom } from './symptom.js';
import { oneLine, quotable, withoutNames } from './words.js';
import type { Names } from './words.js';

/**
 * Where another attempt begins. A kubelet with several credentials joins its errors as `[one, another]`, newer ones
 * without gRPC's prefix (capture: events-nocred.json); a copied log holds several messages.
 */
const NEXT_ATTEMPT =
  /,\s*(?=rpc error: code = |failed to pull and unpack|failed to resolve |Error response from daemon|error pulling image conf)|(?=(?:Failed to pull|Back-off pulling) image )/gi;

/** Most attempts that one message is read for. */
const MOST_ATTEMPTS = 64;

/** What an attempt was asking for, furthest first. */
const DOING: readonly { mark: RegExp; path: RegExp; stage: Stage }[] = [
  {
    mark: /failed to copy|httpReadSeeker|error pulling image configuration|failed commit on ref/i,
    path: /\/blobs\//,
    stage: 'blob',
  },
  { mark: /failed to fetch \w+ token/i, path: /\/oauth2\//, stage: 'token' },
  { mark: /\[manifests \w+\]/i, path: /\/manifests\//, stage: 'manifest' },
  { mark: /failed to receive challenge|failed to do request/i, path: /\/v2\/?$/, stage: 'challenge' },
];

/** Signs of a way that is barred: what was asked for over it was not reached, unless it is past the manifest. */
const ON_THE_WAY: ReadonlySet<Stage> = new Set<Stage>(['dns', 'connect', 'tls']);

const STATUS = /(?:: |\bstatus\b[^:=\d]{0,24}[:= ]{0,2}|\bcode\b[:= ]{0,2}|\bHTTP )([1-5]\d\d)\b/i;
const CODE = /rpc error: code = (\w+)|\bCode[":= ]{1,4}"?([A-Z]\w{4,60})|\b(AADSTS\d{4,8})\b/i;
const IMAGE = /(?:pull(?:ing)? image|unpack image|resolve reference|manifest for) "?([^"\s]{1,600})/i;

/**
 * Reads a message. Never throws; takes time in proportion to its length, and reads no more than 8,000 characters of it.
 *
 * @param rules other than all, to measure what each source taught
 */
export function parseSymptom(message: string, rules: readonly Rule[] = RULES): Symptom {
  const attempts = oneLine(message)
    .split(NEXT_ATTEMPT)
    .filter((part) => /\w/.test(part))
    .slice(0, MOST_ATTEMPTS)
    .map((part) => attemptOf(part, rules));
  return symptomOf(attempts, /\bBack-off pulling\b|\bImagePullBackOff\b/i.test(message));
}

/** One symptom of several messages about the same pull, such as an event and a status. */
export function joined(symptoms: readonly Symptom[]): Symptom {
  return symptomOf(
    symptoms.flatMap(({ attempts }) => attempts),
    symptoms.some(({ backOffOnly }) => backOffOnly),
  );
}

function symptomOf(attempts: readonly Attempt[], backOff: boolean): Symptom {
  const speaks = furthest(attempts);
  return {
    attempts,
    ...(speaks === undefined ? {} : { speaks }),
    backOffOnly: backOff && speaks === undefined,
  };
}

/**
 * The attempt that got furthest. Of several that came as far, one with a credential tells more than the anonymous try
 * that follows it; else the first.
 */
function furthest(attempts: readonly Attempt[]): Attempt | undefined {
  const rank = ({ stage, credential }: Attempt): number =>
    (stage === undefined ? -1 : STAGES.indexOf(stage)) * 2 + (credential === 'offered' ? 1 : 0);
  return attempts
    .filter(({ sign }) => sign !== undefined)
    .reduce<Attempt | undefined>(
      (best, one) => (best === undefined || rank(one) > rank(best) ? one : best),
      undefined,
    );
}

function attemptOf(text: string, rules: readonly Rule[]): Attempt {
  const { words, names } = withoutNames(text);
  const found = rules.find(({ mark }) => mark.test(words));
  const host = hostIn(text, names);
  const doing = doingOf(words, names, host);
  const stage = stageOf(found, doing);
  const status = STATUS.exec(words)?.[1];
  const code = CODE.exec(words)
    ?.slice(1)
    .find((group) => group !== undefined);
  const address = /\bdial (?:tcp|udp) (<[^>\s]{1,80}>|\[[0-9a-f:]{2,45}\]|[\d.]{7,15}):/i.exec(text)?.[1];
  const credential = /fetch oauth token/i.test(words)
    ? 'offered'
    : /fetch anonymous token/i.test(words)
      ? 'none'
      : undefined;
  const image = IMAGE.exec(text)?.[1]?.replace(/[:,]$/, '');
  return {
    ...(found === undefined ? {} : { sign: refined(found.sign, text) }),
    ...(stage === undefined ? {} : { stage }),
    ...(host === undefined ? {} : { host }),
    ...(address === undefined ? {} : { address: addressOf(address) }),
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(code === undefined ? {} : { code }),
    ...(credential === undefined ? {} : { credential }),
    ...(image === undefined ? {} : { image }),
    ...(/Microsoft\.ContainerRegistry\/registries\b/i.test(text)
      ? { about: 'registry' as const }
      : /Microsoft\.ContainerService\/managedClusters\b/i.test(text)
        ? { about: 'cluster' as const }
        : {}),
    words: quotable(words.trim()),
  };
}

function stageOf(rule: Rule | undefined, doing: Stage | undefined): Stage | undefined {
  if (doing === undefined || rule === undefined) return rule === undefined ? doing : rule.stage;
  if (rule.stage === undefined) return rule.sign === 'canceled' ? doing : undefined;
  const onTheWay = ON_THE_WAY.has(rule.stage) && doing !== 'blob' && doing !== 'token';
  return onTheWay || STAGES.indexOf(rule.stage) > STAGES.indexOf(doing) ? rule.stage : doing;
}

function doingOf(words: string, { urls }: Names, host: Host | undefined): Stage | undefined {
  if (host?.kind === 'data' || host?.kind === 'storage') return 'blob';
  const paths = urls.map((url) => url.replace(/[?#].*/, ''));
  return DOING.find(({ mark, path }) => mark.test(words) || paths.some((one) => path.test(one)))?.stage;
}

/** The host that the attempt failed at: the one that a look-up or a URL names, else the one of the image. */
function hostIn(text: string, { urls, references, hosts }: Names): Host | undefined {
  const asked =
    /\blookup ([^\s:]{1,260})/i.exec(text)?.[1] ??
    urls
      .map((url) => /^https?:\/\/([^/?#\s]{1,260})/i.exec(url)?.[1])
      .findLast((one) => one !== undefined && !/(^|\.)aka\.ms$/i.test(one)) ??
    references
      .map((name) => /^([^/@]*[.:][^/@]*)\//.exec(name)?.[1])
      // A type of Azure's resources has a dot as well.
      .find((one) => one !== undefined && !/^microsoft\.\w+$/i.test(one)) ??
    hosts[0];
  return asked === undefined ? undefined : hostOf(asked);
}

/** What a layer that came in another size tells: less than expected was cut on the way, more is another thing altogether. */
function refined(sign: Sign, text: string): Sign {
  if (sign !== 'cut-short') return sign;
  const [, got, wanted] = /\bsize\b[^\d]{1,20}(\d{1,18})\D{1,14}(\d{1,18})/.exec(text) ?? [];
  return got !== undefined && wanted !== undefined && Number(got) > Number(wanted) ? 'media-type' : sign;
}
