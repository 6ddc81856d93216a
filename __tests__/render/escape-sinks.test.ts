/**
 * Every place that text of others gets to, in one table: cluster, pool, namespace, policy, image, registry and node names
 * and event messages that nobody could choose, but that a broken answer could hold. In each nothing of them runs, and all
 * of it is there as text. The table is held against the sources, so that a new place is noticed.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setOutput, saveState } from '@actions/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { parseAllDocuments } from 'yaml';
import type { Agent } from '../../src/azure-pipelines/agent.js';
import { createLog as azurePipelinesLog, logIssue, logIssues } from '../../src/azure-pipelines/log.js';
import { readFileCommands, readOutputLine } from '../../src/cli/demo/workflow-commands.js';
import { OUTPUT_FORMS } from '../../src/cli/output-forms.js';
import { Lines } from '../../src/cli/terminal.js';
import { nextSteps, onNodeSteps } from '../../src/core/diagnosis/ranking/next.js';
import { parseSymptom } from '../../src/core/diagnosis/symptoms/parse.js';
import { CAUSES } from '../../src/core/diagnosis/causes.js';
import type { FixFacts } from '../../src/core/diagnosis/cause.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { applied } from '../../src/core/diagnosis/commands.js';
import { deleteCommand } from '../../src/core/kubernetes/clean-up.js';
import { probeRole } from '../../src/core/kubernetes/rights.js';
import { runCommandConnection } from '../../src/core/kubernetes/run-command.js';
import type { Log } from '../../src/core/ports.js';
import type { Report } from '../../src/core/report.js';
import { annotate, createLog as gitHubLog } from '../../src/github/log.js';
import { forLog } from '../../src/render/escape.js';
import { planFiles } from '../../src/render/plan/index.js';
import { reportJson } from '../../src/render/report-json.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { runInShell } from '../core/diagnosis/shell.js';
import { SUBSCRIPTION } from '../core/support.js';
import { isCommand, readLoggingCommand } from './command-readers.js';
import { hostileReport, nasty } from './hostile.js';
import { connection, report } from './reports.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** The agent as the task speaks to it. Loading it writes a key into the agent's temporary folder, and tells so. */
let agent: Agent;
const agentFolder = mkdtempSync(join(tmpdir(), 'sinks-'));
beforeAll(async () => {
  process.env.AGENT_TEMPDIRECTORY = agentFolder;
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = () => true;
  try {
    ({ agent } = await import('../../src/azure-pipelines/agent.js'));
  } finally {
    process.stdout.write = write;
    delete process.env.AGENT_TEMPDIRECTORY;
  }
});
afterAll(() => rmSync(agentFolder, { recursive: true, force: true }));

/** One place. */
interface Sink {
  name: string;
  /** What of the sources writes there: see {@link writersInSources}. */
  writers: readonly string[];
  /** Expects that this text neither runs there nor is lost. */
  holds?: (text: string) => void | Promise<void>;
  /** Default 100. */
  runs?: number;
  /** Where the property stands, when it is not here: a test file, and the beginning of its title. */
  elsewhere?: readonly [file: string, title: string][];
}

/** Everything that is told during a run. */
function tellAll(log: Log, told: Report, text: string): void {
  log.chapter(text);
  for (const { checks, pulls, findings } of told.connections) {
    checks.forEach((one) => log.check(one));
    pulls.forEach((one) => log.pull(one));
    findings.forEach((one) => log.finding(one));
  }
  log.waiting({ what: text, elapsedMs: 1, limitMs: 2 });
  log.debug(text);
}

/** Lines that a call writes to standard output. */
function linesOf(call: () => void): string[] {
  const write = process.stdout.write.bind(process.stdout);
  let written = '';
  process.stdout.write = (text: string | Uint8Array) => (written += String(text)) !== '';
  const consoleLog = console.log;
  console.log = (line: string) => void (written += `${line}\n`);
  try {
    call();
  } finally {
    process.stdout.write = write;
    console.log = consoleLog;
  }
  return written.split('\n').slice(0, -1);
}

/** How a text must look in a log, line by line. */
const shownLines = (text: string): string[] =>
  text
    .split(/\r\n|\n|\r/)
    .map((line) => forLog(line.trimEnd()).trim())
    .filter((line) => line !== '');

/** What can't be seen, or changes how the rest is seen. */
const UNSEEN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const ESCAPE = String.fromCharCode(27);
const OWN_COLOURS = new RegExp(`${ESCAPE}\\[\\d+(;\\d+)*m`, 'g');

const TAME = 'tame';
const countOf = (items: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
};

function gitHubKinds(lines: readonly string[]): Record<string, number> {
  return countOf(
    lines.filter(isCommand).map((line) => {
      const read = readOutputLine(line);
      return read.kind === 'annotation' ? read.level : read.kind;
    }),
  );
}

/** Names of both systems' commands; the log view's `##[` formats too. */
function azureKinds(lines: readonly string[]): Record<string, number> {
  return countOf(
    lines.filter(isCommand).map((line) => readLoggingCommand(line)?.name ?? line.slice(0, line.indexOf(']'))),
  );
}

/** A page without its code, in which nothing is read as anything. */
const proseOf = (page: string): string =>
  page.replace(/^(`{3,})\w*\n[^]*?\n\1$/gm, 'block').replace(/`[^`\n]*`/g, 'code');

function pageHolds(mermaid: boolean, text: string): void {
  const page = summaryMarkdown(hostileReport(text), { mermaid });
  const prose = proseOf(page);
  const tame = proseOf(summaryMarkdown(hostileReport(TAME), { mermaid }));
  const tags = (of: string): string[] => [...new Set(of.match(/<[a-z/!?][^>]*>/gi) ?? [])].sort();
  const allowed = new Set([...tags(tame), ...(mermaid ? ['<code>', '</code>', '<br>'] : ['<br>'])]);
  expect(tags(prose).filter((tag) => !allowed.has(tag))).toEqual([]);
  expect(prose).not.toMatch(/\]\(|:\/\/|@|```/);
  const headings = (of: string): number => (of.match(/^\s{0,3}(#{1,6} |={2,}\s*$|-{2,}\s*$)/gm) ?? []).length;
  expect(headings(prose)).toBe(headings(tame));
  for (const [header = '', ...rows] of prose
    .split('\n\n')
    .filter((part) => part.startsWith('|'))
    .map((part) => part.split('\n')))
    for (const row of rows) expect(row.split('|')).toHaveLength(header.split('|').length);
  const [, diagram = ''] = /```mermaid\n([^]*?)\n```/.exec(page) ?? [];
  for (const line of diagram.split('\n').filter((one) => one !== ''))
    expect(line).toMatch(
      /^(flowchart LR| {2}\w+(\(\["[^"]*"\]\)|\["[^"]*"\])| {2}\w+ -?-\.?->\|"[^"]*"\| \w+| {2}linkStyle \d+ [\w:#, -]+)$/,
    );
  expect(page.replaceAll('\n', '')).not.toMatch(UNSEEN);
}

/** What a shell can be given: no NUL, no half characters. */
const forShells = (text: string): string => Buffer.from(text.replaceAll('\0', ''), 'utf8').toString('utf8');
/** A name inside of an ARM id, which has slashes between names. */
const asName = (text: string): string => `n${forShells(text).replaceAll('/', '')}`;

function factsOf(name: string): FixFacts {
  const of = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${name}/providers`;
  const registry = `${of}/Microsoft.ContainerRegistry/registries/${name}`;
  return {
    cluster: {
      id: `${of}/Microsoft.ContainerService/managedClusters/${name}`,
      name,
      resourceGroup: name,
      azureRbac: true,
    },
    registry: { id: registry, name, loginServer: 'contoso.azurecr.io' },
    kubeletObjectId: name,
    role: { name: 'AcrPull', guid: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
    caller: { objectId: name, type: 'ServicePrincipal' },
    missing: { action: 'Microsoft.Authorization/roleAssignments/write', scope: registry },
    namespace: 'default',
    image: name,
    servicePrincipalClientId: name,
    removes: name,
  };
}
/** A fix reads differently for who lacks the right to write, and for who lacks the right to remove. */
const MISSING = ['roleAssignments/write', 'roleAssignments/delete'];
const fixLines = (name: string): string[] =>
  (Object.keys(CAUSES) as CauseId[]).flatMap((id) =>
    MISSING.flatMap((right) => {
      const facts = factsOf(name);
      const missing = { action: `Microsoft.Authorization/${right}`, scope: facts.registry?.id ?? '' };
      const { commands, literalCommands = [] } = CAUSES[id].fix({ ...facts, missing });
      return [...commands, ...literalCommands];
    }),
  );

/** What is printed to look at next, for one cause of each kind. */
const lookLines = (name: string): string[] => {
  const known = { ...factsOf(name), node: name };
  const refused = parseSymptom('401 Unauthorized');
  const causes: readonly CauseId[] = [
    'unauthorized-unresolved',
    'dns-nxdomain',
    'tag-not-found',
    'registry-full',
  ];
  return causes.flatMap((id) => [
    ...nextSteps(refused, { determined: false, causes: [{ id, confidence: 1, evidence: [] }] }, known),
    ...onNodeSteps(id, refused, known),
  ]);
};

/** The arguments that a shell gives to each program, with the lines of one script. */
function calls(lines: readonly string[]): string[][] {
  const ran = runInShell(lines.join('\n'));
  expect(ran.escaped).toBe(false);
  return ran.calls;
}
let tameCalls: string[][] | undefined;
const renamed = (of: readonly string[][], to: string): string[][] =>
  of.map((call) => call.map((word) => word.replaceAll(`n${TAME}`, () => to)));

const SINKS: readonly Sink[] = [
  {
    name: "GitHub's log and annotations",
    writers: [
      ...['info', 'debug', 'startGroup', 'endGroup', 'error', 'warning', 'setFailed'].map(
        (name) => `github ${name}`,
      ),
      'escape forLog',
      'escape forAnnotation',
    ],
    holds(text) {
      const told = (of: string): string[] =>
        linesOf(() => {
          const log = gitHubLog();
          tellAll(log, hostileReport(of), of);
          log.endChapter();
          closingLines(hostileReport(of)).forEach((line) => process.stdout.write(`${line}\n`));
          annotate(hostileReport(of));
        });
      const lines = told(text);
      const kinds = gitHubKinds(lines);
      expect(Object.keys(kinds).sort()).toEqual(['debug', 'end-group', 'error', 'group', 'warning']);
      expect([kinds.group, kinds.error, kinds.warning]).toEqual([1, 2, 1]);
      // What an annotation says is shown as lines of the log, too.
      for (const line of lines.map(readOutputLine))
        if (line.kind === 'annotation') expect(line.message.split('\n').filter(isCommand)).toEqual([]);
      for (const line of shownLines(text)) expect(lines.join('\n')).toContain(line);
      expect(lines.join('')).not.toMatch(UNSEEN);
    },
  },
  {
    name: "GitHub's masks",
    writers: ['github setSecret'],
    holds(text) {
      const lines = linesOf(() => gitHubLog().secret(text));
      expect(lines).toHaveLength(text === '' ? 0 : 1);
      for (const line of lines) expect(readOutputLine(line)).toMatchObject({ kind: 'mask' });
    },
  },
  {
    name: "GitHub's files of outputs and state",
    writers: ['github setOutput', 'github saveState'],
    holds(text) {
      const folder = mkdtempSync(join(tmpdir(), 'sinks-'));
      const before = { ...process.env };
      try {
        for (const file of ['GITHUB_OUTPUT', 'GITHUB_STATE']) {
          writeFileSync(join(folder, file), '');
          process.env[file] = join(folder, file);
        }
        setOutput('login-server', text);
        setOutput('result', 'failed');
        saveState('leftovers', JSON.stringify([text]));
        const read = (file: string): Record<string, string> =>
          readFileCommands(readFileSync(join(folder, file), 'utf8'));
        const whole = (one: string): string =>
          Buffer.from(one, 'utf8').toString('utf8').replace(/\r\n/g, '\n');
        const { 'login-server': said = '', ...others } = read('GITHUB_OUTPUT');
        expect(others).toEqual({ result: 'failed' });
        // The file's own line breaks swallow those at the end.
        expect(said.replace(/\r+$/, '')).toBe(whole(text).replace(/\r+$/, ''));
        expect(Object.keys(read('GITHUB_STATE'))).toEqual(['leftovers']);
        expect(JSON.parse(read('GITHUB_STATE').leftovers ?? '')).toEqual([text]);
      } finally {
        process.env = before;
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    name: "GitHub's summary, its tables, code and picture, and --output markdown",
    writers: [
      'github summary',
      'output markdown',
      'escape forMarkdown',
      'escape forMarkdownCode',
      'escape forMarkdownBlock',
      'escape forMermaid',
    ],
    holds: (text) => pageHolds(true, text),
  },
  {
    name: "Azure Pipelines' summary",
    writers: ['agent task.uploadsummary', 'writes src/azure-pipelines/step.ts'],
    holds: (text) => pageHolds(false, text),
  },
  {
    name: "Azure Pipelines' log, issues, progress and masks",
    writers: [
      ...['task.logissue', 'task.setprogress', 'task.debug', 'task.setsecret'].map((name) => `agent ${name}`),
      'agent line',
      'agent complete',
      'writes src/azure-pipelines/agent.ts',
    ],
    holds(text) {
      const lines = linesOf(() => {
        const debugging = { ...agent, debugging: true };
        const log = azurePipelinesLog(debugging);
        tellAll(log, hostileReport(text), text);
        log.secret(text);
        log.endChapter();
        closingLines(hostileReport(text)).forEach((line) => agent.line(line));
        logIssues(debugging, hostileReport(text));
        logIssue(debugging, 'error', text);
      });
      const { 'task.setsecret': masks = 0, ...kinds } = azureKinds(lines);
      expect(masks).toBeLessThanOrEqual(text.split(/[\r\n]+/).length);
      expect(kinds).toEqual({
        '##[group': 1,
        '##[endgroup': 1,
        'task.setprogress': 1,
        'task.debug': 1,
        'task.logissue': 4,
      });
      for (const line of lines.map(readLoggingCommand))
        if (line?.name === 'task.logissue') expect(line.data.split('\n').filter(isCommand)).toEqual([]);
      for (const line of shownLines(text)) expect(lines.join('\n')).toContain(line);
    },
  },
  {
    name: "Azure Pipelines' output variables",
    writers: ['agent task.setvariable'],
    holds(text) {
      const lines = linesOf(() =>
        agent.command('task.setvariable', { variable: 'loginServer', isoutput: 'true' }, text),
      );
      expect(lines).toHaveLength(1);
      expect(readLoggingCommand(lines[0] ?? '')).toMatchObject({
        name: 'task.setvariable',
        properties: { variable: 'loginServer', isoutput: 'true' },
        data: text,
      });
    },
  },
  {
    name: 'a terminal',
    writers: [
      'output text',
      'writes src/cli/preflight.ts',
      'writes src/cli/program.ts',
      'writes src/cli/start.ts',
    ],
    holds(text) {
      let written = '';
      const stream = { write: (part: string) => (written += part), isTTY: true, columns: 100 };
      const lines = new Lines(stream, {});
      const story = linesOf(() => tellAll(gitHubLog(), hostileReport(text), text)).filter(
        (line) => !isCommand(line),
      );
      for (const line of [...story, ...closingLines(hostileReport(text))]) lines.story(line);
      // Its own colours, and nothing else that a terminal obeys.
      expect(written.replace(OWN_COLOURS, '').replaceAll('\n', '')).not.toMatch(UNSEEN);
    },
  },
  {
    name: 'what explain prints',
    writers: ['writes src/cli/explain.ts'],
    elsewhere: [['cli/explain.test.ts', 'hostile words do no harm to a terminal or a log']],
  },
  {
    name: 'report.json and --output json',
    writers: ['output json', 'writes src/host/report-file.ts'],
    holds(text) {
      const read = JSON.parse(reportJson(hostileReport(text))) as Report;
      expect(read.connections[0]?.cluster.name).toBe(text);
      expect(read.connections[0]?.pulls[1]?.message).toBe(text);
      // JSON's own lines end in new lines; whatever else can't be seen is written as an escape.
      expect(reportJson(hostileReport(text)).replaceAll('\n', '')).not.toMatch(/(?![\x7f-\x9f])\p{Cc}/u);
    },
  },
  {
    name: 'a chart of a registry, as bytes into a file of its own name',
    writers: ['writes src/host/renderer.ts'],
    elsewhere: [['host/renderer.test.ts', 'gets a file of its own by its path']],
  },
  {
    name: 'commands of fixes, by a real shell',
    writers: [
      'escape forShell',
      'shell src/core/diagnosis/commands.ts',
      'shell src/core/diagnosis/catalogue/access.ts',
      'shell src/core/diagnosis/catalogue/cluster.ts',
      'shell src/core/diagnosis/ranking/next.ts',
    ],
    runs: 6,
    holds(text) {
      const name = asName(text);
      const lines = (of: string): string[] => [...fixLines(of), ...lookLines(of)];
      tameCalls ??= calls(lines(`n${TAME}`));
      expect(calls(lines(name))).toEqual(renamed(tameCalls, name));
    },
  },
  {
    name: 'the way off that an audit prints',
    writers: ['shell src/core/audit/patches.ts', 'shell src/core/audit/way-off.ts'],
    elsewhere: [['core/audit/way-off.test.ts', 'runs nothing that others named, in a real shell']],
  },
  {
    name: 'kubectl delete lines, by a real shell',
    writers: ['shell src/core/kubernetes/clean-up.ts'],
    runs: 25,
    holds(text) {
      const word = `n${forShells(text)}`;
      expect(calls([deleteCommand(word, word)])).toEqual([['kubectl', 'delete', 'job', '-n', word, word]]);
    },
  },
  {
    name: 'the YAML of missing rights, in its here-document',
    writers: ['here-document src/core/diagnosis/commands.ts'],
    runs: 25,
    holds(text) {
      const user = forShells(text);
      const script = `kubectl() { cat; }\n${applied(probeRole('default', user)).pasteable}`;
      const yaml = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      const documents = parseAllDocuments(yaml);
      expect(documents).toHaveLength(2);
      const [, binding] = documents.map((one) => one.toJS() as { kind: string; subjects?: object[] });
      expect(binding).toMatchObject({
        kind: 'RoleBinding',
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
    },
  },
  {
    name: "AKS run command's line and its archive",
    writers: ['shell src/core/kubernetes/run-command.ts'],
    runs: 25,
    async holds(text) {
      const path = `/api/v1/n${forShells(text)}`;
      let line = '';
      let context: Uint8Array = new Uint8Array();
      const cluster = runCommandConnection({
        cluster: text,
        runId: '0123abcd',
        clock: { now: () => 0, sleep: async () => undefined },
        async run(said, archive) {
          line = said;
          context = archive;
          throw new Error('that is all');
        },
      });
      await cluster.request('POST', path, { body: { text }, query: { q: text } }).catch(() => undefined);
      const archive = unzipSync(context);
      expect(
        Object.values(archive).map((file): unknown => JSON.parse(Buffer.from(file).toString('utf8'))),
      ).toEqual([{ text }]);
      for (const file of Object.keys(archive)) expect(file).toMatch(/^[\w.-]+$/);
      const ran = runInShell(line);
      expect(ran.escaped).toBe(false);
      expect(ran.calls).toHaveLength(1);
      const [raw = ''] = ran.calls[0]?.filter((word) => word.includes('/api/v1/')) ?? [];
      expect(raw.startsWith(`--raw=${path}?`) || raw.startsWith(`${path}?`)).toBe(true);
    },
  },
  {
    name: 'plans as files, in four forms',
    writers: [
      'plan grants.sh',
      'plan grants.tf',
      'plan grants.bicep',
      'plan grants.json',
      'writes src/host/plan-files.ts',
    ],
    elsewhere: [
      ['render/plan/plan.test.ts', 'in Bicep'],
      ['render/plan/plan.test.ts', 'in Terraform, by its own parser'],
      ['render/plan/plan.test.ts', 'in ARM JSON'],
      ['render/plan/plan.test.ts', 'in az commands, by a real shell'],
    ],
  },
  {
    name: 'variables for shells and workflows, of a simulator',
    writers: [
      'escape forPowerShell',
      'escape forYaml',
      'shell src/cli/simulate/shells.ts',
      'writes src/cli/simulate.ts',
      'writes src/cli/simulate/logins.ts',
      'writes src/cli/demo/runner.ts',
    ],
    elsewhere: [['cli/simulate/shells.test.ts', 'into bash gives the very values, and runs nothing']],
  },
  {
    name: 'a hint of the sign-in',
    writers: ['shell src/host/sign-in-refusals.ts'],
    elsewhere: [['host/sign-in-refusals.test.ts', 'quotes claims for a shell']],
  },
];

describe.each(SINKS.filter(({ holds }) => holds !== undefined))('$name', ({ holds, runs }) => {
  it('run nothing of what others said, and show it as text', async () => {
    await fc.assert(
      fc.asyncProperty(nasty, async (text) => {
        await holds?.(text);
      }),
      runs === undefined ? {} : { numRuns: runs },
    );
  });
});

/** Everything in the sources that puts text where a machine or a person reads it. */
function writersInSources(): string[] {
  const files = (readdirSync(join(ROOT, 'src'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.startsWith('simulator'))
    .map((file) => join(ROOT, 'src', file));
  const found = new Set<string>();
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    const path = relative(ROOT, file).replaceAll('\\', '/');
    const all = (pattern: RegExp): string[] => [...source.matchAll(pattern)].map(([, name = '']) => name);
    for (const names of all(/import \{([^}]*)\} from '@actions\/core'/g))
      for (const name of names.split(',').map((one) => one.trim()))
        if (name !== '' && !/^get/.test(name)) found.add(`github ${name}`);
    for (const name of all(/agent\.command\('([\w.]+)'/g)) found.add(`agent ${name}`);
    for (const name of all(/agent\.(line|complete)\(/g)) found.add(`agent ${name}`);
    if (path === 'src/render/escape.ts')
      for (const name of all(/export function (for\w+)|as (for\w+)/g))
        if (name !== '') found.add(`escape ${name}`);
    if (/\bas forShell\b/.test(source)) found.add('escape forShell');
    if (
      /\b(shellWord|forShell|forPowerShell|forYaml)\b/.test(source) &&
      !/(core\/shell|render\/escape)\.ts$/.test(path)
    )
      found.add(`shell ${path}`);
    if (/<<'/.test(source)) found.add(`here-document ${path}`);
    if (/(stdout|stderr)\.write\(|writeFile\(|appendFile\(|console\.(log|error|warn)\(/.test(source))
      found.add(`writes ${path}`);
  }
  for (const form of OUTPUT_FORMS) found.add(`output ${form}`);
  const planned = report({ mode: 'plan', connections: [connection({ plan: [GRANT] })] });
  for (const { name } of planFiles(planned)) found.add(`plan ${name}`);
  return [...found].sort();
}

const GRANT = {
  name: '6c4f1b7e-0000-5000-8000-000000000042',
  scope: connection().registry.id,
  registryName: 'contoso',
  roleName: 'AcrPull',
  roleGuid: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  principalId: '11111111-2222-4333-8444-555555555555',
  description: 'aks-acr-pull',
};

describe('the table', () => {
  it('names every place that the sources write to, and none that they do not', () => {
    expect(writersInSources()).toEqual(SINKS.flatMap(({ writers }) => writers).sort());
  });
  it.each(SINKS.flatMap(({ elsewhere = [] }) => elsewhere))('has its property in %s: %s', (file, title) => {
    expect(readFileSync(join(ROOT, '__tests__', file), 'utf8')).toContain(title);
  });
});
