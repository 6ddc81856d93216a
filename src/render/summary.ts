/** The report as a page: GitHub's job summary, Azure Pipelines' summary tab. The verdict and the one broken link first, all else below it. */
import type { Check, Connection, Finding, Fix, Grant, Pull, Report, Result } from '../core/report.js';
import { forMarkdown, forMarkdownBlock, forMarkdownCode } from './escape.js';
import { pathDiagram, pathList } from './path.js';
import { planCommands, plannedOf, planFiles } from './plan/index.js';
import {
  brokenLink,
  brokenSentence,
  count,
  duration,
  findingsOf,
  MARKS,
  modeName,
  provedWords,
  pullStatus,
  registryName,
  scopeName,
  shortDigest,
  STATUS_WORDS,
  verdictSentence,
  whyWords,
} from './words.js';
import type { BrokenLink } from './words.js';

const RESULTS: Readonly<Record<Result, string>> = {
  passed: '✅ passed',
  failed: '❌ failed',
  unknown: '❔ unknown',
};

/** GitHub refuses a step's summary of more than 1 MiB (docs.github.com, "Workflow commands": step isolation and limits). */
const LARGEST = 1_000_000;
/** More connections than this are told in the table alone, unless they did not pass. */
const MOST_TOLD = 20;

export interface PageOptions {
  /** False: a page of plain Markdown, where no pictures are shown and no HTML is read. */
  mermaid: boolean;
}

/** The page of one run. Short when all is well; never larger than GitHub takes. */
export function summaryMarkdown(report: Report, options: PageOptions = { mermaid: true }): string {
  const { connections } = report;
  const [only] = connections;
  const told =
    connections.length === 1 && only !== undefined ? connection(only, options) : several(report, options);
  const head = `## aks-acr-pull: ${RESULTS[report.result]}`;
  const headline = connections.length === 1 && only !== undefined ? [verdictSentence(only, forMarkdown)] : [];
  const page = (body: string[]): string =>
    [head, ...headline, ...body, foot(report)]
      .map(options.mermaid ? (part) => part : plain)
      .filter((part) => part !== '')
      .join('\n\n') + '\n';
  const whole = page([...planned(report, options), ...told, ...findings(findingsOf(report))]);
  if (Buffer.byteLength(whole) <= LARGEST) return whole;
  return page(['The page would be larger than GitHub shows: report.json has everything.']);
}

function foot({ mode, durationMs, tool, connections }: Report): string {
  const changed = connections.some((item) => item.changed);
  const done = mode === 'disconnect' ? 'grants were removed' : 'the missing grant was made';
  const wrote = changed ? done : 'nothing was changed in Azure';
  return `<sub>aks-acr-pull ${forMarkdown(tool.version)} · mode ${mode} · ${wrote} · ${duration(durationMs)} · the output <code>report</code> names the file with all details</sub>`;
}

/**
 * What connect would write: the commands to see, the other languages folded where a page can fold. Those hold ids
 * literally, so with shortened ones they are left to the files.
 */
function planned(report: Report, { mermaid }: PageOptions): string[] {
  const commands = planCommands(report);
  if (commands.length === 0) return [];
  const isWhole = plannedOf(report).every(({ grant }) => !grant.scope.includes('…'));
  const others = planFiles(report).filter(({ language }) => language !== 'sh');
  return [
    '### What connect would write',
    forMarkdownBlock(commands, 'sh'),
    ...(mermaid && isWhole
      ? others.flatMap(({ name, text, language }) =>
          folded(forMarkdownCode(name), [forMarkdownBlock(text.trimEnd().split('\n'), language)]),
        )
      : []),
    'The output `plan` names the folder with all forms as files: az commands, Bicep, Terraform and ARM JSON.',
  ];
}

function several(report: Report, options: PageOptions): string[] {
  const { connections } = report;
  const good = connections.filter(({ result }) => result === 'passed').length;
  const rows = connections.map((item) => [
    RESULTS[item.result],
    forMarkdownCode(item.cluster.name),
    forMarkdownCode(registryName(item)),
    `${verdictSentence(item, forMarkdown)} ${brokenSentence(item, forMarkdown)}`.trim(),
  ]);
  const worthTelling = connections
    .filter(({ result }) => result !== 'passed' || connections.length <= MOST_TOLD)
    .slice(0, MOST_TOLD);
  return [
    `${good} of ${count(connections.length, 'connection')} passed.`,
    table(['', 'Cluster', 'Registry', 'Verdict'], rows),
    ...worthTelling.flatMap((item) => {
      const title = `${forMarkdown(item.cluster.name)} → ${forMarkdown(registryName(item))}`;
      return item.result === 'passed'
        ? folded(title, connection(item, options))
        : [`### ${RESULTS[item.result]}: ${title}`, ...connection(item, options)];
    }),
  ];
}

/** One cluster with one registry. */
function connection(item: Connection, { mermaid }: PageOptions): string[] {
  const broken = brokenLink(item);
  const calm = item.result === 'passed';
  const checks = checkTable(item.checks, broken);
  return [
    mermaid ? forMarkdownBlock([pathDiagram(item)], 'mermaid') : pathList(item),
    ...(broken === undefined ? [] : brokenSection(broken, item)),
    ...pullTable(item.pulls),
    ...accessTable(item),
    ...(calm ? folded(`${count(item.checks.length, 'check')}`, checks) : section('Checks', checks)),
  ];
}

function brokenSection(broken: BrokenLink, item: Connection): string[] {
  const heading = broken.status === 'fail' ? 'The broken link' : 'What could not be told';
  return [
    `### ${MARKS[broken.status]} ${heading}: ${forMarkdown(broken.title)}`,
    ...explained(broken),
    ...also(broken, item),
  ];
}

/** Seen, why, fix: each on its own, the commands in a block that can be copied. */
function explained({
  seen,
  cause,
  fix,
  docs,
}: Pick<BrokenLink, 'seen' | 'cause' | 'fix' | 'docs'>): string[] {
  return [
    ...(seen === '' ? [] : [`**Seen:** ${forMarkdown(seen)}`]),
    ...whySection(cause, docs),
    ...fixSection(fix),
  ];
}

function whySection(cause: string | undefined, docs: string | undefined): string[] {
  const parts = [
    forMarkdown(whyWords(cause) ?? ''),
    ...(cause === undefined ? [] : [`Cause ${forMarkdownCode(cause)}.`]),
    ...(docs === undefined ? [] : [docsLink(docs)]),
  ].filter((part) => part !== '');
  return parts.length === 0 ? [] : [`**Why:** ${parts.join(' ')}`];
}

function fixSection(fix: Fix | undefined): string[] {
  if (fix === undefined) return [];
  return [
    `**Fix:** ${forMarkdown(fix.summary)}`,
    ...(fix.commands.length === 0 ? [] : [forMarkdownBlock(fix.commands, 'sh')]),
  ];
}

/** Only a plain https address becomes a link. */
function docsLink(docs: string): string {
  return /^https:\/\/[\w.-]+(\/[\w./#-]*)?$/.test(docs) ? `[More about it](${docs})` : forMarkdownCode(docs);
}

/** Other failures that have a fix of their own; the same fix is not told twice. */
function also(broken: BrokenLink, item: Connection): string[] {
  const told = new Set([broken.fix?.summary]);
  const others = [
    ...item.checks.map((check) => ({ ...check, seen: check.evidence })),
    ...item.pulls.map((pull) => ({
      ...pull,
      title: `node pool ${pull.nodePool} can pull ${pull.image}`,
      seen: pull.message ?? '',
    })),
  ].filter(({ status, fix }) => {
    if ((status !== 'fail' && status !== 'unknown') || fix === undefined || told.has(fix.summary))
      return false;
    told.add(fix.summary);
    return true;
  });
  return others.flatMap((other) =>
    folded(`${MARKS[other.status]} ${forMarkdown(other.title)}`, explained(other)),
  );
}

function outcome(pull: Pull): string {
  if (pull.status === 'pass') return `${pull.proved}: ${provedWords(pull)}`;
  return pull.message === undefined ? provedWords(pull) : `${provedWords(pull)}: ${pull.message}`;
}

function pullTable(pulls: readonly Pull[]): string[] {
  if (pulls.length === 0) return [];
  const rows = pulls.map((pull) => {
    const status = pullStatus(pull);
    return [
      MARKS[status],
      `${forMarkdownCode(pull.nodePool)} ${forMarkdown(`${pull.os}/${pull.architecture}`)}`,
      forMarkdownCode(pull.image),
      pull.digest === undefined ? '' : forMarkdownCode(shortDigest(pull.digest)),
      forMarkdown(outcome(pull)),
    ];
  });
  return section('Pulls', [table(['', 'Node pool', 'Image', 'Digest', 'Proved'], rows)]);
}

function grantRow(grant: Grant): string[] {
  const how = [
    grant.inherited ? 'inherited' : 'on the registry',
    ...(grant.via === 'group' ? ['through a group'] : []),
    ...(grant.condition === undefined ? [] : ['under a condition']),
    ...(grant.ours ? ['made by aks-acr-pull'] : []),
  ];
  return [forMarkdown(grant.roleName), forMarkdownCode(scopeName(grant.scope)), how.join(', ')];
}

function accessTable({ access, registry }: Connection): string[] {
  if (access.grants.length === 0) return [];
  return section(`Access (registry mode: ${modeName(registry.roleAssignmentMode)})`, [
    table(['Role', 'Scope', 'How'], access.grants.map(grantRow)),
  ]);
}

/** What the section of the broken link quotes isn't quoted again. */
function checkTable(checks: readonly Check[], broken: BrokenLink | undefined): string[] {
  if (checks.length === 0) return [];
  const rows = checks.map((check) => [
    `${MARKS[check.status]} ${STATUS_WORDS[check.status]}`,
    forMarkdown(check.title),
    check.title === broken?.title ? 'see above' : forMarkdown(check.evidence),
  ]);
  return [table(['', 'Check', 'Seen'], rows)];
}

function findings(all: readonly Finding[]): string[] {
  if (all.length === 0) return [];
  return section(
    'Worth changing',
    all.flatMap(({ title, evidence, fix }) => [
      `${MARKS.warn} **${forMarkdown(title)}**${evidence === '' ? '' : `: ${forMarkdown(evidence)}`}`,
      ...fixSection(fix),
    ]),
  );
}

function section(title: string, body: string[]): string[] {
  return body.length === 0 ? [] : [`#### ${title}`, ...body];
}

/** `summary` is Markdown that was made harmless; inside <summary> it is HTML, where our entities mean the same. */
function folded(summary: string, body: string[]): string[] {
  return body.length === 0 ? [] : [`<details><summary>${summary}</summary>`, ...body, '</details>'];
}

/** A part without the HTML of {@link folded} and {@link foot}: foreign text holds none, it was made harmless. */
function plain(part: string): string {
  if (part.startsWith('```')) return part;
  return part
    .replace(/^<details><summary>(.*)<\/summary>$/, '#### $1')
    .replace(/^<\/details>$/, '')
    .replace(/^<sub>(.*)<\/sub>$/, '$1')
    .replaceAll(/<\/?code>/g, '');
}

/** Cells are Markdown that was made harmless: no pipes, no new lines. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n');
}
