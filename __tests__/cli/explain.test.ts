import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALL_PARTS } from '../../src/cli/parts.js';
import { runCommandLine } from '../../src/cli/program.js';
import { keepingTerminal } from './terminals.js';

const IMAGE = 'contoso.azurecr.io/app:1';
const LOCKED = '{"error":{"code":"ScopeLocked","message":"no"}}';
const REFUSED = `Failed to pull image "${IMAGE}": failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`;

async function run(
  args: readonly string[],
  input?: string,
): Promise<{ exitCode: number; out: string; err: string }> {
  const terminal = keepingTerminal({ PATH: '/nonexistent' });
  const stdin = input === undefined ? [] : [Buffer.from(input)];
  const exitCode = await runCommandLine(
    ['explain', ...args],
    '/nonexistent',
    { ...terminal, stdin: Object.assign(asyncOf(stdin), { isTTY: input === undefined }) },
    ALL_PARTS,
  );
  return { exitCode, out: terminal.out(), err: terminal.err() };
}
async function* asyncOf(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}
interface Json {
  determined: boolean;
  causes: { id: string; family: string; confidence: number; evidence: { side: string; text: string }[] }[];
  next: string[];
}
const json = (out: string): Json => JSON.parse(out) as Json;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'explain-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('explain', () => {
  it('a determined cause: 0, with its fix', async () => {
    const { exitCode, out, err } = await run([LOCKED, '-o', 'json']);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    const { determined, causes, next } = json(out);
    expect(determined).toBe(true);
    expect(causes[0]).toMatchObject({ id: 'arm-scope-locked', family: 'azure' });
    expect(causes[0]?.evidence[0]).toMatchObject({ side: 'for' });
    expect(next.length).toBeGreaterThan(0);
  });

  it.each([
    ['UTF-16, as Windows PowerShell redirects', 'utf16le', '\ufeff'],
    ['UTF-8 with a byte order mark', 'utf8', '\ufeff'],
    ['UTF-8', 'utf8', ''],
  ] as const)('a file in %s', async (name, encoding, mark) => {
    const event = { involvedObject: { name: 'web' }, reason: 'Failed', message: `${LOCKED}` };
    const file = join(folder, `${name}.json`);
    writeFileSync(file, Buffer.from(mark + JSON.stringify(event), encoding));
    const { exitCode, out } = await run(['--file', file, '-o', 'json']);
    expect([exitCode, json(out).causes[0]?.id]).toEqual([0, 'arm-scope-locked']);
  });

  it('the commands name what the message names', async () => {
    const { out } = await run([`Failed to pull image "${IMAGE}": ${IMAGE}: not found`]);
    expect(out).toContain('az acr repository show-tags -n contoso --repository app');
    const { out: refused } = await run(
      [],
      `60s  Warning  Failed  pod/web-1  ${REFUSED.replace('status', 'status from https://contoso.azurecr.io/x')}`,
    );
    expect(refused).toContain("kubectl get pod web-1 -o jsonpath='{.spec.imagePullSecrets}'");
  });

  it.each([
    ['determined', LOCKED],
    ['undetermined', REFUSED],
    ['not known', 'the moon is in the wrong house'],
  ])('as JSON: a line of exactly what is declared, %s', async (_, message) => {
    const { out } = await run([message, '-o', 'json']);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const told = json(out);
    expect(Object.keys(told)).toEqual(['determined', 'causes', 'next']);
    expect(typeof told.determined).toBe('boolean');
    for (const cause of told.causes) {
      expect(Object.keys(cause)).toEqual(['id', 'family', 'confidence', 'evidence']);
      expect(cause.confidence).toBeGreaterThanOrEqual(0);
      expect(cause.confidence).toBeLessThanOrEqual(1);
      for (const evidence of cause.evidence) expect(Object.keys(evidence)).toEqual(['side', 'text']);
    }
    expect(told.next.every((step) => typeof step === 'string' && step !== '')).toBe(true);
  });

  it('a refusal: 3, with all that it may be and what to look at', async () => {
    const { exitCode, out } = await run([REFUSED, '--output', 'json']);
    expect(exitCode).toBe(3);
    const { determined, causes, next } = json(out);
    expect(determined).toBe(false);
    expect(causes.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        'unauthorized-no-role',
        'unauthorized-bad-pull-secret',
        'role-propagation-delay',
      ]),
    );
    for (const { confidence } of causes) expect(confidence).toBeLessThan(0.5);
    expect(next.join('\n')).toContain('--registry contoso.azurecr.io');
  });

  it.each([['-'], [undefined]])('from standard input, named %s or not', async (name) => {
    const { exitCode, out } = await run(name === undefined ? [] : ['--file', name], LOCKED);
    expect(exitCode).toBe(0);
    expect(out).toContain('arm-scope-locked');
  });

  it('from a file with several pods: each failure once, the most frequent first', async () => {
    const status = (name: string, message: string): unknown => ({
      metadata: { name, namespace: 'shop' },
      spec: { containers: [{ name: 'c', image: IMAGE }] },
      status: {
        phase: 'Pending',
        containerStatuses: [{ name: 'c', state: { waiting: { reason: 'ErrImagePull', message } } }],
      },
    });
    const absent = `failed to resolve image: ${IMAGE}: not found`;
    const file = join(folder, 'pods.json');
    writeFileSync(
      file,
      JSON.stringify({ items: [status('a', REFUSED), status('b', absent), status('c', absent)] }),
    );
    const { exitCode, out } = await run(['-f', file, '-o', 'json']);
    expect(exitCode).toBe(3);
    const told = out.trimEnd().split('\n').map(json);
    const subjects = told.map(({ causes }) =>
      causes[0]?.evidence.flatMap(({ text }) => /^said of (.*)$/.exec(text)?.[1] ?? []),
    );
    expect(subjects).toEqual([[`shop/b ${IMAGE}`, `shop/c ${IMAGE}`], [`shop/a ${IMAGE}`]]);
    expect(told[0]?.causes[0]?.id).toBe('image-not-found');
  });

  it('in words and as a page, with the link to the cause', async () => {
    const text = await run([LOCKED]);
    expect(text.out).toMatch(/^✗ .*\(arm-scope-locked\)$/m);
    expect(text.out).toMatch(/^ {4}why /m);
    expect(text.out).toMatch(/docs\/causes\/arm-scope-locked\.md$/m);
    const page = await run([REFUSED, '-o', 'markdown']);
    expect(page.out).toMatch(/^### \? undetermined/);
    expect(page.out).toMatch(/^```sh\naks-acr-pull check .*$/m);
  });

  it('unknown words: undetermined, and where to look', async () => {
    const { exitCode, out } = await run(['the moon is in the wrong house', '-o', 'json']);
    expect(exitCode).toBe(3);
    expect(json(out)).toMatchObject({ determined: false, causes: [] });
    expect(json(out).next.join()).toContain('kubectl get events');
  });

  it('hostile words do no harm to a terminal or a log', async () => {
    const { out } = await run(['\u001b[31m::error::x https://a.azurecr.io/`$(touch x)`: 401 Unauthorized']);
    expect(out).not.toContain('\u001b');
    expect(out).not.toMatch(/^::/m);
    expect(out).not.toMatch(/(az|kubectl|aks-acr-pull) .*touch/);
  });

  it.each<[string, string[], string | undefined, RegExp]>([
    ['nothing at all', [], undefined, /no message/],
    ['an empty message', [''], undefined, /empty/],
    ['empty input', [], ' \n', /empty/],
    ['a file that is not there', ['--file', '/nonexistent/x'], undefined, /can't be read/],
    ['a message and a file', ['x', '--file', '-'], 'y', /one of them/],
    ['a list without failures', ['{"items":[]}'], undefined, /nothing in it/],
    [
      'a cluster that nobody could find',
      ['x', '--cluster', 'shop', '--registry', 'contoso'],
      undefined,
      /resource-group is missing/,
    ],
  ])('%s: 2', async (_what, args, input, said) => {
    const { exitCode, out, err } = await run(args, input);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toMatch(said);
  });
});
