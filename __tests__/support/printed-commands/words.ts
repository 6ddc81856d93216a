/**
 * Reads a printed command as bash does when somebody pastes it: words, quotes, `$( )` inside double quotes, and a here-document
 * with a quoted end. Whatever else a shell would do something with (pipes, globs, variables, `!` of an interactive history,
 * a substitution outside quotes, which is split into words) is refused: no fix may lean on it.
 */

/** A part of a word: its text, or a command whose output stands there. */
export type Part = string | Invocation;

export interface Invocation {
  words: Part[][];
  /** What the here-document puts on its standard input. */
  input?: string;
}

/** A printed command that can't be read, or isn't known. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Characters that a shell reads as something else than themselves where no quotes stand around them. */
const SPECIAL = new Set('|;&<>()`$*?[]{}~!#"\'\\\n');

/** One command with its here-document. @throws {Refused} for anything that is not exactly that */
export function readLine(text: string): Invocation {
  const [, line = text, end, input] = /^(.*) <<'(\w+)'\n([\s\S]*)$/.exec(text) ?? [];
  const reader = new Reader(line);
  const words = reader.words();
  reader.mustEnd();
  if (end === undefined || input === undefined) return { words };
  const lines = input.split('\n');
  if (lines.indexOf(end) !== lines.length - 1)
    throw new Refused(`the here-document does not end in one line ${end}`);
  return { words, input: `${lines.slice(0, -1).join('\n')}\n` };
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Words up to the end or to a closing parenthesis. */
  words(): Part[][] {
    const words: Part[][] = [];
    for (;;) {
      while (this.next === ' ') this.at += 1;
      if (this.next === undefined || this.next === ')') return words;
      words.push(this.word());
    }
  }

  mustEnd(): void {
    if (this.next !== undefined) throw this.refused(`an unexpected ${this.next}`);
  }

  private get next(): string | undefined {
    return this.text[this.at];
  }

  private word(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const next = this.next;
      if (next === undefined || next === ' ' || next === ')') return parts;
      if (next === "'") parts.push(this.singleQuoted());
      else if (next === '"') parts.push(...this.doubleQuoted());
      else if (next === '\\') {
        const escaped = this.text[this.at + 1];
        if (escaped === undefined || escaped === '\n') throw this.refused('a backslash at the end of a line');
        parts.push(escaped);
        this.at += 2;
      } else if (SPECIAL.has(next)) throw this.refused(`${next} outside quotes`);
      else {
        parts.push(next);
        this.at += 1;
      }
    }
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end === -1) throw this.refused('a quote that is never closed');
    const text = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return text;
  }

  private doubleQuoted(): Part[] {
    // An empty pair is a word too.
    const parts: Part[] = [''];
    this.at += 1;
    for (;;) {
      const next = this.next;
      if (next === undefined) throw this.refused('a double quote that is never closed');
      if (next === '"') {
        this.at += 1;
        return parts;
      }
      if (this.text.startsWith('$(', this.at)) {
        this.at += 2;
        const words = this.words();
        if (this.next !== ')') throw this.refused('a $( that is never closed');
        this.at += 1;
        parts.push({ words });
      } else if ('$`\\!'.includes(next)) throw this.refused(`${next} inside double quotes`);
      else {
        parts.push(next);
        this.at += 1;
      }
    }
  }

  private refused(what: string): Refused {
    return new Refused(`${what}, at ${this.text.slice(Math.max(0, this.at - 20), this.at + 20)}`);
  }
}
