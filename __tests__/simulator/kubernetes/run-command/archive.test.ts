import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { ArchiveError, readArchive } from '../../../../src/simulator/kubernetes/run-command/archive.js';

type Level = 0 | 9;
const zip = (files: Readonly<Record<string, string>>, level: Level = 9): Buffer =>
  Buffer.from(
    zipSync(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)])),
      { level },
    ),
  );
const texts = (archive: Buffer): Record<string, string> =>
  Object.fromEntries([...readArchive(archive)].map(([name, bytes]) => [name, bytes.toString()]));

describe('the archive of a command', () => {
  it.each<Level>([0, 9])('is read, packed at level %d', (level) => {
    const files = { 'a.yaml': 'a: 1\n'.repeat(500), 'folder/b.json': '{}', empty: '' };
    expect(texts(zip(files, level))).toEqual(files);
  });

  it('may be empty, hold folders, a comment behind it, and names that az writes for the current folder', () => {
    expect(texts(Buffer.alloc(0))).toEqual({});
    const archive = zip({ 'folder/': '', './a': 'x', './folder/b': 'y' });
    archive.writeUInt16LE(5, archive.length - 2);
    expect(texts(Buffer.concat([archive, Buffer.from('hello')]))).toEqual({ a: 'x', 'folder/b': 'y' });
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'a\\..\\b', 'C:/x', '.'])(
    'is refused with the path %s',
    (name) => {
      expect(() => readArchive(zip({ [name]: 'x' }))).toThrow(ArchiveError);
    },
  );

  it.each<[string, (archive: Buffer) => Buffer]>([
    ['something else', () => Buffer.from('no archive at all, but long enough for one')],
    ['cut off in front', (archive) => archive.subarray(20)],
    [
      'other content',
      (archive) => Buffer.from(archive.toString('latin1').replace('content', 'CONTENT'), 'latin1'),
    ],
    ['encryption', (archive) => overwrite(archive, 0x02014b50, 8, 1)],
    ['an unknown method', (archive) => overwrite(archive, 0x02014b50, 10, 12)],
    ['a size that is not its own', (archive) => overwrite(archive, 0x02014b50, 24, 3)],
  ])('is refused with %s', (_what, spoil) => {
    expect(() => readArchive(spoil(zip({ file: 'content' }, 0)))).toThrow(ArchiveError);
  });

  it('is refused when it unpacks to more than it says, or to too much', () => {
    const bomb = zip({ file: '0'.repeat(100_000) });
    expect(() => readArchive(overwrite(bomb, 0x02014b50, 24, 10))).toThrow(ArchiveError);
    expect(() => readArchive(zip({ file: '0'.repeat(17 * 1024 * 1024) }))).toThrow(/more than/);
  });
});

/** Writes 16 bits at a place behind a signature. */
function overwrite(archive: Buffer, signature: number, offset: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(signature);
  const copy = Buffer.from(archive);
  copy.writeUInt16LE(value, copy.indexOf(bytes) + offset);
  if (offset === 24) copy.writeUInt16LE(0, copy.indexOf(bytes) + offset + 2);
  return copy;
}
