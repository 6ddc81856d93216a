/**
 * The part of the shell's language that commands may use (POSIX.1-2017, Shell Command Language): words with quotes and
 * backslashes, pipelines, `&&`, `||`, `;`, newlines and comments. Nothing is ever expanded, so what would be is refused.
 * `2>&1` is read where it changes nothing, because both streams go into one log: not before a pipe.
 */
import { NotModelled } from '../../net/exchange.js';

/** The commands of one pipeline, each with its words. */
export type Pipeline = string[][];

/** A pipeline with what joins it to the one before. */
export interface Step {
  when: 'always' | 'succeeded' | 'failed';
  pipeline: Pipeline;
}

const RESERVED = new Set(
  'if then else elif fi do done case esac while until for in function select time coproc { } ! [[ ]]'.split(
    ' ',
  ),
);
/** Standard error goes where standard output does. */
const MERGED = '2>&1';
const MERGES = /2>&1(?=[\s;|&]|$)/y;
/** Characters that mean something unquoted, beside those that are read below. */
const SPECIAL = /[$`*?[\]~{}()<>&!]/;

type Token =
  | { word: string; quoted: boolean }
  | { redirection: typeof MERGED }
  | { operator: '&&' | '||' | ';' | '|' | 'newline' };

/**
 * Reads a whole script before anything of it runs.
 *
 * @throws {NotModelled} for anything that isn't in this part of the language
 */
export function parseShell(source: string): Step[] {
  const steps: Step[] = [];
  let when: Step['when'] = 'always';
  let pipeline: Pipeline = [];
  let words: string[] = [];
  let merged = false;
  /** An operator that still wants something behind it. */
  let open: string | undefined;

  const endCommand = (operator: string): void => {
    if (words.length === 0) throw new NotModelled(`nothing stands before ${operator}`);
    if (merged && operator === '|') throw new NotModelled(`${MERGED} before a pipe`);
    pipeline.push(words);
    words = [];
    merged = false;
  };
  const endPipeline = (operator: string): void => {
    endCommand(operator);
    steps.push({ when, pipeline });
    pipeline = [];
  };

  for (const token of tokens(source)) {
    if ('word' in token) {
      if (words.length === 0) refuseCommandName(token);
      words.push(token.word);
      open = undefined;
      continue;
    }
    if ('redirection' in token) {
      merged = true;
      continue;
    }
    const { operator } = token;
    if (operator === 'newline') {
      if (words.length === 0) continue;
      endPipeline(operator);
      when = 'always';
    } else if (operator === '|') {
      endCommand(operator);
      open = operator;
    } else {
      endPipeline(operator);
      when = operator === ';' ? 'always' : operator === '&&' ? 'succeeded' : 'failed';
      open = operator === ';' ? undefined : operator;
    }
  }
  if (open !== undefined) throw new NotModelled(`nothing stands behind ${open}`);
  if (words.length > 0) endPipeline('the end');
  return steps;
}

function refuseCommandName({ word, quoted }: { word: string; quoted: boolean }): void {
  if (quoted) return;
  if (RESERVED.has(word)) throw new NotModelled(`the shell's word ${word}`);
  if (/^[A-Za-z_]\w*\+?=/.test(word)) throw new NotModelled('an assignment');
}

function* tokens(source: string): Generator<Token> {
  let at = 0;
  let word: { word: string; quoted: boolean } | undefined;
  const add = (text: string, quoted: boolean): void => {
    word = { word: (word?.word ?? '') + text, quoted: quoted || word?.quoted === true };
  };
  while (at < source.length) {
    const character = source.charAt(at);
    const next = source.charAt(at + 1);
    if (character === "'") {
      const end = source.indexOf("'", at + 1);
      if (end < 0) throw new NotModelled("a ' that isn't closed");
      add(source.slice(at + 1, end), true);
      at = end + 1;
    } else if (character === '"') {
      const { text, end } = doubleQuoted(source, at + 1);
      add(text, true);
      at = end;
    } else if (character === '\\') {
      if (next === '') throw new NotModelled('a \\ at the end');
      if (next !== '\n') add(next, true);
      at += 2;
    } else if (character === '#' && word === undefined) {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else if (word === undefined && merges(source, at)) {
      yield { redirection: MERGED };
      at += MERGED.length;
    } else if (/[\s;|]/.test(character) || (character === '&' && next === '&')) {
      if (word !== undefined) yield word;
      word = undefined;
      const operator = (['&&', '||', ';', '|'] as const).find((one) => source.startsWith(one, at));
      if (operator !== undefined) yield { operator };
      else if (character === '\n') yield { operator: 'newline' };
      else if (!/[ \t\r]/.test(character))
        throw new NotModelled(`the character ${JSON.stringify(character)}`);
      at += operator?.length ?? 1;
    } else {
      if (SPECIAL.test(character)) throw new NotModelled(`${character} outside of single quotes`);
      add(character, false);
      at += 1;
    }
  }
  if (word !== undefined) yield word;
}

function merges(source: string, at: number): boolean {
  MERGES.lastIndex = at;
  return MERGES.test(source);
}

function doubleQuoted(source: string, start: number): { text: string; end: number } {
  let text = '';
  for (let at = start; at < source.length; at++) {
    const character = source.charAt(at);
    if (character === '"') return { text, end: at + 1 };
    if (character === '$' || character === '`')
      throw new NotModelled(`${character} outside of single quotes`);
    if (character === '\\' && /[$`"\\\n]/.test(source.charAt(at + 1))) {
      at += 1;
      if (source.charAt(at) !== '\n') text += source.charAt(at);
    } else text += character;
  }
  throw new NotModelled('a " that isn\'t closed');
}
