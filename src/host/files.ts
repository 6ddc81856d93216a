/** The core's {@link Files}: what is named by patterns, read from this machine. */
import { lstat, opendir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { FileUnreadable } from '../core/ports.js';
import type { Files } from '../core/ports.js';

/** The longest file that is read: a manifest of 1.5 MiB is already more than a cluster's store takes of one object. */
const LONGEST = 16 * 1024 * 1024;
/** No walk looks at more entries. */
const MOST_ENTRIES = 200_000;
/** Never what is deployed, and most of what a checkout holds. */
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/**
 * @param base what relative names are relative to
 * @param input standard input, where there is one to read
 */
export function createFiles(base: string, input?: AsyncIterable<Uint8Array | string>): Files {
  const there = (path: string): string => resolve(base, path);
  /** What lies below the base by its name may not lie elsewhere by a link: whoever wrote the link didn't name the file. */
  let realBase: Promise<string> | undefined;
  const staysInside = async (path: string): Promise<void> => {
    if (!isBelow(there(path), resolve(base))) return;
    realBase ??= realpath(base);
    if (!isBelow(await realpath(there(path)), await realBase))
      throw new FileUnreadable('it is a link out of the folder that this step runs in');
  };
  return {
    async matching(pattern) {
      // Without ./ in front: CI systems know files of the repository by their bare paths.
      const slashed = (sep === '\\' ? pattern.replaceAll('\\', '/') : pattern).replace(/^(\.\/+)+(?=.)/, '');
      const { folder, rest } = literalPart(slashed);
      if (rest === '') {
        const found = await kindOf(there(slashed));
        if (found === 'file') await staysInside(slashed);
        if (found === 'folder')
          throw new FileUnreadable(
            `it is a folder; ${slashed.replace(/\/+$/, '')}/**/*.yaml names its files`,
          );
        return found === 'none' ? [] : [slashed];
      }
      const root = there(folder === '' ? '.' : folder);
      if ((await kindOf(root)) !== 'folder') return [];
      await staysInside(root);
      const expression = patternExpression(rest);
      const deep = rest.includes('**') ? Number.POSITIVE_INFINITY : rest.split('/').length;
      const found: string[] = [];
      const within = await realpath(root);
      for await (const path of walk(root, '', deep)) {
        if (!expression.test(path)) continue;
        const full = join(root, path);
        if ((await kindOf(full)) === 'file' && isBelow(await realpath(full), within))
          found.push(folder === '' ? path : `${folder.replace(/\/$/, '')}/${path}`);
      }
      return found.sort((one, other) => (one < other ? -1 : 1));
    },
    async read(path) {
      const full = there(path);
      try {
        const found = await stat(full);
        if (!found.isFile()) throw new FileUnreadable('it is no file');
        await staysInside(path);
        if (found.size > LONGEST) throw new FileUnreadable('it is longer than 16 MiB');
        return asText(await readFile(full));
      } catch (error) {
        throw unreadable(error);
      }
    },
    ...(input === undefined ? {} : { standardInput: () => readAll(input) }),
    async linkOutOf(folder) {
      const root = there(folder);
      if ((await kindOf(root)) !== 'folder')
        throw new FileUnreadable(
          (await kindOf(root)) === 'none' ? 'there is no such folder' : 'it is no folder',
        );
      try {
        await staysInside(folder);
        const within = await realpath(root);
        for await (const path of walk(root, '', Number.POSITIVE_INFINITY, true)) {
          const full = join(root, path);
          if (!(await lstat(full)).isSymbolicLink()) continue;
          const target = await realpath(full).catch(() => undefined);
          if (target === undefined || !isBelow(target, within)) return path;
        }
        return undefined;
      } catch (error) {
        throw unreadable(error);
      }
    },
  };
}

/** Paths of all that is no folder below one, with forward slashes. No link to a folder is followed. */
async function* walk(
  root: string,
  prefix: string,
  deep: number,
  everything = false,
  counted = { entries: 0 },
): AsyncGenerator<string> {
  let folder;
  try {
    folder = await opendir(join(root, prefix));
  } catch (error) {
    throw unreadable(error);
  }
  for await (const entry of folder) {
    counted.entries += 1;
    if (counted.entries > MOST_ENTRIES)
      throw new FileUnreadable(`there is too much below ${root}: name a folder further down`);
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (!entry.isDirectory()) yield path;
    else if (deep > 1 && (everything || !SKIPPED.has(entry.name)))
      yield* walk(root, path, deep - 1, everything, counted);
  }
}

/** What a name is, its links followed. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'none'> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() ? 'file' : 'other';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return 'none';
    throw unreadable(error);
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** The folders before the first part with a wildcard, and the parts from there on; nothing is left of a plain name. */
function literalPart(pattern: string): { folder: string; rest: string } {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[{]/.test(part));
  if (first === -1) return { folder: pattern, rest: '' };
  const folder = parts.slice(0, first).join('/');
  return {
    folder: folder === '' && pattern.startsWith('/') ? '/' : folder,
    rest: parts.slice(first).join('/').replace(/^\.\//, ''),
  };
}

/** A pattern as bash takes it with globstar; what begins with a dot is matched too, for manifests may. */
function patternExpression(pattern: string): RegExp {
  let expression = '';
  let braces = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    const classEnd = character === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (pattern.startsWith('**/', at)) {
      expression += '(?:[^/]+/)*';
      at += 2;
    } else if (pattern.startsWith('**', at)) {
      expression += '.*';
      at += 1;
    } else if (character === '*') expression += '[^/]*';
    else if (character === '?') expression += '[^/]';
    else if (classEnd !== -1) {
      const inside = pattern
        .slice(at + 1, classEnd)
        .replace(/[\\\]^]/g, '\\$&')
        .replace(/^!|^\\\^/, '^');
      expression += `[${inside}]`;
      at = classEnd;
    } else if (character === '{' && pattern.includes('}', at)) {
      expression += '(?:';
      braces += 1;
    } else if (character === '}' && braces > 0) {
      expression += ')';
      braces -= 1;
    } else if (character === ',' && braces > 0) expression += '|';
    else expression += character.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  }
  return new RegExp(`^${expression}$`);
}

async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > LONGEST) throw new FileUnreadable('it is longer than 16 MiB');
    chunks.push(bytes);
  }
  return asText(Buffer.concat(chunks));
}

/** Kubernetes takes UTF-8; Windows' own tools write UTF-16 with its mark. What holds zeros then is no text. */
function asText(bytes: Buffer): string {
  const [first, second] = bytes;
  const little = first === 0xff && second === 0xfe;
  const big = first === 0xfe && second === 0xff;
  const whole = bytes.subarray(2, bytes.length - (bytes.length % 2));
  const text = little
    ? whole.toString('utf16le')
    : big
      ? Buffer.from(whole).swap16().toString('utf16le')
      : bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.includes('\0')) throw new FileUnreadable('it is no text');
  return text;
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
};

function unreadable(error: unknown): FileUnreadable {
  if (error instanceof FileUnreadable) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new FileUnreadable(WORDS[code] ?? `it can not be read (${code || 'unknown error'})`, {
    cause: error,
  });
}
