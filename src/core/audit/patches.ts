/** JSON patches (RFC 6902) that take pull secrets out of an object, and put them back. Pure. */
import { shellWord } from '../shell.js';

type Operation =
  | { op: 'test' | 'add' | 'replace'; path: string; value: { name: string }[] }
  | { op: 'remove'; path: string };

export interface Patches {
  off: readonly Operation[];
  back: readonly Operation[];
}

const named = (names: readonly string[]): { name: string }[] => names.map((name) => ({ name }));

/**
 * Both patches of one list of `imagePullSecrets`. The first is refused when the list is no longer what was seen (`test`),
 * so that nobody else's change is lost; the second sets the list as it was, whatever is there.
 *
 * @param at path of what holds the list, such as `/spec/template/spec`; empty for a service account
 */
export function withoutSecrets(at: string, before: readonly string[], gone: ReadonlySet<string>): Patches {
  const path = `${at}/imagePullSecrets`;
  const rest = before.filter((name) => !gone.has(name));
  return {
    off: [
      { op: 'test', path, value: named(before) },
      rest.length === 0 ? { op: 'remove', path } : { op: 'replace', path, value: named(rest) },
    ],
    back: [{ op: 'add', path, value: named(before) }],
  };
}

/** The kubectl line that applies one. */
export function patchCommand(
  resource: string,
  { namespace, name }: { namespace: string; name: string },
  patch: readonly Operation[],
): string {
  const words = ['kubectl', 'patch', resource, name, '-n', namespace, '--type', 'json', '-p'];
  return [...words, JSON.stringify(patch)].map(shellWord).join(' ');
}
