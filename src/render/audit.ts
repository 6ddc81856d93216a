/** What an audit found, and the way off, for the log and the page. Steps are told after all findings, in their order. */
import { expiryOf, placeOf } from '../core/audit/words.js';
import type { Audit, AuditStep } from '../core/audit/model.js';
import type { Connection, Fix, Report } from '../core/report.js';
import { forLog, forMarkdown, forMarkdownBlock, forMarkdownCode } from './escape.js';

const INDENT = '    ';

const KINDS: Readonly<Record<Audit['credentials'][number]['kind'], string>> = {
  'expose-token': 'az acr login --expose-token',
  'service-principal': 'service principal',
  'repository-token': 'repository-scoped token',
  'admin-user': 'admin user',
  unknown: 'unknown',
};

/** One sentence on what a cluster keeps. Every foreign word in it went through its quote already. */
export function auditSentence({ audit, result }: Connection, cluster: string, registry: string): string {
  const { credentials = [], steps = [] } = audit ?? {};
  const number = credentials.length;
  const some = `${number} stored credential${number === 1 ? '' : 's'}`;
  if (result !== 'passed')
    return `What ${cluster} keeps for ${registry} could not all be read: ${number === 0 ? 'nothing' : some} was found so far.`;
  if (number === 0)
    return steps.length === 0
      ? `${cluster} keeps no credential for ${registry}.`
      : `${cluster} keeps no credential for ${registry}, but the repository makes some.`;
  const soonest = credentials.map(expiryOf).find((expiry) => expiry !== undefined);
  const first = soonest === undefined ? '' : number === 1 ? `: it ${soonest}` : `: the first ${soonest}`;
  return `${cluster} keeps ${some} for ${registry}${first}. The way off has ${steps.length} steps.`;
}

/** The steps as the log tells them; commands stand alone on their lines, so that they can be copied. */
export function auditLines({ connections }: Report): string[] {
  return connections.flatMap((connection) => {
    const { steps = [] } = connection.audit ?? {};
    if (steps.length === 0) return [];
    const of = connections.length === 1 ? '' : ` of cluster ${forLog(connection.cluster.name)}`;
    return [
      `  the way off${of}, in this order; nothing of it was done:`,
      ...steps.flatMap((step, index) => [
        `  ${index + 1}. ${forLog(step.title)}`,
        ...told(step.do),
        `${INDENT}to undo: ${forLog(step.undo.summary)}`,
        ...step.undo.commands.map((line) => INDENT + forLog(line)),
      ]),
    ];
  });
}

function told({ summary, commands }: Fix): string[] {
  return [...summary.split('\n'), ...commands].map((line) => INDENT + forLog(line));
}

/** The same for the page. @param folds whether it can fold */
export function auditSection({ connections }: Report, folds: boolean): string[] {
  return connections.flatMap((connection) => {
    const { credentials = [], steps = [] } = connection.audit ?? {};
    const where = `${forMarkdown(connection.cluster.name)} → ${forMarkdown(connection.registry.name)}`;
    const more = connections.length === 1 ? '' : `: ${where}`;
    return [
      ...(credentials.length === 0 ? [] : [`### Stored credentials${more}`, table(credentials)]),
      ...(steps.length === 0
        ? []
        : [
            `### The way off${more}`,
            'In this order; nothing of it was done.',
            ...steps.flatMap((step, index) => stepPart(step, index + 1, folds)),
          ]),
    ];
  });
}

function stepPart({ title, do: fix, undo }: AuditStep, number: number, folds: boolean): string[] {
  const undoing = [
    forMarkdown(undo.summary),
    ...(undo.commands.length === 0 ? [] : [forMarkdownBlock(undo.commands, 'sh')]),
  ];
  return [
    `#### ${number}. ${forMarkdown(title)}`,
    ...fix.summary.split('\n').map(forMarkdown),
    ...(fix.commands.length === 0 ? [] : [forMarkdownBlock(fix.commands, 'sh')]),
    ...(undo.commands.length === 0
      ? []
      : folds
        ? ['<details><summary>How to undo it</summary>', ...undoing, '</details>']
        : ['To undo it:', ...undoing]),
  ];
}

function table(credentials: Audit['credentials']): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['Where', 'Kind', 'Works', 'Expires', 'Used by']),
    row(['---', '---', '---', '---', '---']),
    ...credentials.map((credential) =>
      row([
        forMarkdownCode(placeOf(credential)),
        KINDS[credential.kind],
        credential.works === 'unknown' ? 'unknown' : credential.works ? 'yes' : 'no',
        expiryOf(credential) ?? 'not known',
        credential.usedBy
          .map(({ kind, namespace, name }) => forMarkdownCode(`${kind} ${namespace}/${name}`))
          .join(', ') || 'nothing seen',
      ]),
    ),
  ].join('\n');
}
