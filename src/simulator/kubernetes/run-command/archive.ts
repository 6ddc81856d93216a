/** The files that come with a command: a zip archive (APPNOTE.TXT of PKWARE), read in memory and within limits. */
import { crc32, inflateRawSync } from 'node:zlib';

/** Assumption: Azure's own limits aren't documented; these keep a simulator's memory in hand. */
const LIMITS = { files: 1_000, bytes: 16 * 1024 * 1024 } as const;

const END = { signature: 0x06054b50, size: 22, longestComment: 0xffff } as const;
const ENTRY = { signature: 0x02014b50, size: 46 } as const;
const LOCAL = { signature: 0x04034b50, size: 30 } as const;
const METHODS: Readonly<Record<number, (bytes: Buffer, size: number) => Buffer>> = {
  0: (bytes) => bytes,
  8: (bytes, size) => inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) }),
};
const ENCRYPTED = 0x1;

/** An archive that can't be used. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

/**
 * The files of an archive by path, such as `manifests/job.yaml`. An empty one has none.
 *
 * @throws {ArchiveError} for anything else than a whole archive of plain files below its own folder
 */
export function readArchive(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  if (zip.length === 0) return files;
  try {
    let total = 0;
    for (const entry of entriesOf(zip)) {
      if (entry.name.endsWith('/')) continue;
      const path = plainPath(entry.name);
      total += entry.size;
      if (files.size >= LIMITS.files || total > LIMITS.bytes)
        throw new ArchiveError(`it holds more than ${LIMITS.files} files or ${LIMITS.bytes} bytes`);
      files.set(path, contentOf(zip, entry));
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('it is no whole zip archive', { cause: error });
  }
  return files;
}

interface Entry {
  name: string;
  flags: number;
  method: number;
  checksum: number;
  packedSize: number;
  size: number;
  /** Where its local header stands. */
  at: number;
}

function* entriesOf(zip: Buffer): Generator<Entry> {
  const end = endOf(zip);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (zip.readUInt32LE(at) !== ENTRY.signature) throw new ArchiveError('its directory is broken');
    const nameLength = zip.readUInt16LE(at + 28);
    yield {
      name: zip.toString('utf8', at + ENTRY.size, at + ENTRY.size + nameLength),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      checksum: zip.readUInt32LE(at + 16),
      packedSize: zip.readUInt32LE(at + 20),
      size: zip.readUInt32LE(at + 24),
      at: zip.readUInt32LE(at + 42),
    };
    at += ENTRY.size + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}

/** The directory's end is sought from behind: a comment may follow it. */
function endOf(zip: Buffer): number {
  const first = Math.max(0, zip.length - END.size - END.longestComment);
  for (let at = zip.length - END.size; at >= first; at--) {
    if (zip.readUInt32LE(at) === END.signature) return at;
  }
  throw new ArchiveError('it is no zip archive');
}

function contentOf(zip: Buffer, { name, flags, method, checksum, packedSize, size, at }: Entry): Buffer {
  const unpack = METHODS[method];
  if (unpack === undefined || (flags & ENCRYPTED) !== 0)
    throw new ArchiveError(`${name} is encrypted, or packed by method ${method}`);
  if (zip.readUInt32LE(at) !== LOCAL.signature) throw new ArchiveError(`${name} is broken`);
  const start = at + LOCAL.size + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  const packed = zip.subarray(start, start + packedSize);
  const content = unpack(packed, size);
  if (packed.length !== packedSize || content.length !== size || crc32(content) !== checksum)
    throw new ArchiveError(`${name} is broken`);
  return content;
}

/** `./a/b` is `a/b`; az writes the first for files of the current folder (azure-cli acs/custom.py, _get_command_context). */
function plainPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '.' && part !== '');
  const escapes = name.startsWith('/') || parts.includes('..') || /[\\\0]|^[A-Za-z]:/.test(name);
  if (escapes || parts.length === 0)
    throw new ArchiveError(`the path ${JSON.stringify(name)} leads out of its folder`);
  return parts.join('/');
}
