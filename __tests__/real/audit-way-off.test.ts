/** The kubectl lines of the way off and of its undoing, by the real kubectl in a real shell. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { heldCredentials } from '../../src/core/audit/docker-config.js';
import type { AuditedCredential, AuditStep } from '../../src/core/audit/model.js';
import { asAccount, asWorkload, WORKLOAD_KINDS } from '../../src/core/audit/objects.js';
import { usersOf } from '../../src/core/audit/uses.js';
import { wayOff } from '../../src/core/audit/way-off.js';
import type { AuditedSecret, WayOffFacts } from '../../src/core/audit/way-off.js';
import { suiteUnless } from '../skip.js';
import { clusterPath, missing, openBench } from './clients.js';
import type { Bench } from './clients.js';

const absent = missing('kubectl');
let bench: Bench;
let steps: AuditStep[];

const FACTS: WayOffFacts = {
  cluster: { name: 'shop', resourceGroup: 'shop-rg' },
  registry: { id: '', name: 'contoso', loginServer: 'contoso.azurecr.io' },
  kubeletIsServicePrincipal: false,
  allowed: true,
  missing: [],
  secrets: [],
  accounts: [],
  workloads: [],
  releases: [],
  images: [],
  code: [],
};

const secret = (name: string, ...hosts: string[]): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'kubernetes.io/dockerconfigjson',
  stringData: {
    '.dockerconfigjson': JSON.stringify({
      auths: Object.fromEntries(hosts.map((host) => [host, { username: 'u', password: `p of ${host}` }])),
    }),
  },
});
const spec = (name: string, secrets: string[]): object => ({
  containers: [{ name: 'web', image: 'contoso.azurecr.io/shop/web:1.4.2' }],
  restartPolicy: name === 'nightly' ? 'Never' : 'Always',
  ...(secrets.length === 0 ? {} : { imagePullSecrets: secrets.map((one) => ({ name: one })) }),
});
const labels = { app: 'web' };
const deployment = (name: string, secrets: string[]): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: spec(name, secrets) },
  },
});
const CRON_JOB = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly' },
  spec: {
    schedule: '0 3 * * *',
    jobTemplate: { spec: { template: { spec: spec('nightly', ['acr']) } } },
  },
};

/** Runs a line as somebody pastes it. */
async function paste(line: string, input = ''): Promise<string> {
  const ended = await bench.run('sh', ['-c', line], {
    environment: { KUBECONFIG: join(bench.folder, 'kubeconfig') },
    input,
  });
  expect({ line, ...ended }).toMatchObject({ exitCode: 0 });
  return ended.stdout;
}
const read = async (what: string): Promise<unknown> => JSON.parse(await paste(`kubectl get ${what} -o json`));

async function namesOf(what: string, path: string): Promise<string> {
  return paste(`kubectl get ${what} -o jsonpath='{${path}.imagePullSecrets[*].name}'`);
}
const references = (): Promise<string[]> =>
  Promise.all([
    namesOf('deployment named', '.spec.template.spec'),
    namesOf('cronjob nightly', '.spec.jobTemplate.spec.template.spec'),
    namesOf('serviceaccount default', ''),
  ]);

if (absent === undefined) {
  beforeAll(async () => {
    bench = await openBench();
    const answer = (await bench.arm(
      'POST',
      `${clusterPath(bench)}/listClusterUserCredential?api-version=2024-09-01`,
    )) as { kubeconfigs: { value: string }[] };
    const text = Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64');
    await writeFile(join(bench.folder, 'kubeconfig'), text, { mode: 0o600 });
    for (const object of [
      secret('acr', 'contoso.azurecr.io'),
      secret('shared', 'https://contoso.azurecr.io/v1/', 'ghcr.io'),
      deployment('named', ['other', 'acr']),
      deployment('handed', []),
      CRON_JOB,
    ])
      await paste('kubectl create -f -', JSON.stringify(object));
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    await paste('kubectl apply -f -', JSON.stringify({ ...account, imagePullSecrets: [{ name: 'acr' }] }));

    const accounts = [asAccount(await read('serviceaccount default'))!];
    const workloads = await Promise.all(
      ['deployment named', 'deployment handed', 'cronjob nightly'].map(async (what) => {
        const object = (await read(what)) as { kind: string };
        return asWorkload(
          WORKLOAD_KINDS.find(({ kind }) => kind === object.kind)!,
          object,
        )!;
      }),
    );
    const secrets = await Promise.all(
      ['acr', 'shared'].map(async (name): Promise<AuditedSecret> => {
        const place = { kind: 'Secret', namespace: 'default', name };
        const all = heldCredentials(await read(`secret ${name}`)) ?? [];
        const held = all.filter(({ host }) => host === 'contoso.azurecr.io');
        const credential: AuditedCredential = {
          kind: 'admin-user',
          in: place,
          host: 'contoso.azurecr.io',
          works: true,
          because: '',
          usedBy: usersOf(place, accounts, workloads),
        };
        const others = all.filter((one) => !held.includes(one)).map(({ host }) => host);
        return { secret: { ...place, type: 'kubernetes.io/dockerconfigjson', held, others }, credential };
      }),
    );
    steps = wayOff({ ...FACTS, secrets, accounts, workloads });
  });
  afterAll(() => bench.end());
}

const commands = (id: AuditStep['id'], part: 'do' | 'undo'): string[] =>
  steps.find((step) => step.id === id)?.[part].commands ?? [];

suiteUnless(absent, 'the way off, by kubectl', () => {
  it('takes the references out, and its undoing puts them back', async () => {
    const before = await references();
    expect(before).toEqual(['other acr', 'acr', 'acr']);
    for (const line of commands('remove-references', 'do')) await paste(line);
    expect(await references()).toEqual(['other', '', '']);
    expect(await paste('kubectl get deployment handed -o json')).toContain(
      'kubectl.kubernetes.io/restartedAt',
    );
    for (const line of commands('remove-references', 'undo')) await paste(line);
    expect(await references()).toEqual(before);
  });

  it('refuses a patch of a list that somebody changed in the meantime', async () => {
    const [line = ''] = commands('remove-references', 'do').filter((one) => one.includes(' named '));
    await paste(line);
    const again = await bench.run('sh', ['-c', line], {
      environment: { KUBECONFIG: join(bench.folder, 'kubeconfig') },
    });
    expect(again.exitCode).not.toBe(0);
    expect((await references())[0]).toBe('other');
  });
});

suiteUnless(absent ?? missing('jq'), 'the way off, by kubectl and jq', () => {
  it('removes a secret, which the saved file brings back, and one entry of the one that is shared', async () => {
    const [save = '', restore = '', saveShared = '', restoreShared = ''] = commands('remove-secrets', 'undo');
    const shared = await paste("kubectl get secret shared -o jsonpath='{.data}'");
    const before = await paste("kubectl get secret acr -o jsonpath='{.data}'");
    await paste(save);
    await paste(saveShared);
    expect(await paste('stat -c %a default.acr.secret.json')).toBe('600\n');
    for (const line of commands('remove-secrets', 'do')) await paste(line);
    expect(await paste('kubectl get secrets --ignore-not-found acr')).toBe('');
    const left = (heldCredentials(await read('secret shared')) ?? []).map(({ host, password }) => [
      host,
      password.reveal(),
    ]);
    expect(left).toEqual([['ghcr.io', 'p of ghcr.io']]);
    await paste(restore);
    await paste(restoreShared);
    expect(await paste("kubectl get secret shared -o jsonpath='{.data}'")).toBe(shared);
    expect(await paste("kubectl get secret acr -o jsonpath='{.data}'")).toBe(before);
  });

  it('makes a token anew without it being in any argument', async () => {
    const place = { kind: 'Secret', namespace: 'default', name: 'fresh' };
    const type = 'kubernetes.io/dockerconfigjson';
    const credential: AuditedCredential = {
      kind: 'expose-token',
      in: place,
      host: 'contoso.azurecr.io',
      works: true,
      because: '',
      usedBy: [],
    };
    const [again = ''] =
      wayOff({ ...FACTS, secrets: [{ secret: { ...place, type, held: [], others: [] }, credential }] }).find(
        ({ id }) => id === 'remove-secrets',
      )?.undo.commands ?? [];
    // az acr login --expose-token prints these two fields (Azure/azure-cli, acr/custom.py).
    const said = JSON.stringify({ accessToken: 'a token', loginServer: 'contoso.azurecr.io' });
    await paste(again.replace(/^az [^|]+\|/, `printf %s '${said}' |`));
    const held = heldCredentials(await read('secret fresh')) ?? [];
    expect(held.map(({ host, username, password }) => [host, username, password.reveal()])).toEqual([
      ['contoso.azurecr.io', '00000000-0000-0000-0000-000000000000', 'a token'],
    ]);
  });
});
