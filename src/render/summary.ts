/** The report as a page: GitHub's job summary, Azure Pipelines' summary tab. The verdict and the one broken link first, all else below it. */
import { brokenLinks, leadingLink, likeness, poolsOf } from '../core/broken-links.js';
import type { BrokenLink } from '../core/broken-links.js';
import type { Check, Connection, Finding, Fix, Grant, Pull, Report, Result } from '../core/report.js';
import { auditSection } from './audit.js';
import { deployedSection } from './deployed.js';
import { forMarkdown, forMarkdownBlock, forMarkdownCode } from './escape.js';
import { pathDiagram, pathList } from './path.js';
import { planCommands, plannedOf, planFiles } from './plan/index.js';
import {
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
  wrongWords,
} from './words.js';
import { wrapped } from './wrap-command.js';

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
    connections.length === 1 && only !== undefined
      ? connection(only, options, new Set())
      : several(report, options);
  const head = `## aks-acr-pull: ${RESULTS[report.result]}`;
  const headline = connections.length === 1 && only !== undefined ? [verdictSentence(only, forMarkdown)] : [];
  const page = (body: string[]): string =>
    [head, ...headline, ...body, foot(report)]
      .map(options.mermaid ? (part) => part : plain)
      .filter((part) => part !== '')
      .join('\n\n') + '\n';
  const whole = page([
    ...planned(report, options),
    ...auditSection(report, options.mermaid),
    ...told,
    ...deployedSection(report),
    ...findings(findingsOf(report)),
  ]);
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
    forMarkdownBlock(commands.flatMap(wrapped), 'sh'),
    ...(mermaid && isWhole
      ? others.flatMap(({ name, text, language }) =>
          folded(forMarkdownCode(name), [forMarkdownBlock(text.trimEnd().split('\n'), language)]),
        )
      : []),
    'The output `plan` names the folder with all forms as files: az commands, Bicep, Terraform and ARM JSON.',
  ];
}

/** Several connections: what to mend first of all, then a table, then each. */
function several(report: Report, options: PageOptions): string[] {
  const { connections } = report;
  const good = connections.filter(({ result }) => result === 'passed').length;
  const rows = connections.map((item) => [
    RESULTS[item.result].replace(' ', '&nbsp;'),
    forMarkdownCode(item.cluster.name),
    forMarkdownCode(registryName(item)),
    `${verdictSentence(item, forMarkdown)} ${brokenSentence(item, forMarkdown)}`.trim(),
  ]);
  const worthTelling = connections
    .filter(({ result }) => result !== 'passed' || connections.length <= MOST_TOLD)
    .slice(0, MOST_TOLD);
  const lead = leadingLink(report);
  const told = new Set<string>();
  return [
    `${good} of ${count(connections.length, 'connection')} passed.`,
    ...(lead === undefined ? [] : brokenSection(lead, true, told)),
    table(['', 'Cluster', 'Registry', 'Verdict'], rows),
    ...worthTelling.flatMap((item) => {
      const title = `${forMarkdown(item.cluster.name)} → ${forMarkdown(registryName(item))}`;
      return item.result === 'passed'
        ? folded(title, connection(item, options, told))
        : [`### ${RESULTS[item.result]}: ${title}`, ...connection(item, options, told)];
    }),
  ];
}

/**
 * One cluster with one registry.
 *
 * @param told what the page explained already; what is explained here is added
 */
function connection(item: Connection, { mermaid }: PageOptions, told: Set<string>): string[] {
  const broken = brokenLinks(item);
  const [lead, ...others] = broken;
  const calm = item.result === 'passed';
  const checks = checkTable(item.checks, broken);
  return [
    ...(lead === undefined ? [] : brokenSection(lead, others.length > 0, told)),
    ...also(others, told),
    mermaid ? forMarkdownBlock([pathDiagram(item)], 'mermaid') : pathList(item),
    ...pullTable(item.pulls, broken),
    ...accessTable(item),
    ...(calm ? folded(`${count(item.checks.length, 'check')}`, checks) : section('Checks', checks)),
  ];
}

/** What is broken, why, and what mends it: all that somebody needs who reads no further. */
function brokenSection(link: BrokenLink, several: boolean, told: Set<string>): string[] {
  const heading =
    link.status === 'unknown' ? 'What could not be told' : several ? 'Mend this first' : 'The broken link';
  return [
    `### ${MARKS[link.status]} ${heading}: ${forMarkdown(wrongWords(link))}`,
    ...explainedOnce(link, told),
  ];
}

/** What the page explained already is named by its cause. */
function explainedOnce(link: BrokenLink, told: Set<string>): string[] {
  const key = JSON.stringify([link.cause, link.fix]);
  if (link.cause !== undefined && told.has(key))
    return [`As told above: cause ${forMarkdownCode(link.cause)}.`];
  told.add(key);
  return explained(link);
}

/** Of what others said, as much as a reader takes in; the rest is in the table below, or in report.json. */
const LONGEST_QUOTE = 640;
const LONGEST_CELL = 200;

/** Its beginning, which says what was tried, and its end, which says why it failed. */
function quote(text: string, longest: number): string {
  const characters = [...text];
  if (characters.length <= longest) return text;
  const half = Math.floor(longest / 2);
  const [begin, end] = [characters.slice(0, half).join(''), characters.slice(-half).join('')];
  return `${begin.replace(/\s\S{0,40}$/, '')} … ${end.replace(/^\S{0,40}\s/, '')}`;
}

/** Each command in a block of its own, so that one can be copied alone, in lines that are shown whole. */
function commandBlocks(commands: readonly string[]): string[] {
  return commands.map((one) => forMarkdownBlock(wrapped(one), 'sh'));
}

/** What was asserted and seen, why, fix: each on its own, the commands in a block that can be copied. */
function explained(link: BrokenLink): string[] {
  const { title, seen, cause, fix, docs } = link;
  const parts = [
    wrongWords(link) === title ? '' : `**Asked:** ${forMarkdown(title)}?`,
    seen === '' ? '' : `**Seen:** ${forMarkdown(quote(seen, LONGEST_QUOTE))}`,
  ].filter((part) => part !== '');
  return [...(parts.length === 0 ? [] : [parts.join(' ')]), ...whySection(cause, docs), ...fixSection(fix)];
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
  return [`**Fix:** ${forMarkdown(fix.summary)}`, ...commandBlocks(fix.commands)];
}

/** Only a plain https address becomes a link. */
function docsLink(docs: string): string {
  return /^https:\/\/[\w.-]+(\/[\w./#-]*)?$/.test(docs) ? `[More about it](${docs})` : forMarkdownCode(docs);
}

/** What else is wrong and has a fix of its own, in the order to mend it; the same fix is not told twice. */
function also(links: readonly BrokenLink[], told: Set<string>): string[] {
  const others = links.filter(
    ({ cause, fix }) => fix !== undefined && !told.has(JSON.stringify([cause, fix])),
  );
  if (others.length === 0) return [];
  return [
    `**Then mend ${others.length === 1 ? 'this' : `these ${others.length}`}:**`,
    ...others.flatMap((link) =>
      folded(`${MARKS[link.status]} ${forMarkdown(wrongWords(link))}`, explainedOnce(link, told)),
    ),
  ];
}

function outcome(pull: Pull): string {
  if (pull.status === 'pass') return `${pull.proved}: ${provedWords(pull)}`;
  return pull.message === undefined
    ? provedWords(pull)
    : `${provedWords(pull)}: ${quote(pull.message, LONGEST_CELL)}`;
}

/** A few names each as code; of many, a count. */
function poolsCell(pulls: readonly Pull[]): string {
  const names = [...new Set(pulls.map(({ nodePool }) => nodePool))];
  return names.length > 4 ? forMarkdown(poolsOf(pulls)) : names.map(forMarkdownCode).join(', ');
}

/** One row for each pull, but one alone for all that fail alike. */
function pullTable(pulls: readonly Pull[], broken: readonly BrokenLink[]): string[] {
  if (pulls.length === 0) return [];
  const rows = new Map<string, Pull[]>();
  for (const pull of pulls) {
    const alone = pull.status === 'pass' || pull.status === 'skip';
    const key = alone ? `${rows.size}` : `${pull.image} ${likeness(pull)}`;
    rows.set(key, [...(rows.get(key) ?? []), pull]);
  }
  const row = (alike: readonly Pull[]): string[] =>
    alike.slice(0, 1).flatMap((pull) => {
      const platforms = [...new Set(alike.map(({ os, architecture }) => `${os}/${architecture}`))].join(', ');
      const seen = broken.some(
        (link, index) => link.seen === pull.message && (index === 0 || link.fix !== undefined),
      );
      return [
        MARKS[pullStatus(pull)],
        `${poolsCell(alike)} ${forMarkdown(platforms)}`,
        forMarkdownCode(pull.image),
        pull.digest === undefined ? '' : forMarkdownCode(shortDigest(pull.digest)),
        seen ? `${provedWords(pull)}: see above` : forMarkdown(outcome(pull)),
      ];
    });
  return section('Pulls', [
    table(['', 'Node pool', 'Image', 'Digest', 'Proved'], [...rows.values()].map(row)),
  ]);
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

/** What the sections above quote isn't quoted again. */
function checkTable(checks: readonly Check[], broken: readonly BrokenLink[]): string[] {
  if (checks.length === 0) return [];
  const quoted = new Set(
    broken
      .filter(
        ({ fix, seen }, index) => (index === 0 || fix !== undefined) && [...seen].length <= LONGEST_QUOTE,
      )
      .map(({ title }) => title),
  );
  const rows = checks.map((check) => [
    `${MARKS[check.status]}&nbsp;${STATUS_WORDS[check.status]}`,
    cell(check.title),
    quoted.has(check.title) ? 'see above' : cell(check.evidence),
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

/** Text of a cell, with digests short enough for a column. */
function cell(text: string): string {
  return forMarkdown(text.replace(/sha256:[0-9a-f]{64}/g, shortDigest));
}

/** Cells are Markdown that was made harmless: no pipes, no new lines. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n');
}
