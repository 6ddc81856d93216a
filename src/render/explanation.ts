/** An explanation, as a terminal, a page or a program reads it. */
import { DOCS, pageOf } from '../core/diagnosis/causes.js';
import { wordsOf } from '../core/diagnosis/explanation.js';
import type { ExplainedCause, Explanation } from '../core/diagnosis/explanation.js';
import { forLog, forMarkdown, forMarkdownBlock, forMarkdownCode } from './escape.js';

/** Where whoever is told of no one cause reads on. */
const INDEX = `${DOCS}/README.md#by-literal-error-text`;

/** How many of the causes that are offered a person is shown; JSON has all. */
const SHOWN = 6;

const percent = (confidence: number): string => `${Math.round(confidence * 100)} %`;
const isCommand = (step: string): boolean => /^(az|kubectl|aks-acr-pull) /.test(step);
const heading = ({ determined, causes }: Explanation): string => {
  const [first] = causes;
  if (first === undefined) return 'undetermined: these words are none that are known';
  return determined
    ? `${wordsOf(first.id).title} (${first.id})`
    : "undetermined: these words don't tell which of these it is";
};

/** Lines for a terminal: the cause, or those that it may be, and what to do next. */
export function explanationLines(explanations: readonly Explanation[]): string[] {
  return explanations.flatMap((one, index) => [...(index === 0 ? [] : ['']), ...lines(one)]).map(forLog);
}

function lines(explanation: Explanation): string[] {
  const { determined, causes, next, subjects } = explanation;
  const [first] = causes;
  return [
    `${determined ? '✗' : '?'} ${heading(explanation)}`,
    ...subjects.map((subject) => `    of     ${subject}`),
    ...(first === undefined ? [] : evidenceLines(first)),
    ...(first !== undefined && determined ? [`    why    ${wordsOf(first.id).why}`] : []),
    ...(determined
      ? []
      : causes
          .slice(0, SHOWN)
          .map(({ id, confidence }) => `    - ${wordsOf(id).title} (${id}, ${percent(confidence)})`)),
    ...(causes.length > SHOWN && !determined ? [`    - and ${causes.length - SHOWN} less likely ones`] : []),
    ...next.map(
      (step, index) => `    ${(index === 0 ? (determined ? 'fix' : 'next') : '').padEnd(7)}${step}`,
    ),
    `    docs   ${determined && first !== undefined ? pageOf(first.id) : INDEX}`,
  ];
}

function evidenceLines({ evidence }: ExplainedCause): string[] {
  return evidence.map(({ side, text }) => `    ${side === 'for' ? 'seen' : 'but '}   ${text}`);
}

/** A page in Markdown. */
export function explanationMarkdown(explanations: readonly Explanation[]): string {
  return `${explanations.map((one) => paragraphs(one).join('\n\n')).join('\n\n')}\n`;
}

function paragraphs(explanation: Explanation): string[] {
  const { determined, causes, next, subjects } = explanation;
  const [first] = causes;
  const shown = determined ? [] : causes.slice(0, SHOWN);
  const sentences = next.filter((step) => !isCommand(step));
  const commands = next.filter(isCommand);
  return [
    `### ${determined ? '✗' : '?'} ${forMarkdown(heading(explanation))}`,
    ...(subjects.length === 0 ? [] : [subjects.map((subject) => `- ${forMarkdownCode(subject)}`).join('\n')]),
    ...(first?.evidence ?? []).map(
      ({ side, text }) => `**${side === 'for' ? 'Seen' : 'But'}:** ${forMarkdown(text)}`,
    ),
    ...(first !== undefined && determined ? [`**Why:** ${forMarkdown(wordsOf(first.id).why)}`] : []),
    ...(shown.length === 0
      ? []
      : [
          shown
            .map(
              ({ id, confidence }) =>
                `- [${forMarkdown(wordsOf(id).title)}](${pageOf(id)}) (${percent(confidence)})`,
            )
            .join('\n'),
        ]),
    ...sentences.map(
      (step, index) => `${index > 0 ? '' : `**${determined ? 'Fix' : 'Next'}:** `}${forMarkdown(step)}`,
    ),
    ...(commands.length === 0 ? [] : [forMarkdownBlock(commands, 'sh')]),
    `[More about it](${determined && first !== undefined ? pageOf(first.id) : INDEX})`,
  ];
}

/**
 * JSON: one object a line for each failure that the text tells of, the most frequent first, and in it exactly what is
 * declared; which pods fail so is evidence.
 */
export function explanationJson(explanations: readonly Explanation[]): string {
  return explanations.map((one) => `${JSON.stringify(declared(one))}\n`).join('');
}

function declared({ determined, causes, next, subjects }: Explanation): object {
  const of = subjects.map((subject) => ({ side: 'for', text: `said of ${subject}` }));
  return {
    determined,
    causes: causes.map(({ id, family, confidence, evidence }, index) => ({
      id,
      family,
      confidence,
      evidence: [...evidence, ...(index === 0 ? of : [])],
    })),
    next,
  };
}
