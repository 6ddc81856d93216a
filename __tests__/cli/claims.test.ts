import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compare, compareFirst, readClaims } from '../../src/cli/demo/claims.js';
import { beginCount } from '../../src/cli/demo/count.js';
import type { Count } from '../../src/cli/demo/count.js';
import type { CloudState, RequestRecord } from '../../src/simulator/index.js';
import { loadScenario } from '../../src/simulator/cloud/scenario.js';

const SCENARIO = `
name: claims
clusters:
  - { name: shop, resourceGroup: rg }
registries:
  - name: contoso
    resourceGroup: rg
    repositories: [{ name: app, images: [{ tag: '1' }] }]
roleAssignments:
  - { principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }
`;

let folder: string;
let state: CloudState;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claims '));
  state = loadScenario(SCENARIO, Date.now()).state;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const report = (changes: object = {}): object => ({
  result: 'passed',
  connections: [
    {
      changed: true,
      pulls: [
        { nodePool: 'a', status: 'pass' },
        { nodePool: 'b', status: 'pass' },
        { nodePool: 'c', status: 'skip' },
      ],
    },
  ],
  ...changes,
});

const honest = (): Count => ({
  grantsMade: ['x'],
  writes: 1,
  exchanges: 2,
  manifests: 4,
  blobs: 6,
  requests: 40,
  notModelled: [],
});

interface Said {
  outputs?: Record<string, string>;
  report?: object | string | undefined;
  exitCode?: number;
  postExitCode?: number;
  summary?: string;
}

/** All that is found wrong with an honest run that is changed in one place. */
async function wrong(said: Said = {}, count: Partial<Count> = {}, left: string[] = []): Promise<string[]> {
  const reportPath = join(folder, 'report.json');
  const text = said.report ?? report();
  await writeFile(reportPath, typeof text === 'string' ? text : JSON.stringify(text));
  const [assignment] = state.roleAssignments;
  const digest = [...(state.registries[0]?.repositories[0]?.manifests.keys() ?? [])][0] ?? '';
  const step = {
    exitCode: 0,
    postExitCode: 0,
    summary: '## page',
    ...said,
    outputs: {
      result: 'passed',
      changed: 'true',
      verified: 'true',
      digest,
      'role-assignment-id': `${assignment?.scope ?? ''}/providers/Microsoft.Authorization/roleAssignments/${assignment?.name ?? ''}`,
      report: reportPath,
      ...said.outputs,
    },
  };
  const claims = await readClaims(step);
  const counted = { ...honest(), ...count };
  return [...compare(claims, step, counted, left, state), ...compareFirst(claims, counted)];
}

describe('an honest run', () => {
  it('has nothing wrong', async () => {
    expect(await wrong()).toEqual([]);
  });
  it('that failed has nothing wrong either', async () => {
    const failed = { result: 'failed', verified: 'false', changed: 'false', 'role-assignment-id': '' };
    expect(
      await wrong(
        { outputs: failed, exitCode: 1, report: report({ result: 'failed', connections: [] }) },
        { grantsMade: [], writes: 1, exchanges: 0, manifests: 0 },
      ),
    ).toEqual([]);
  });
  it('that could not be carried through needs no report', async () => {
    const unknown = {
      result: 'unknown',
      verified: 'false',
      changed: '',
      report: '',
      'role-assignment-id': '',
    };
    expect(
      await wrong(
        { outputs: unknown, exitCode: 1, summary: '' },
        { grantsMade: [], writes: 0, exchanges: 0, manifests: 0 },
      ),
    ).toEqual([]);
  });
});

describe('a claim that did not happen is found', () => {
  it.each<[string, Said, Partial<Count>, string[], RegExp]>([
    ['no result', { outputs: { result: '' } }, {}, [], /output result is "", none of passed/],
    ['no report', { outputs: { report: '' } }, {}, [], /named no report/],
    [
      'a report that is not there',
      { outputs: { report: '/nonexistent' } },
      {},
      [],
      /report\.json can't be read/,
    ],
    ['a report that is no JSON', { report: 'x' }, {}, [], /report\.json can't be read/],
    [
      'a report that says otherwise',
      { report: report({ result: 'failed' }) },
      {},
      [],
      /report\.json says "failed"/,
    ],
    [
      'a good end without a pass',
      { outputs: { result: 'failed', verified: 'false' } },
      {},
      [],
      /ended with 0, but its result is failed/,
    ],
    ['a pass with a bad end', { exitCode: 1 }, {}, [], /claims passed, but ended with 1/],
    ['a post step that failed', { postExitCode: 1 }, {}, [], /the post step ended with 1/],
    [
      'a grant that was not made',
      {},
      { grantsMade: [] },
      [],
      /changed says true, but 0 role assignments were made/,
    ],
    ['two grants', {}, { grantsMade: ['x', 'y'] }, [], /2 role assignments were made, and one is enough/],
    [
      'a change that is denied',
      {
        outputs: { changed: 'false' },
        report: report({ connections: [{ changed: false, pulls: [{ nodePool: 'a', status: 'pass' }] }] }),
      },
      {},
      [],
      /changed says false, but 1 role assignments were made/,
    ],
    [
      'a write that was not needed',
      {
        outputs: { changed: 'false' },
        report: report({ connections: [{ changed: false, pulls: [{ nodePool: 'a', status: 'pass' }] }] }),
      },
      { grantsMade: [], writes: 1 },
      [],
      /nothing was to be changed, but 1 requests/,
    ],
    [
      'a role assignment that does not exist',
      { outputs: { 'role-assignment-id': '/x' } },
      {},
      [],
      /names no role assignment that exists: "\/x"/,
    ],
    [
      'a pass that is not verified',
      { outputs: { verified: 'false' } },
      {},
      [],
      /passed, but output verified is not true/,
    ],
    [
      'verified without a pull',
      { report: report({ connections: [{ changed: true, pulls: [] }] }) },
      {},
      [],
      /holds no good pull/,
    ],
    [
      'pulls that asked for no manifest',
      {},
      { manifests: 1 },
      [],
      /2 node pools are said to have pulled, .* 1 times/,
    ],
    [
      'pulls without a token exchange',
      {},
      { exchanges: 1 },
      [],
      /exchanged a token for the kubelet identity 1 times/,
    ],
    [
      'layers that nobody fetched',
      {
        report: report({
          connections: [
            {
              changed: true,
              pulls: ['system', 'apps'].map((nodePool) => ({ nodePool, status: 'pass', proved: 'content' })),
            },
          ],
        }),
      },
      { blobs: 1 },
      [],
      /layers are said to have come over the wire on 2 node pools, .* 1 times/,
    ],
    [
      'a digest that is not in the registry',
      { outputs: { digest: 'sha256:0' } },
      {},
      [],
      /output digest is no manifest/,
    ],
    ['no page', { summary: ' ' }, {}, [], /no summary page/],
    ['something left behind', {}, {}, ['job default/x'], /left behind in the cluster: job default\/x/],
    ['an unmodelled request', {}, { notModelled: ['GET x'] }, [], /does not model: GET x/],
  ])('%s', async (_, said, count, left, expected) => {
    expect(await wrong(said, count, left)).toContainEqual(expect.stringMatching(expected));
  });
});

describe('the count', () => {
  const record = (changes: Partial<RequestRecord>): RequestRecord => ({
    number: 1,
    at: 0,
    durationMs: 1,
    method: 'GET',
    host: 'h',
    path: '/',
    status: 200,
    modelled: true,
    ...changes,
  });

  it('tells writes from reads, kubelets from others, and now from before', () => {
    const kubelet = { service: 'acr', caller: 'kubelet of shop' };
    const requests = [record({ service: 'arm', method: 'PUT' })];
    const cloud = { ...state, roleAssignments: [...state.roleAssignments] };
    const counted = beginCount({ state: cloud, requests });
    requests.push(
      record({ service: 'arm', method: 'PUT', status: 403 }),
      record({ service: 'arm', method: 'DELETE' }),
      record({ service: 'arm', method: 'POST', path: '/x/listClusterUserCredential?api-version=1' }),
      record({ service: 'arm', method: 'POST', path: '/x/runCommand?api-version=1' }),
      record({ service: 'arm' }),
      record({ service: 'kubernetes', method: 'POST' }),
      record({ ...kubelet, method: 'POST', path: '/oauth2/exchange' }),
      record({ ...kubelet, method: 'POST', path: '/oauth2/exchange', status: 401 }),
      record({ service: 'acr', caller: 'deployer', method: 'POST', path: '/oauth2/exchange' }),
      record({ ...kubelet, method: 'HEAD', path: '/v2/team/app/manifests/1' }),
      record({ ...kubelet, path: '/v2/team/app/blobs/x', status: 307 }),
      record({ ...kubelet, path: '/v2/team/app/blobs/y', status: 401 }),
      record({ modelled: false, status: 501, path: '/odd' }),
    );
    cloud.roleAssignments.push({ ...structuredClone(state.roleAssignments[0]!), name: 'NEW' });
    expect(counted()).toEqual({
      grantsMade: ['new'],
      writes: 3,
      exchanges: 1,
      manifests: 1,
      blobs: 1,
      requests: 13,
      notModelled: ['GET h/odd'],
    });
  });
});
