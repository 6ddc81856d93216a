/**
 * Image references as every container runtime reads them. The grammar and the way a short name is completed:
 * https://github.com/distribution/reference (regexp.go, normalize.go, reference.go), which kubelets use
 * (kubernetes/kubernetes, pkg/util/parsers/parsers.go: no tag and no digest means the tag latest). No package of npm is used:
 * docker-parse-image knows no tag with a digest, parse-docker-image-name is not under a licence that goes with ours, and
 * @swimlane/docker-reference (2.0.1), a port of the same grammar, takes 13 seconds for sixteen letters and an @, twice as long
 * for each letter more: what is read here a pull request may have written.
 */

/** Path of a repository. */
export const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
export const TAG = /^\w[\w.-]{0,127}$/;
/** The only algorithm that registries of Azure know. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
export const LONGEST_REPOSITORY = 255;

const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = new RegExp(
  `^(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
);
/** Any algorithm: what the grammar takes, whoever may know it. */
const ANY_DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * What stands for a text that something fills in before a deploy, and that no reference can hold: `${TAG}` and `$TAG` of
 * envsubst, `$(tag)` of Azure Pipelines, `{{ .Values.tag }}` of Helm, `#{tag}#` of token tasks, `<tag>`, `%TAG%`, `@@TAG@@`.
 */
const PLACEHOLDER = /\$\{[^}]*\}|\$\([^)]*\)|\$\w+|\{\{.*?\}\}|#\{[^}]*\}#?|<[^<>]+>|%\w+%|@@\w+@@/;
/** No reference is longer; what is looked through must not grow with what others write. */
const LONGEST_LOOKED_AT = 500;

/** The placeholder that a text holds, if any: then it isn't what will be deployed. */
export function placeholderIn(text: string): string | undefined {
  return PLACEHOLDER.exec(text.slice(0, LONGEST_LOOKED_AT))?.[0];
}

const DEFAULT_HOST = 'docker.io';
const FORMER_DEFAULT_HOST = 'index.docker.io';
const OFFICIAL = 'library/';

/** A reference in full. */
export interface Reference {
  /** Lower-case. */
  host: string;
  repository: string;
  /** Absent where a digest stands alone; `latest` where nothing stands. */
  tag?: string;
  digest?: string;
  /** `host/repository:tag@digest`: two references with the same name are the same image. */
  name: string;
}

/** A text → what a node would ask for, or why no registry would accept it: a sentence's end. */
export function parseReference(text: string): Reference | { problem: string } {
  const placeholder = placeholderIn(text);
  if (placeholder !== undefined)
    return { problem: `${JSON.stringify(placeholder)} is a placeholder that something fills in later` };
  if (text !== text.trim() || /\s/.test(text)) return { problem: 'it holds white space' };
  if (text === '') return { problem: 'it is empty' };
  if (/^[a-z]+:\/\//i.test(text)) return { problem: 'it begins with a scheme, which no image reference has' };
  if (IDENTIFIER.test(text)) return { problem: 'it is an id, not a name' };
  const { host, rest } = split(text);
  const [named = '', digest, ...more] = rest.split('@');
  if (more.length > 0) return { problem: 'it holds more than one @' };
  const colon = named.lastIndexOf(':');
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  if (!HOST.test(host)) return { problem: `${JSON.stringify(host)} is no host of a registry` };
  if (repository === '' || repository === OFFICIAL) return { problem: 'it names no repository' };
  if (repository !== repository.toLowerCase()) return { problem: 'the repository must be lower-case' };
  if (!REPOSITORY.test(repository)) return { problem: `${JSON.stringify(repository)} is no repository` };
  if (repository.length > LONGEST_REPOSITORY)
    return { problem: `the repository is longer than ${LONGEST_REPOSITORY} characters` };
  if (tag !== undefined && !TAG.test(tag)) return { problem: `${JSON.stringify(tag)} is no tag` };
  if (digest !== undefined && !(digest.startsWith('sha256:') ? DIGEST : ANY_DIGEST).test(digest))
    return { problem: `${JSON.stringify(digest)} is no digest` };
  const known = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    host,
    repository,
    ...(known === undefined ? {} : { tag: known }),
    ...(digest === undefined ? {} : { digest }),
    name: `${host}/${repository}${known === undefined ? '' : `:${known}`}${digest === undefined ? '' : `@${digest}`}`,
  };
}

/** normalize.go, splitDockerDomain: what stands before the first slash is a host when it looks like one. */
function split(text: string): { host: string; rest: string } {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = isHost ? first.toLowerCase() : DEFAULT_HOST;
  const rest = isHost ? text.slice(slash + 1) : text;
  if (host !== DEFAULT_HOST && host !== FORMER_DEFAULT_HOST) return { host, rest };
  return { host: DEFAULT_HOST, rest: rest.includes('/') ? rest : OFFICIAL + rest };
}
