/** A terminal, or what stands in for one: lines, colours only where they are seen, and no secret. */

/** What process.stdout and process.stderr are, as far as it matters here. */
export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  /** Width of a terminal. */
  columns?: number | undefined;
}

/** Where the command runs. */
export interface Terminal {
  stdout: Stream;
  stderr: Stream;
  /** Where a message may come from; absent: nothing comes. */
  stdin?: AsyncIterable<Uint8Array | string> & { isTTY?: boolean | undefined };
  environment: NodeJS.ProcessEnv;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** ECMA-48, "Select graphic rendition". */
const CODES: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' };
const ESCAPE = '\u001b[';

/** How a line of the story looks, by the mark it begins with. */
const MARK_STYLES: Readonly<Record<string, Style>> = {
  '✓': 'green',
  '✗': 'red',
  '!': 'yellow',
  '?': 'yellow',
  '-': 'dim',
  '…': 'dim',
};

/** Writes lines to one stream. */
export class Lines {
  readonly #stream: Stream;
  readonly #secrets = new Set<string>();
  readonly colours: boolean;
  #passing = false;

  constructor(stream: Stream, environment: NodeJS.ProcessEnv) {
    this.#stream = stream;
    // https://no-color.org
    this.colours =
      stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
  }

  /** From now on this value is shown as ***. */
  hide(secret: string): void {
    for (const line of secret.split(/\r?\n/)) if (line.trim() !== '') this.#secrets.add(line.trim());
  }

  style(text: string, ...styles: Style[]): string {
    if (!this.colours || styles.length === 0) return text;
    return `${ESCAPE}${styles.map((style) => CODES[style]).join(';')}m${text}${ESCAPE}0m`;
  }

  /** A line of the story, its mark in the mark's colour; sentences are wrapped below themselves. */
  story(line: string, indent = ''): void {
    const [first = '', ...more] = this.#wrapped(line, indent.length);
    const mark = /^\S(?= )/.exec(first)?.[0] ?? '';
    const style = MARK_STYLES[mark];
    if (style === undefined || style === 'dim') {
      for (const part of [first, ...more])
        this.line(indent + this.style(part, ...(style === undefined ? [] : [style])));
      return;
    }
    this.line(`${indent}${this.style(mark, style, 'bold')}${first.slice(mark.length)}`);
    for (const part of more) this.line(indent + part);
  }

  /** Only sentences: a command that is to be copied stays on one line. */
  #wrapped(line: string, indent: number): string[] {
    const hanging = /^(?:\S | {4}(?:seen|why|fix) +)/.exec(line)?.[0].length;
    const width = (this.#stream.columns ?? Infinity) - indent;
    if (hanging === undefined || this.#stream.isTTY !== true || line.length <= width || width < 40)
      return [line];
    const parts = [''];
    for (const word of line.slice(hanging).split(' ')) {
      const part = parts.at(-1) ?? '';
      if (part === '') parts[parts.length - 1] = word;
      else if (hanging + part.length + 1 + word.length <= width) parts[parts.length - 1] = `${part} ${word}`;
      else parts.push(word);
    }
    return parts.map((part, index) => (index === 0 ? line.slice(0, hanging) : ' '.repeat(hanging)) + part);
  }

  line(text = ''): void {
    this.#clearPassing();
    this.#stream.write(`${this.#masked(text)}\n`);
  }

  /** A line that the next one replaces; where nothing can be replaced, a line like any other. */
  passing(text: string): void {
    if (!this.colours) return this.line(text);
    this.#clearPassing();
    this.#stream.write(this.#masked(this.style(text, 'dim')));
    this.#passing = true;
  }

  #clearPassing(): void {
    if (this.#passing) this.#stream.write(`\r${ESCAPE}2K`);
    this.#passing = false;
  }

  #masked(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, '***');
    return masked;
  }
}
