/**
 * The way off, followed as it is printed: a team whose pods pull with a token of `az acr login --expose-token`. At each step
 * pods still start; at the end there is no credential, and pods start long after the token is over.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Audit, AuditStep } from '../../src/core/audit/model.js';
import { openAuditGround, TOKEN_USER } from './audit-ground.js';
import type { AuditGround } from './audit-ground.js';
import { scenario } from './scene.js';

const IMAGE = 'contoso.azurecr.io/shop/web:1.4';
const MINUTE = 60_000;

const CLOUD = scenario({
  cluster: { namespaces: ['apps', 'tools'] },
  login: [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  ],
});

/** The pipeline that made the secret, as people write it. */
const PIPELINE = `jobs:
  deploy:
    steps:
      - run: |
          TOKEN=$(az acr login -n contoso --expose-token --query accessToken -o tsv)
          kubectl create secret docker-registry acr -n apps --docker-server contoso.azurecr.io --docker-username ${TOKEN_USER} --docker-password "$TOKEN"
          echo "$TOKEN" | helm registry login contoso.azurecr.io --username ${TOKEN_USER} --password-stdin
`;

/** And the template whose deployment script did it before, by an identity that is Contributor of the whole group. */
const TEMPLATE = JSON.stringify(
  {
    resources: [
      {
        type: 'Microsoft.Authorization/roleAssignments',
        properties: { roleDefinitionId: 'b24988ac-6180-42a0-ab88-20f7382dd24c' },
      },
      {
        type: 'Microsoft.Resources/deploymentScripts',
        properties: {
          scriptContent: `az acr login -n contoso --expose-token\nkubectl create secret docker-registry acr\nhelm registry login contoso.azurecr.io`,
        },
      },
    ],
  },
  null,
  2,
);

let repository: string;

beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'audit-repository-'));
  await mkdir(join(repository, '.github', 'workflows'), { recursive: true });
  await writeFile(join(repository, '.github', 'workflows', 'deploy.yml'), PIPELINE);
  await writeFile(join(repository, 'main.json'), TEMPLATE);
});
afterAll(() => rm(repository, { recursive: true, force: true }));

/** A cluster as the story begins: one Deployment names the secret, another gets it by its service account. */
async function team(ground: AuditGround): Promise<void> {
  for (const namespace of ['apps', 'tools'])
    await ground.pullSecret(namespace, 'acr', TOKEN_USER, await ground.exposedToken());
  await ground.kubernetes(
    'PATCH',
    '/api/v1/namespaces/tools/serviceaccounts/default',
    [{ op: 'add', path: '/imagePullSecrets', value: [{ name: 'acr' }] }],
    'application/json-patch+json',
  );
  for (const [namespace, secrets] of [
    ['apps', { imagePullSecrets: [{ name: 'acr' }] }],
    ['tools', {}],
  ] as const) {
    const labels = { app: 'web' };
    const containers = [{ name: 'web', image: IMAGE, imagePullPolicy: 'Always' }];
    const { status } = await ground.kubernetes('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers, ...secrets } },
      },
    });
    expect(status).toBe(201);
  }
}

interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  status?: { containerStatuses?: { state?: { running?: object; waiting?: { reason?: string } } }[] };
}

/** Removes all pods of both Deployments; resolves with what becomes of those that take their place: `running`, or why not. */
async function newPods(ground: AuditGround): Promise<string[]> {
  const all = await Promise.all(
    ['apps', 'tools'].map(async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const pods = async (): Promise<Pod[]> =>
        ((await ground.kubernetes('GET', `${path}?labelSelector=app%3Dweb`)).body as { items: Pod[] }).items;
      const before = new Set((await pods()).map(({ metadata }) => metadata.name));
      for (const name of before)
        await ground.kubernetes('DELETE', `${path}/${name}`, { gracePeriodSeconds: 0 });
      for (;;) {
        const [pod] = (await pods()).filter(({ metadata }) => !before.has(metadata.name));
        const state = pod?.status?.containerStatuses?.[0]?.state;
        if (state?.running !== undefined) return 'running';
        const why = state?.waiting?.reason ?? '';
        if (/ErrImagePull|ImagePullBackOff/.test(why)) return 'ErrImagePull';
        await delay(100);
      }
    }),
  );
  return all;
}

const STARTED = ['running', 'running'];

/** Follows one step as it is printed. Our own commands run here; az and kubectl as the terminal knows them. */
async function follow(ground: AuditGround, step: AuditStep): Promise<void> {
  for (const printed of step.do.commands) {
    const [program, mode = '', ...flags] = printed.split(' ');
    if (program !== 'aks-acr-pull') {
      await ground.terminal.run(printed);
      continue;
    }
    const inputs: Record<string, string> = { mode };
    for (let at = 0; at < flags.length; at += 2) {
      const name = flags[at] === '-g' ? 'resource-group' : (flags[at] ?? '').slice(2);
      inputs[name] = [inputs[name], flags[at + 1] ?? ''].filter((text) => text !== undefined).join('\n');
    }
    const { report, problems } = await ground.run(inputs, 'deployer', repository);
    expect({ printed, problems, result: report?.result }).toEqual({
      printed,
      problems: [],
      result: 'passed',
    });
  }
}

describe('a team whose pods pull with a token', () => {
  let ground: AuditGround;
  let found: Audit | undefined;
  let told: string;

  beforeAll(async () => {
    ground = await openAuditGround(CLOUD);
    await team(ground);
    expect(await newPods(ground)).toEqual(STARTED);
    ground.simulator.pass(150 * MINUTE);
    const audited = await ground.run({}, 'deployer', repository);
    expect(audited.problems).toEqual([]);
    found = audited.report?.connections[0]?.audit;
    told = audited.told;
  });
  afterAll(() => ground.end());

  it('is told which secrets expire, and in how many minutes', () => {
    const minutes = found?.credentials.map(({ kind, minutesLeft = 0 }) => ({
      kind,
      soon: minutesLeft > 35 && minutesLeft < 45,
    }));
    expect(minutes).toEqual([
      { kind: 'expose-token', soon: true },
      { kind: 'expose-token', soon: true },
    ]);
    expect(told).toMatch(
      /Secret apps\/acr holds a token of az acr login --expose-token for contoso\.azurecr\.io, which expires in \d+ minutes/,
    );
  });

  it('is told what makes them, by file and line', () => {
    expect(told).toContain('.github/workflows/deploy.yml:5 asks for a token of the registry');
    expect(told).toContain('.github/workflows/deploy.yml:6 makes a pull secret');
    expect(told).toContain('.github/workflows/deploy.yml:7 logs helm in to a registry');
    expect(told).toMatch(/main\.json:10 is a deployment script in a template that gives Contributor/);
    for (const what of ['asks for a token', 'makes a pull secret', 'logs helm in'])
      expect(told).toContain(`main.json:12 ${what}`);
  });

  it('gets the steps in safe order, each with how to undo it', () => {
    expect(found?.steps.map(({ id }) => id)).toEqual([
      'grant',
      'prove',
      'remove-references',
      'remove-secrets',
      'remove-code',
      'prove-again',
    ]);
    for (const step of found?.steps ?? []) expect(step.undo.summary).not.toBe('');
    for (const command of found?.steps.flatMap((step) => step.do.commands) ?? [])
      expect(told).toContain(command);
  });

  it('follows them, and pods start after each', async () => {
    for (const step of found?.steps ?? []) {
      if (step.id === 'remove-code')
        for (const file of new Set(step.do.summary.match(/^[\w./]+(?=:\d+: )/gm)))
          await rm(join(repository, file));
      await follow(ground, step);
      expect({ step: step.id, pods: await newPods(ground) }).toEqual({ step: step.id, pods: STARTED });
    }
  });

  it('has no credential left, and new pods start when the token would be over', async () => {
    ground.simulator.pass(60 * MINUTE);
    expect(await newPods(ground)).toEqual(STARTED);
    const { report } = await ground.run({}, 'deployer', repository);
    expect(report?.result).toBe('passed');
    expect(report?.connections[0]?.audit).toMatchObject({ credentials: [], steps: [] });
  });
});

describe('a team that does nothing', () => {
  it('has pods that do not start once the token is over', async () => {
    const ground = await openAuditGround(CLOUD);
    try {
      await team(ground);
      expect(await newPods(ground)).toEqual(STARTED);
      ground.simulator.pass(200 * MINUTE);
      expect(await newPods(ground)).toEqual(['ErrImagePull', 'ErrImagePull']);
      const { told } = await ground.run();
      expect(told).toMatch(/Secret tools\/acr holds a token .*, which expired \d+ minutes ago/);
    } finally {
      await ground.end();
    }
  });
});
