/** Charts and kustomizations → YAML, with the way back from what was rendered to the file that a person would change. */
import { CommandMissing, FileUnreadable } from '../ports.js';
import type { Files, Renderer } from '../ports.js';
import type { Place, Unread } from './model.js';

/** YAML that was rendered. */
export interface Rendered {
  text: string;
  /** The place of what is written on a line of it. */
  placeOf: (line: number, written: string) => Promise<Place>;
}

export type Outcome = Rendered | Unread;

/** What a chart or a kustomization is rendered with. */
export interface Ground {
  files: Files;
  renderer: Renderer;
  signal: AbortSignal;
  allowRemote: boolean;
}

/** helm and kubectl take seconds; more than this is no rendering any more. */
const LIMIT_MS = 60_000;
/** So much of what helm or kubectl said is told. */
const SAID_LENGTH = 2_000;
/** Files that are looked through for the line of an image. */
const MOST_SEARCHED = 200;

const INSTALL = {
  helm: 'Install helm before this step (GitHub and Azure hosted runners have it; else https://helm.sh/docs/intro/install/).',
  kubectl:
    'Install kubectl before this step (GitHub and Azure hosted runners have it; else https://kubernetes.io/docs/tasks/tools/).',
} as const;

/** A chart: its folder or packaged file, or what the registry holds of it. */
export interface Chart {
  /** As it was given. */
  name: string;
  values: readonly string[];
  /** A chart from a registry, packaged. */
  bytes?: Uint8Array;
  /** A chart that helm itself fetches; only where the network is allowed. */
  remote?: boolean;
}

/**
 * `helm template`: nothing is asked of a cluster, and its own tests aren't rendered, for they aren't deployed. A chart with
 * a link out of its folder isn't rendered: helm would follow it, and put what it finds into what we print.
 */
export async function renderChart(chart: Chart, ground: Ground): Promise<Outcome> {
  const { name, values, bytes, remote = false } = chart;
  const place = { file: withoutCredentials(name) };
  const unread = (kind: Unread['kind'], why: string, fix: string): Unread => ({
    place,
    kind,
    why,
    fix,
  });
  const isLocalFolder = bytes === undefined && !remote && !/\.t(ar\.)?gz$/.test(name);
  if (isLocalFolder) {
    try {
      const link = await ground.files.linkOutOf(name);
      if (link !== undefined)
        return unread(
          'unreadable',
          `it holds a link out of the chart: ${link}`,
          'Put the file itself into the chart.',
        );
    } catch (error) {
      return unread(
        'unreadable',
        reasonOf(error),
        'Name a folder with a Chart.yaml, a packaged chart, or oci://…',
      );
    }
  }
  for (const file of values) {
    try {
      if ((await ground.files.matching(file)).length !== 1)
        return unread(
          'unreadable',
          `its values file ${file} is not there`,
          'Name a values file that is there.',
        );
    } catch (error) {
      return unread(
        'unreadable',
        `its values file ${file}: ${reasonOf(error)}`,
        'Name a values file that is there.',
      );
    }
  }
  const args = [
    'template',
    'preflight',
    bytes === undefined ? (isLocalFolder ? folder(name) : name) : '@brought/chart.tgz',
    ...values.flatMap((file) => ['--values', file]),
    '--skip-tests',
    ...(ground.allowRemote && isLocalFolder ? ['--dependency-update'] : []),
  ];
  const done = await run(
    'helm',
    args,
    ground,
    bytes === undefined ? undefined : { name: 'chart.tgz', bytes },
  );
  if ('kind' in done) return { ...done, place };
  if (done.exitCode !== 0) {
    const missing = /found in Chart\.yaml, but missing in charts\/ directory/.test(done.stderr);
    const fix = missing
      ? 'Run helm dependency build for it before this step, or set allow-remote: true.'
      : 'Make helm template render it with these values files.';
    return unread('render', `helm template did not render it: ${said(done.stderr)}`, fix);
  }
  const sources = sourceLines(done.stdout);
  const placeOf = async (line: number, written: string): Promise<Place> => {
    const source = sources.filter((one) => one.line <= line).at(-1)?.path;
    const template =
      source === undefined ? place.file : isLocalFolder ? inChart(name, source) : `${place.file} (${source})`;
    if (!isLocalFolder) return { file: template };
    const found =
      (await lineWith(ground.files, template, [written])) ??
      (await lineOfImage(ground.files, [...values].reverse().concat(`${plain(name)}/values.yaml`), written));
    return found ?? { file: template };
  };
  return { text: done.stdout, placeOf };
}

/** `kubectl kustomize`, with its defaults: nothing from outside of the folder, no helm, no plugins. */
export async function renderKustomization(name: string, ground: Ground): Promise<Outcome> {
  const done = await run('kubectl', ['kustomize', folder(name)], ground);
  const place = { file: withoutCredentials(name) };
  if ('kind' in done) return { ...done, place };
  if (done.exitCode !== 0)
    return {
      place,
      kind: 'render',
      why: `kubectl kustomize did not render it: ${said(done.stderr)}`,
      fix: ground.allowRemote
        ? 'Make kubectl kustomize build it.'
        : 'Make kubectl kustomize build it; bases that must be fetched need allow-remote: true.',
    };
  let searched: Promise<string[]> | undefined;
  const placeOf = async (_line: number, written: string): Promise<Place> => {
    searched ??= ground.files.matching(`${plain(name)}/**/*.{yaml,yml}`).catch(() => []);
    const files = (await searched).slice(0, MOST_SEARCHED);
    for (const file of files) {
      const found = await lineWith(ground.files, file, [written]);
      if (found !== undefined) return found;
    }
    const own = files.filter((file) => /(^|\/)[Kk]ustomization(\.ya?ml)?$/.test(file));
    return (await lineOfImage(ground.files, own, written)) ?? { file: own[0] ?? place.file };
  };
  return { text: done.stdout, placeOf };
}

type Done = Awaited<ReturnType<Renderer['run']>>;

async function run(
  command: 'helm' | 'kubectl',
  args: readonly string[],
  { renderer, signal, allowRemote }: Ground,
  brought?: { name: string; bytes: Uint8Array },
): Promise<Done | Unread> {
  try {
    return await renderer.run(command, args, {
      network: allowRemote,
      signal,
      timeoutMs: LIMIT_MS,
      ...(brought === undefined ? {} : { brought }),
    });
  } catch (error) {
    signal.throwIfAborted();
    const place = { file: '' };
    if (error instanceof CommandMissing)
      return {
        place,
        kind: 'tool-missing',
        why: `${error.message}, and it renders this`,
        fix: INSTALL[command],
      };
    return { place, kind: 'render', why: reasonOf(error), fix: `See whether ${command} renders it by hand.` };
  }
}

/** As CI systems know files of the repository: without a slash at its end, or ./ in front. */
const plain = (name: string): string => name.replace(/\/+$/, '').replace(/^(\.\/+)+(?=.)/, '');

/** A relative name that no option and no address can be mistaken for. */
function folder(name: string): string {
  const trimmed = plain(name);
  return /^(\/|[A-Za-z]:|\.{1,2}(\/|$))/.test(trimmed) ? trimmed : `./${trimmed}`;
}

/** A text without what its addresses may hold before their hosts: a user name and a password. */
export function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^\s/@]*@/g, '://***@');
}

/** What was said, in one line. */
function said(stderr: string): string {
  const lines = withoutCredentials(stderr)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(WARNING|walk\.go|Use --debug flag)/.test(line));
  return lines.join(' ').slice(0, SAID_LENGTH) || 'it said nothing';
}

function reasonOf(error: unknown): string {
  if (error instanceof FileUnreadable) return error.message;
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}

/** `# Source: shop/templates/web.yaml`, which helm writes before each document (helm/helm, pkg/action/install.go). */
function sourceLines(text: string): { line: number; path: string }[] {
  return text.split('\n').flatMap((line, nth) => {
    const path = /^# Source: (\S+)$/.exec(line)?.[1];
    return path === undefined ? [] : [{ line: nth + 1, path }];
  });
}

/** `shop/charts/cache/templates/web.yaml`: the chart's name, then the path in it. */
function inChart(name: string, source: string): string {
  return `${plain(name)}/${source.split('/').slice(1).join('/')}`;
}

/** The first line that holds any of these. */
async function lineWith(files: Files, file: string, wanted: readonly string[]): Promise<Place | undefined> {
  let text: string;
  try {
    text = await files.read(file);
  } catch {
    return undefined;
  }
  const line = text.split('\n').findIndex((one) => wanted.some((word) => word !== '' && holds(one, word)));
  return line === -1 ? undefined : { file, line: line + 1 };
}

/** Where a template puts an image together from values, its repository is what a values file says. */
async function lineOfImage(
  files: Files,
  candidates: readonly string[],
  written: string,
): Promise<Place | undefined> {
  const withHost = written.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const withoutHost = withHost.includes('/') ? withHost.slice(withHost.indexOf('/') + 1) : '';
  for (const words of [[withHost], [withoutHost]]) {
    for (const file of candidates) {
      const found = await lineWith(files, file, words);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** A word, and no longer one that it is a part of. */
function holds(line: string, word: string): boolean {
  const at = line.indexOf(word);
  if (at === -1) return false;
  return !/[\w./-]/.test(line[at + word.length] ?? ' ') && !/[\w./-]/.test(line[at - 1] ?? ' ');
}
