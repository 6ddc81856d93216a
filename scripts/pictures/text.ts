/** Texts that pictures are made of. */

/** The log of the first run that the demo shows: what the README's picture of a log is made of. */
export function firstRunOf(demo: string): string {
  const [, first = ''] = /^▶ First run.*\n([^]*?)^ {2}Post step/m.exec(demo) ?? [];
  if (first === '') throw new Error(`the demo's log has another form: ${demo}`);
  return first;
}

/** What stays from one run to the next: not how long it took, what was waited for meanwhile, nor the ids of what is made anew. */
export function lasting(text: string): string {
  // Pools pull side by side, and each is told when it is ready.
  const pulls = /(?:^ *[✓!] node pool .* pulled .*\n)+/gm;
  return text
    .replace(/^ *… waiting .*\n/gm, '')
    .replace(pulls, (lines) => `${lines.trimEnd().split('\n').sort().join('\n')}\n`)
    .replace(/ \(\d+(?:\.\d+)? (?:ms|s)(?:, \d+ attempts)?\)/g, ' (<time>)')
    .replace(/\b\d+(?:\.\d+)? (?:ms|s|min)\b/g, '<time>')
    .replace(/\b[0-9a-f]{8}…/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>');
}
