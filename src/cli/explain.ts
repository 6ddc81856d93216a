/** The command explain: what a message about a pull means. By itself it calls nothing and needs no sign-in. */
import { readFile } from 'node:fs/promises';
import { explainText } from '../core/diagnosis/explanation.js';
import type { Known } from '../core/diagnosis/explanation.js';
import { describeFailure } from '../host/failure.js';
import { explanationJson, explanationLines, explanationMarkdown } from '../render/explanation.js';
import { forLog } from '../render/escape.js';
import { EXIT } from './exit-codes.js';
import type { OutputForm } from './output-forms.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface ExplainOptions {
  message?: string;
  /** A path, or `-` for standard input. */
  file?: string;
  output: OutputForm;
  /** What Azure knows of what the text speaks of; absent: nobody is asked. */
  readKnown?: (text: string, errors: Lines) => Promise<Known>;
}

/** More than this is no message, and no list of a cluster's events either. */
const LARGEST = 50_000_000;

/**
 * Explains a message: the argument, a file, or standard input.
 *
 * @returns 0 when the cause is determined, 3 when it isn't, 2 when there is nothing that could be explained
 */
export async function explainCommand(options: ExplainOptions, terminal: Terminal): Promise<number> {
  const errors = new Lines(terminal.stderr, terminal.environment);
  const refuse = (problem: string): number => {
    errors.story(`✗ ${forLog(problem)}`);
    return EXIT.unusable;
  };
  const { message, file } = options;
  if (message !== undefined && file !== undefined)
    return refuse('there is a message and --file: explain takes one of them');
  if (message === undefined && file === undefined && terminal.stdin?.isTTY === true)
    return refuse(
      'no message: give one, or --file PATH, or pipe one in, such as kubectl get events -o json | aks-acr-pull explain',
    );

  let text: string;
  try {
    text =
      message ??
      decoded(file === undefined || file === '-' ? await everything(terminal) : await readFile(file));
  } catch (error) {
    return refuse(
      `${file ?? 'standard input'} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (text.trim() === '') return refuse('the message is empty');
  if (text.length > LARGEST) return refuse(`the message has more than ${LARGEST} characters`);

  let known: Known | undefined;
  try {
    known = await options.readKnown?.(text, errors);
  } catch (error) {
    for (const problem of describeFailure(error).problems) refuse(problem);
    return EXIT.unusable;
  }
  const explanations = explainText(text, known);
  if (explanations.length === 0)
    return refuse('nothing in it is about a pull that failed: neither a status nor an event that says so');
  if (options.output === 'json') terminal.stdout.write(explanationJson(explanations));
  else if (options.output === 'markdown') terminal.stdout.write(explanationMarkdown(explanations));
  else {
    const lines = new Lines(terminal.stdout, terminal.environment);
    for (const line of explanationLines(explanations)) lines.story(line);
  }
  return explanations.every(({ determined }) => determined) ? EXIT.passed : EXIT.unknown;
}

/** Text by its byte order mark: Windows PowerShell writes UTF-16 where output is redirected into a file. Else UTF-8. */
function decoded(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  return new TextDecoder(mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8').decode(bytes);
}

async function everything({ stdin }: Terminal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stdin ?? []) {
    parts.push(Buffer.from(part));
    length += parts.at(-1)?.length ?? 0;
    // What is read on would be refused.
    if (length > LARGEST) break;
  }
  return Buffer.concat(parts);
}
