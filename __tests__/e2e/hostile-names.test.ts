/**
 * The shipped action and task on a cluster whose policy speaks in commands: of GitHub, of Azure Pipelines, of a shell, in
 * Markdown, HTML and a terminal's language. What it says is shown, and nothing of it is done. Names of Azure's resources
 * can hold none of this; what a broken answer could hold is put to every place by __tests__/render/escape-sinks.test.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OUTPUTS, taskName } from '../../src/core/inputs.js';
import { preflight } from '../../src/core/preflight.js';
import { readRequest } from '../../src/core/request.js';
import { closingLines } from '../../src/render/story.js';
import { summaryMarkdown } from '../../src/render/summary.js';
import { ARM, CLUSTER_ID, OBJECT_ID, REGISTRY_ID, routed, world } from '../core/support.js';
import { isCommand } from '../render/command-readers.js';
import { nasty } from '../render/hostile.js';
import { openScene, scenario } from './scene.js';
import { openTaskScene } from './task-scene.js';

const CANARY = join(tmpdir(), `canary-${process.pid}-${Date.now()}`);
/** Each says where it would do what. */
const SAID = [
  '::error title=GITHUB::a line of its own',
  '::set-output name=result::passed',
  '::add-mask::refused',
  '##[error]azure pipelines',
  '##vso[task.setvariable variable=result;isoutput=true]passed',
  '##VSO[task.complete result=Succeeded;]',
  `$(touch ${CANARY}) \`touch ${CANARY}\` '; touch ${CANARY}; '`,
  '| a | b |',
  '# a heading',
  '![image](https://e.example/i.png) <script>alert(1)</script> @octocat',
  '```',
  'EOF',
  'ghadelimiter_00000000-0000-0000-0000-000000000000',
  '\u001b[2J\u202Egnp.exe\u0000',
].join('\n');

const PULLS = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' };
const yaml = (federated: string): string =>
  scenario({
    identities: [{ name: 'deployer', federated }],
    cluster: {
      pools: [{ name: 'system' }],
      policies: [
        { name: 'speaks', rule: 'requiredLabels', labels: ['owner'], kinds: ['Job', 'Pod'], message: SAID },
      ],
    },
    assigned: [PULLS],
  });
/** Words of it that must be found, each in a place that would have swallowed them. */
const WORDS = ['set-output name=result', 'task.complete result=Succeeded', 'touch', 'a heading', 'gnp.exe'];

/** Control characters but for the end of a line, and what turns text around. */
const UNSEEN = /(?!\n)[\p{Cc}\u202e]/u;

let end: () => Promise<void> = async () => undefined;
afterEach(() => end());

/** A page without its code. */
const proseOf = (page: string): string =>
  page.replace(/^(`{3,})\w*\n[^]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, '');

function expectHarmlessPage(page: string): void {
  for (const word of WORDS)
    expect(
      page.replace(/&#(\d+);|&#8203;/g, (_, code: string) => String.fromCodePoint(Number(code ?? 0))),
    ).toContain(word);
  const prose = proseOf(page);
  expect(prose).not.toMatch(/<script|!\[|\]\(https:\/\/e\.example|@octocat|^# /m);
  expect(page).not.toMatch(UNSEEN);
}

describe('a policy that speaks in commands', () => {
  it('is told word for word by the action, which does nothing of it', async () => {
    const scene = await openScene(yaml('github'));
    end = () => scene.end();
    const ran = await scene.run({ mode: 'check' });
    expect(ran.outputs.result).toBe('unknown');
    expect(ran.outputs.verified).toBe('false');
    expect(Object.keys(ran.outputs).sort()).toEqual(OUTPUTS.map(({ name }) => name).sort());
    expect(ran.report?.connections[0]?.pulls[0]).toMatchObject({ status: 'unknown', cause: 'probe-refused' });
    expect([...new Set(ran.commands.map(({ name }) => name))].sort()).toEqual(
      expect.not.arrayContaining(['set-output', 'notice', 'set-env']),
    );
    const titles = ran.commands
      .filter(({ name }) => name === 'error')
      .map(({ properties }) => properties.title);
    expect(titles).not.toContain('GITHUB');
    expect(ran.masks).not.toContain('refused');
    for (const word of WORDS) expect(ran.shown).toContain(word);
    expect(ran.stdout).not.toMatch(UNSEEN);
    expect(ran.stderr).toBe('');
    expectHarmlessPage(ran.summary);
    expect(JSON.stringify(ran.report)).toContain('::set-output name=result::passed');
    expect(existsSync(CANARY)).toBe(false);
  });

  it('is told so by the task, too', async () => {
    const scene = await openTaskScene(yaml('azure-pipelines'));
    end = () => scene.end();
    const ran = await scene.run({ mode: 'check' });
    expect(ran.report?.connections[0]?.pulls[0]).toMatchObject({ status: 'unknown', cause: 'probe-refused' });
    const variables = ran.commands.filter(({ name }) => name === 'task.setvariable');
    expect(variables.map(({ properties }) => properties.variable).sort()).toEqual(
      OUTPUTS.map(({ name }) => taskName(name)).sort(),
    );
    expect(variables.find(({ properties }) => properties.variable === 'result')?.data).toBe('unknown');
    const completed = ran.commands.filter(({ name }) => name === 'task.complete');
    expect(completed.map(({ properties }) => properties.result)).toEqual(['Failed']);
    for (const word of WORDS) expect(ran.stdout).toContain(word);
    expect(existsSync(CANARY)).toBe(false);
  });
});

it('whatever names a broken answer holds, they lead to no other place and stay text', async () => {
  await fc.assert(
    fc.asyncProperty(nasty, async (text) => {
      const loginServer = text === '' ? 'x' : text;
      const http = routed(
        [
          /managedClusters\/shop\?/,
          {
            body: {
              id: CLUSTER_ID,
              name: text,
              location: text,
              properties: {
                provisioningState: text,
                powerState: { code: text },
                kubernetesVersion: text,
                fqdn: text,
                agentPoolProfiles: [{ name: text, count: 1, osType: text, vmSize: text, nodeTaints: [text] }],
                identityProfile: {
                  kubeletidentity: { objectId: OBJECT_ID, clientId: text, resourceId: text },
                },
              },
            },
          },
        ],
        [
          /registries\/contoso\?/,
          {
            body: {
              id: REGISTRY_ID,
              name: text,
              properties: { loginServer, roleAssignmentMode: text },
            },
          },
        ],
        [/./, { status: 403, body: { error: { code: 'AuthorizationFailed', message: text } } }],
      );
      const { ports } = world(http);
      const request = readRequest({
        mode: 'check',
        cluster: CLUSTER_ID,
        registry: REGISTRY_ID,
        image: 'shop/web:1',
      });
      const report = await preflight(request, ports, '0');
      expect(report.result).not.toBe('passed');
      // Azure's own word for the login server counts, where it is a host's name and nothing else.
      for (const { host } of http.requests.map(({ url }) => new URL(url)))
        expect([new URL(ARM).host, loginServer.toLowerCase()]).toContain(host);
      expect(closingLines(report).filter(isCommand)).toEqual([]);
      expect(summaryMarkdown(report)).not.toMatch(UNSEEN);
    }),
  );
});
