/** Looks through the repository's files for what makes credentials for a registry. */
import type { Repository } from '../ports.js';
import { SOURCE_RULES } from './source-rules.js';
import type { AdviceFacts } from './source-rules.js';

/** A line that makes a credential, and what takes its place. */
export interface CodeFinding {
  id: string;
  file: string;
  /** Counted from 1. */
  line: number;
  what: string;
  instead: string;
}

export interface SourcesRead {
  findings: CodeFinding[];
  files: number;
  /** Files that were left out because of their size, or because there are too many. */
  left: number;
}

/** Workflows, pipelines, scripts, templates, Helm values, Makefiles. */
const NAMES =
  /\.(ya?ml|sh|bash|zsh|ps1|psm1|cmd|bat|azcli|bicep|bicepparam|json|tf|tfvars|hcl|mk|groovy|py)$|(^|\/)(GNUm|M|m)akefile$|(^|\/)(Jenkinsfile|justfile|Taskfile)$/;

const MOST_FILES = 5_000;
const MOST_BYTES = 1_000_000;
const MOST_BYTES_IN_ALL = 100_000_000;
/** Files read side by side. */
const AT_ONCE = 16;
/** Beyond it a line is no one's writing. */
const LONGEST_LINE = 20_000;
const MOST_FINDINGS = 200;

/**
 * Reads what may make credentials, within bounds: 5,000 files of up to 1 MB, 100 MB together.
 *
 * @param names names of pull secrets that were found: where they are named in imagePullSecrets is told too
 */
export async function readSources(
  repository: Repository,
  facts: AdviceFacts,
  names: readonly string[],
  signal: AbortSignal,
): Promise<SourcesRead> {
  const { paths, left: unlisted } = await repository.list(MOST_FILES, (path) => NAMES.test(path));
  const findings: CodeFinding[] = [];
  let [read, left, bytes] = [0, unlisted, 0];
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const batch = paths.slice(from, from + AT_ONCE);
    const texts = await Promise.all(batch.map((path) => repository.read(path, MOST_BYTES)));
    texts.forEach((text, index) => {
      const path = batch[index] ?? '';
      if (text === undefined || bytes + text.length > MOST_BYTES_IN_ALL) {
        left += 1;
        return;
      }
      bytes += text.length;
      read += 1;
      findings.push(...lookThrough(path, text, facts, names));
    });
  }
  return { findings: findings.slice(0, MOST_FINDINGS), files: read, left };
}

/** What one file does, by line. A line is told once a rule. Pure. */
export function lookThrough(
  file: string,
  text: string,
  facts: AdviceFacts,
  names: readonly string[] = [],
): CodeFinding[] {
  const rules = SOURCE_RULES.filter(
    (rule) =>
      (rule.files === undefined || rule.files.test(file)) &&
      (rule.beside === undefined || rule.beside.test(text)),
  );
  const findings: CodeFinding[] = [];
  let within: number | undefined;
  // In JSON a script stands on one line: what begins its lines is no part of their first words.
  const plain = /\.json$/i.test(file) ? text.replaceAll(/\\[nrt]/g, '  ') : text;
  const lines = plain.split('\n').map((whole) => whole.slice(0, LONGEST_LINE));
  lines.forEach((line, index) => {
    const add = (id: string, what: string, instead: string): void => {
      if (!findings.some((one) => one.id === id && one.line === index + 1))
        findings.push({ id, file, line: index + 1, what, instead });
    };
    if (!isComment(line)) {
      const parts = commandFrom(lines, index);
      const whole = parts.join(' ');
      for (const rule of rules)
        // What stands on one line is told there; what is spread over several where they begin.
        if (rule.line.test(line) || (rule.line.test(whole) && !parts.some((part) => rule.line.test(part))))
          add(rule.id, rule.what, rule.instead(facts));
    }
    // A list of pull secrets: on its own line, or as deep as its key or deeper.
    const indent = line.search(/\S/);
    const key = /^\s*(-\s+)?["']?[\w.-]*pull-?secrets?["']?\s*[:=]/i.test(line);
    if (key) within = indent;
    else if (within !== undefined && indent !== -1 && indent <= within) {
      const goesOn = indent === within && /^\s*[-\]}]/.test(line);
      if (!goesOn) within = undefined;
    }
    if (within === undefined) return;
    const named = names.find((name) => words(line).includes(name));
    if (named !== undefined)
      add('code-names-pull-secret', `names the pull secret ${named}`, 'Take it out: the nodes need none');
  });
  return findings;
}

/** A command is no longer. */
const MOST_CONTINUED = 30;
/** What goes on after the end of a line: in sh, PowerShell and cmd. */
const CONTINUED = /[\\`^]\s*$/;

/** The lines of a command that begins here and goes on on the next ones; none where nothing goes on, or it began before. */
function commandFrom(lines: readonly string[], index: number): string[] {
  if (!CONTINUED.test(lines[index] ?? '') || CONTINUED.test(lines[index - 1] ?? '')) return [];
  const rest = lines.slice(index, index + MOST_CONTINUED);
  const end = rest.findIndex((line) => !CONTINUED.test(line));
  return rest.slice(0, end === -1 ? rest.length : end + 1).map((line) => line.replace(CONTINUED, ''));
}

function words(line: string): string[] {
  return line.split(/[^a-z0-9.-]+/).filter((word) => word !== '');
}

/** Whole lines that nothing carries out: `#`, `//`, `::`, `REM`. */
function isComment(line: string): boolean {
  return /^\s*(#(?!!)|\/\/|::|rem\s)/i.test(line);
}
