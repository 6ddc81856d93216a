/** Names of repositories, and names that stand for many: how a question about a whole registry is put to a condition. */
import type { RepositoryName } from './condition-truth.js';

/** The grammar of repository names. https://github.com/distribution/reference */
const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

/** `team/*` is every repository whose name begins with `team/`. */
export const EVERYTHING_BELOW = '/*';

export function isRepository(name: string): boolean {
  return REPOSITORY.test(name);
}

/** Goes on as no condition says: no text of a condition that a name can begin with holds it. */
const OTHERWISE = '\u0000';

/**
 * Names that stand for all that are asked about: when a condition that only compares names to these texts says the same of
 * each, it says so of every repository. A text splits names into those that begin with it and the rest, so besides the
 * rest each text is tried, and each going on otherwise.
 *
 * @param asked a repository, `team/*` for all below a prefix, or undefined for the whole registry
 * @param compared gives every beginning of a name that a condition at hand tells apart, in lower case
 */
export function namesStandingFor(
  asked: string | undefined,
  compared: () => Iterable<string>,
): RepositoryName[] {
  if (asked !== undefined && !asked.endsWith(EVERYTHING_BELOW))
    return [{ text: asked.toLowerCase(), open: false }];
  const beginning = asked?.slice(0, -1).toLowerCase() ?? '';
  const further = [...new Set(compared())].filter(
    (text) => text !== beginning && text.startsWith(beginning) && isRepository(`${text}0`),
  );
  return [
    { text: beginning + OTHERWISE, open: true },
    ...further.flatMap((text) => [
      ...(isRepository(text) ? [{ text, open: false }] : []),
      { text: text + OTHERWISE, open: true },
    ]),
  ];
}
