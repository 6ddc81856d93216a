/** Image references as nodes read them (github.com/distribution/reference). */

export interface ImageReference {
  host: string;
  repository: string;
  tag?: string;
  digest?: string;
}

/** What stands before the first slash is a host when it has a dot, a port or a capital letter, or is localhost. */
const HOST = /^(?=.*[.:A-Z]|localhost$)[A-Za-z0-9.-]+(?::\d+)?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Takes a reference apart; without tag and digest it gets `latest`. A string says what is wrong, in the library's words. */
export function parseReference(text: string): ImageReference | string {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return 'invalid reference format';
  const slash = named.indexOf('/');
  const first = slash === -1 ? '' : named.slice(0, slash);
  const explicit = HOST.test(first);
  const host = explicit ? first : 'docker.io';
  const rest = explicit ? named.slice(slash + 1) : named;
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (path !== path.toLowerCase())
    return `invalid reference format: repository name (${path}) must be lowercase`;
  if (!REPOSITORY.test(path) || (tag !== undefined && !TAG.test(tag))) return 'invalid reference format';
  const repository = !explicit && !path.includes('/') ? `library/${path}` : path;
  if (digest !== undefined) return { host, repository, ...(tag === undefined ? {} : { tag }), digest };
  return { host, repository, tag: tag ?? 'latest' };
}

/** The name without tag and digest. */
export function repositoryName(reference: ImageReference): string {
  return `${reference.host}/${reference.repository}`;
}

/** The whole name as containerd writes it into its errors and its image store. */
export function referenceName(reference: ImageReference): string {
  const tag = reference.tag === undefined || reference.digest !== undefined ? '' : `:${reference.tag}`;
  return `${repositoryName(reference)}${tag}${reference.digest === undefined ? '' : `@${reference.digest}`}`;
}
