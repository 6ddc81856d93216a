/** Commands broken into lines that a page shows whole, and that can still be pasted. */

/** What a code block of GitHub's summary page shows without scrolling, with room to spare. */
const WIDTH = 100;
/** What is broken: lines that begin so are one command of a POSIX shell. */
const COMMAND = /^(az|kubectl|aks-acr-pull|helm) /;

interface Break {
  at: number;
  /** 0: between the command's own words; more: within `$(…)`. */
  depth: number;
  /** A blank within single quotes: they are closed before the new line and opened after it, without a blank between. */
  quoted?: true;
}

/**
 * A command as lines that end in a backslash: broken before an option, also within `$(…)`, and at the blanks of a long text
 * in single quotes. What fits, or is no command of one line, stays as it is.
 */
export function wrapped(command: string): string[] {
  if (command.length <= WIDTH || command.includes('\n') || !COMMAND.test(command)) return command.split('\n');
  const breaks = breaksOf(command);
  const lines: string[] = [];
  let from = 0;
  let indent = '';
  while (indent.length + command.length - from > WIDTH) {
    const room = from + WIDTH - indent.length - ' \\'.length;
    const ahead = breaks.filter(({ at }) => at > from);
    const fitting = ahead.filter(({ at }) => at <= room);
    const between = fitting.filter(({ quoted }) => quoted === undefined);
    const chosen =
      between.filter(({ depth }) => depth === 0).at(-1) ?? between.at(-1) ?? fitting.at(-1) ?? ahead[0];
    if (chosen === undefined) break;
    const part = `${indent}${command.slice(from, chosen.at)}`;
    lines.push(chosen.quoted === true ? `${part} '\\` : `${part} \\`);
    from = chosen.at + 1;
    indent = chosen.quoted === true ? "'" : '  '.repeat(chosen.depth + 1);
  }
  return [...lines, `${indent}${command.slice(from)}`];
}

/** Places before an option where a shell takes a new line for a blank (POSIX Shell Command Language, 2.2 and 2.6.3). */
function breaksOf(command: string): Break[] {
  const breaks: Break[] = [];
  /** What is open: a quote, or a substitution, in which quoting begins anew. */
  const open: string[] = [];
  for (let index = 0; index < command.length; index += 1) {
    const character = command[index] ?? '';
    const within = open.at(-1);
    if (within === "'") {
      if (character === "'") open.pop();
      else if (character === ' ') breaks.push({ at: index, depth: open.length, quoted: true });
    } else if (character === '\\') index += 1;
    else if (command.startsWith('$(', index)) {
      open.push(')');
      index += 1;
    } else if (within === '"') {
      if (character === '"') open.pop();
    } else if (character === "'" || character === '"') open.push(character);
    else if (character === ')' && within === ')') open.pop();
    else if (character === ' ' && command[index + 1] === '-')
      breaks.push({ at: index, depth: open.filter((one) => one === ')').length });
  }
  return breaks;
}
