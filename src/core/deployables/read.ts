/** What the inputs name → the images of all that is about to be deployed. What can't be read never keeps the rest from being read. */
import { FileUnreadable } from '../ports.js';
import type { Files, Ports } from '../ports.js';
import { parseDocuments } from './documents.js';
import type { Parsed } from './documents.js';
import type {
  AccountSecrets,
  DeployableInputs,
  Deployables,
  ImageUse,
  NamedImage,
  Place,
  PullSecretUse,
  Unread,
  Workload,
} from './model.js';
import { parseReference, placeholderIn } from './reference.js';
import { renderChart, renderKustomization, withoutCredentials } from './rendered.js';
import type { Chart, Ground, Outcome, Rendered } from './rendered.js';
import { accountIn, usesIn } from './workloads.js';

/** A chart that a registry holds: its bytes, or why it can't be had. */
export type FetchChart = (reference: string) => Promise<Uint8Array | { why: string; fix: string }>;

export const STANDARD_INPUT = 'standard input';
/** More files than these are no deployment; whoever has more names the folder that is deployed. */
const MOST_FILES = 5_000;
const WRITTEN = 'Write it as host/repository:tag or host/repository@sha256:…';
const NOT_SET =
  'Name an image. Where a chart or a template gives none, a value is not set: see whether its values files are all named.';
const FILLED_IN =
  'Name what is really deployed: render the file first, and name what comes out of it as manifests (on the command line - is standard input), or its chart as helm-chart, its folder as kustomization.';
const LOCAL_ONLY = 'Set allow-remote: true to let it be fetched, or name a folder of this checkout.';

/** Reads and renders everything. @throws only what the signal's reason is */
export async function readDeployables(
  inputs: DeployableInputs,
  ports: Pick<Ports, 'files' | 'renderer' | 'signal'>,
  fetchChart: FetchChart,
): Promise<Deployables> {
  const into = new Collected();
  const { files, renderer, signal } = ports;
  if (files === undefined || renderer === undefined) throw new Error('this host gives no files to read');
  for (const file of await namedFiles(inputs.manifests, files, into)) {
    signal.throwIfAborted();
    try {
      into.addFile(file, await (file === '-' ? standardInput(files) : files.read(file)));
    } catch (error) {
      into.unreadable({ file: file === '-' ? STANDARD_INPUT : file }, error);
    }
  }
  const ground: Ground = { files, renderer, signal, allowRemote: inputs.allowRemote };
  for (const name of inputs.charts) {
    const chart = await chartOf(name, inputs, fetchChart);
    await into.addRendered(
      withoutCredentials(name),
      'kind' in chart ? chart : await renderChart(chart, ground),
    );
  }
  for (const name of inputs.kustomizations) {
    const remote = isAddress(name) && !inputs.allowRemote;
    const shown = withoutCredentials(name);
    await into.addRendered(
      shown,
      remote
        ? { place: { file: shown }, kind: 'remote', why: 'it is not on this machine', fix: LOCAL_ONLY }
        : await renderKustomization(name, ground),
    );
  }
  return into.found();
}

async function standardInput(files: Files): Promise<string> {
  if (files.standardInput === undefined)
    throw new FileUnreadable('there is no standard input here; only the command line takes it');
  return files.standardInput();
}

/** Files in the order of the patterns, each once; what begins with `!` is taken out. */
async function namedFiles(patterns: readonly string[], files: Files, into: Collected): Promise<string[]> {
  const named: string[] = [];
  const without = new Set<string>();
  for (const pattern of patterns) {
    const excludes = pattern.startsWith('!');
    const glob = excludes ? pattern.slice(1) : pattern;
    if (glob === '-') {
      named.push('-');
      continue;
    }
    try {
      const found = await files.matching(glob);
      if (excludes) found.forEach((file) => without.add(file));
      else named.push(...found);
      if (!excludes && found.length === 0)
        into.add({
          place: { file: pattern },
          kind: 'no-match',
          why: 'no file matches it',
          fix: 'Name files that are there, relative to where this step runs (on GitHub the checkout, on Azure Pipelines the sources folder).',
        });
    } catch (error) {
      into.unreadable({ file: pattern }, error);
    }
  }
  const distinct = [...new Set(named)].filter((file) => !without.has(file));
  if (distinct.length <= MOST_FILES) return distinct;
  into.add({
    place: { file: patterns.join(', ') },
    kind: 'unreadable',
    why: `it stands for ${distinct.length} files, and no more than ${MOST_FILES} are read`,
    fix: 'Name the folder that is deployed.',
  });
  return distinct.slice(0, MOST_FILES);
}

/** What is fetched from somewhere else than this machine. */
function isAddress(name: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(name) || /^git@|^github\.com\//i.test(name) || name.includes('?ref=')
  );
}

async function chartOf(
  name: string,
  inputs: DeployableInputs,
  fetchChart: FetchChart,
): Promise<Chart | Unread> {
  const { values } = inputs;
  if (!isAddress(name)) return { name, values };
  const place = { file: withoutCredentials(name) };
  if (name.startsWith('oci://')) {
    const fetched = await fetchChart(name.slice('oci://'.length));
    if (fetched instanceof Uint8Array) return { name, values, bytes: fetched };
    if (!inputs.allowRemote) return { place, kind: 'remote', ...fetched };
  }
  if (inputs.allowRemote) return { name, values, remote: true };
  return { place, kind: 'remote', why: 'it is not on this machine', fix: LOCAL_ONLY };
}

/** Pull secrets with the places of what they were rendered from. */
async function secretsInSource(
  secrets: readonly PullSecretUse[],
  { placeOf }: Rendered,
): Promise<PullSecretUse[]> {
  return Promise.all(
    secrets.map(async (secret) => ({ ...secret, place: await placeOf(secret.place.line ?? 1, secret.name) })),
  );
}

/** Enough of a text to know it again. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/** What was found so far. */
class Collected {
  readonly #images = new Map<string, NamedImage>();
  readonly #deployables: Omit<Deployables, 'images'> = {
    sources: 0,
    objects: 0,
    accounts: [],
    unread: [],
    without: [],
  };

  add(unread: Unread): void {
    this.#deployables.unread.push(unread);
  }

  unreadable(place: Place, error: unknown): void {
    if (!(error instanceof FileUnreadable)) throw error;
    this.add({
      place,
      kind: 'unreadable',
      why: error.message,
      fix: 'Make it a file that this step can read.',
    });
  }

  addFile(path: string, text: string): void {
    const file = path === '-' ? STANDARD_INPUT : path;
    const { uses, accounts, broken } = this.#take(file, text);
    const template = /\{\{[-\s]/.test(text)
      ? 'It looks like a template of a Helm chart: name the chart as helm-chart instead.'
      : 'Correct it, or leave the file out (a pattern that begins with ! does).';
    for (const { line, why } of broken) this.add({ place: { file, line }, kind: 'yaml', why, fix: template });
    this.#deployables.accounts.push(...accounts);
    for (const use of uses) this.#addUse(use);
  }

  async addRendered(name: string, outcome: Outcome): Promise<void> {
    if ('kind' in outcome) {
      this.add(outcome);
      return;
    }
    const { uses, accounts, broken } = this.#take(name, outcome.text);
    for (const { line, why } of broken) {
      const place = await outcome.placeOf(line, '');
      this.add({
        place,
        kind: 'yaml',
        why: `line ${line} of what it renders to: ${why}`,
        fix: 'Correct the template that gives it.',
      });
    }
    for (const account of accounts) {
      const pullSecrets = await secretsInSource(account.pullSecrets, outcome);
      this.#deployables.accounts.push({ ...account, pullSecrets });
    }
    const placed = new Map<Workload, Workload>();
    for (const use of uses) {
      const place = await outcome.placeOf(use.place.line ?? 1, use.text);
      const workload = placed.get(use.workload) ?? {
        ...use.workload,
        place: { file: place.file },
        pullSecrets: await secretsInSource(use.workload.pullSecrets, outcome),
      };
      placed.set(use.workload, workload);
      this.#addUse({ ...use, place, workload });
    }
  }

  found(): Deployables {
    return { ...this.#deployables, images: [...this.#images.values()] };
  }

  #take(
    file: string,
    text: string,
  ): { uses: ImageUse[]; accounts: AccountSecrets[]; broken: Parsed['broken'] } {
    const all = this.#deployables;
    all.sources += 1;
    const { objects, broken } = parseDocuments(text);
    if (objects.length === 0 && broken.length === 0) all.without.push(file);
    all.objects += objects.length;
    const placeOf = (line: number): Place => ({ file, line });
    return {
      uses: objects.flatMap((object) => usesIn(object, placeOf)),
      accounts: objects.flatMap((object) => accountIn(object, placeOf) ?? []),
      broken,
    };
  }

  #addUse(use: ImageUse): void {
    const reference = parseReference(use.text);
    if ('problem' in reference) {
      this.add({
        place: use.place,
        kind: 'reference',
        why: `no registry would accept ${quoted(use.text)} (${use.workload.kind} ${use.workload.name}, ${use.container}): ${reference.problem}`,
        fix: use.text === '' ? NOT_SET : placeholderIn(use.text) === undefined ? WRITTEN : FILLED_IN,
      });
      return;
    }
    const known = this.#images.get(reference.name);
    if (known === undefined) this.#images.set(reference.name, { reference, uses: [use] });
    else known.uses.push(use);
  }
}
