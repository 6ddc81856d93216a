/**
 * What GitHub's runner reads from a step: commands in its output, and the files that it appends to. As
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands describes them.
 */

/** A line of a step's output, as the runner takes it. */
export type OutputLine =
  | { kind: 'text'; text: string }
  | { kind: 'group'; title: string }
  | { kind: 'end-group' }
  | { kind: 'annotation'; level: 'error' | 'warning' | 'notice'; title?: string; message: string }
  | { kind: 'mask'; value: string }
  | { kind: 'debug'; message: string };

const COMMAND = /^::([a-z][\w-]*)(?: ([^]*?))?::([^]*)$/i;

/** Reads one line. */
export function readOutputLine(line: string): OutputLine {
  const match = COMMAND.exec(line.trimStart());
  if (match === null) return { kind: 'text', text: line };
  const [, name = '', properties = '', data = ''] = match;
  const message = unescaped(data);
  switch (name) {
    case 'group':
      return { kind: 'group', title: message };
    case 'endgroup':
      return { kind: 'end-group' };
    case 'add-mask':
      return { kind: 'mask', value: message };
    case 'debug':
      return { kind: 'debug', message };
    case 'error':
    case 'warning':
    case 'notice': {
      const title = /(?:^|,)title=([^,]*)/.exec(properties)?.[1];
      return {
        kind: 'annotation',
        level: name,
        message,
        ...(title === undefined ? {} : { title: unescaped(title) }),
      };
    }
    default:
      return { kind: 'text', text: line };
  }
}

function unescaped(text: string): string {
  return text
    .replace(/%0A/gi, '\n')
    .replace(/%0D/gi, '\r')
    .replace(/%3A/gi, ':')
    .replace(/%2C/gi, ',')
    .replace(/%25/g, '%');
}

/** The names and values of a GITHUB_OUTPUT or GITHUB_STATE file: `name=value`, or `name<<mark`, lines, `mark`. */
export function readFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const [, multiline, mark] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    if (multiline !== undefined && mark !== undefined) {
      const end = lines.indexOf(mark, index + 1);
      if (end === -1) throw new Error(`${multiline} has no end: ${mark} is missing`);
      values[multiline] = lines.slice(index + 1, end).join('\n');
      index = end;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals > 0) values[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return values;
}
