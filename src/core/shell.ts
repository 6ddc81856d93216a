/** A word of a POSIX shell line: as it is when that is safe, else in single quotes. The one place for shell quoting. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
