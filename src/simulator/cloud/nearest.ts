/** What someone who mistyped a word may have meant. */

/**
 * The known word that a given one comes closest to; undefined when none is close: more than a third of its letters would
 * have to change. Case doesn't count.
 */
export function nearest(given: string, known: readonly string[]): string | undefined {
  // A key that is far too long is no slip, and would only cost time.
  if (given.length > 100) return undefined;
  let best: { word: string; changes: number } | undefined;
  for (const word of known) {
    const changes = distance(given.toLowerCase(), word.toLowerCase());
    if (changes <= Math.max(1, Math.floor(word.length / 3)) && changes < (best?.changes ?? Infinity))
      best = { word, changes };
  }
  return best?.word;
}

/** How many letters must be put in, left out or changed to make one word of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [index, wanted] of [...other].entries())
      next.push(
        Math.min(
          (row[index] ?? 0) + (letter === wanted ? 0 : 1),
          (row[index + 1] ?? 0) + 1,
          (next[index] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
