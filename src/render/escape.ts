/**
 * Foreign text made harmless: one function for each place it may go to. Nothing here decides what is
 * said, only that what others said stays text.
 */

/** Control characters, separators that some terminals break lines at, and marks that reorder or hide text. */
const HIDDEN = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

/** Everything that can't be seen becomes something that can; half characters become U+FFFD. */
function visible(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('utf8')
    .replace(HIDDEN, (character) => {
      const named = ESCAPES[character];
      if (named !== undefined) return named;
      const code = character.codePointAt(0) ?? 0;
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    });
}

/**
 * One line for a log that GitHub's runner or Azure Pipelines' agent reads: control characters are shown,
 * and nothing in it is taken for a command. A backslash breaks the openings of commands: GitHub knows `::` at a
 * line's start and `##[` anywhere (actions/runner, src/Runner.Common/ActionCommand.cs), Azure Pipelines
 * `##vso[` anywhere and `##[` at a line's start (learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands).
 */
export function forLog(text: string): string {
  return visible(text)
    .replace(/:(?=:)/g, ':\\')
    .replace(/#(?=#(?:vso)?\[)/gi, '#\\');
}

/** Characters that mean something to GitHub Flavored Markdown, its tables, HTML or GitHub's math. */
const MARKDOWN_SPECIAL = /[&<>|`*_~\\[\](){}#!$^]/g;

const entity = (character: string): string => `&#${character.codePointAt(0) ?? 0};`;

/** Words longer than this may be broken: an id or an address in a table's cell would push what is beside it out of sight. */
const LONGEST_WORD = 30;
const BREAK_AFTER = new RegExp(`[^]{${LONGEST_WORD}}(?=[^])`, 'gu');

/** Zero-width spaces where a long word may be broken: behind its separators, and where it has none for long. */
function breakable(word: string): string {
  return word
    .split(/(?<=[/?&=,;])(?![/?&=,;])/)
    .map((part) => part.replace(BREAK_AFTER, '$&\u200b'))
    .join('\u200b');
}

function markdownEntities(line: string): string {
  return (
    visible(line)
      // What is visible holds no such space of others.
      .replace(/\S+/g, (word) => (word.length > LONGEST_WORD ? breakable(word) : word))
      .replace(MARKDOWN_SPECIAL, entity)
      // What begins a list, a heading's underline or a number when it begins a line.
      .replace(/^(\s*)([-+=])/, (_, space: string, mark: string) => space + entity(mark))
      .replace(/^(\s*\d+)([.])/, (_, number: string, dot: string) => number + entity(dot))
      // Entities don't stop links and mentions that are made from text; a zero-width space does.
      .replace(/:(?=\/\/)/g, '&#58;&#8203;')
      .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}&#8203;.`)
      .replace(/@/g, '&#64;&#8203;')
      .replaceAll('\u200b', '&#8203;')
  );
}

/**
 * Text inside a Markdown paragraph, list item or table cell: shown as it is, never a link, an image, a mention,
 * HTML, emphasis or a new cell. Numeric character references can't form structure
 * (spec.commonmark.org, "Entity and numeric character references"). New lines become `<br>`.
 */
export function forMarkdown(text: string): string {
  return text
    .trim()
    .split(/(?:\r\n|\n|\r)+/)
    .map((line) => markdownEntities(line.trim()))
    .join('<br>');
}

/** Text as inline code, in a paragraph as in a table cell. One line; empty text gives nothing. */
export function forMarkdownCode(text: string): string {
  const line = visible(text.trim().replace(/\s*[\r\n]+\s*/g, ' '));
  if (line === '') return '';
  // Inside backticks nothing but these two has a meaning: a backtick ends the code, a pipe ends a table's cell.
  if (!/[`|]/.test(line)) return `\`${line}\``;
  return `<code>${markdownEntities(line)}</code>`;
}

/** Lines as a code block, such as commands to paste. The fence is longer than any in the text. */
export function forMarkdownBlock(lines: readonly string[], language = ''): string {
  const text = lines
    .flatMap((line) => line.split(/\r\n|\n|\r/))
    .map(visible)
    .join('\n');
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/**
 * Text of a Mermaid label that stands in double quotes. All but letters, digits and a few harmless signs becomes
 * Mermaid's own character code `#35;` (mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters"),
 * so nothing in it can end the label, be HTML or be read as Markdown.
 */
export function forMermaid(text: string): string {
  return visible(text.trim().replace(/\s+/g, ' ')).replace(
    // A dash first, or a dot that no word follows, would be read as a Markdown list.
    /^-|\.(?![\p{L}\p{N}])|[^\p{L}\p{N} ._,/-]/gu,
    (character) => `#${character.codePointAt(0) ?? 0};`,
  );
}

/** One word of a POSIX shell; quoted only when it needs to be. */
export { shellWord as forShell } from '../core/shell.js';

/**
 * One word of PowerShell, always in single quotes. It takes the typographic ones for quotes too
 * (learn.microsoft.com/powershell/scripting/lang-spec/chapter-02, "Verbatim string literals"), so those are doubled as well.
 */
export function forPowerShell(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}

/**
 * A value of a workflow's or a pipeline's YAML, on one line: single quotes, in which nothing but themselves has a meaning
 * (yaml.org/spec/1.2.2, 7.3.2), and GitHub's `${{` as an expression that gives just that.
 */
export function forYaml(text: string): string {
  return `'${text.replaceAll('${{', "${{ '${{' }}").replaceAll("'", "''")}'`;
}

const ANNOTATION_LIMIT = 4000;

/**
 * Text of an annotation, as it is handed to the CI toolkit: that does its protocol's own escaping (`%0A` and the
 * like), so none is done here. Lines stay lines, each harmless in the log too; at most 4000 characters.
 */
export function forAnnotation(text: string): string {
  const shown = text
    .trim()
    .split(/\r\n|\n|\r/)
    .map(forLog)
    .join('\n');
  const characters = [...shown];
  return characters.length <= ANNOTATION_LIMIT
    ? shown
    : `${characters.slice(0, ANNOTATION_LIMIT - 1).join('')}…`;
}
