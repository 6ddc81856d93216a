/** The steps of the way off, from what was found. */
import { describe, expect, it } from '@jest/globals';
import { Hidden } from '../../../src/core/audit/hidden.js';
import type { AuditedCredential, Use } from '../../../src/core/audit/model.js';
import { asAccount, asWorkload, WORKLOAD_KINDS } from '../../../src/core/audit/objects.js';
import type { Account, Workload } from '../../../src/core/audit/objects.js';
import { usersOf } from '../../../src/core/audit/uses.js';
import { wayOff } from '../../../src/core/audit/way-off.js';
import type { AuditedSecret, WayOffFacts } from '../../../src/core/audit/way-off.js';
import { runInShell } from '../diagnosis/shell.js';
import { REGISTRY_ID } from '../support.js';

const meta = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'apps', ...more } });
const secrets = (...names: string[]) =>
  names.length === 0 ? {} : { imagePullSecrets: names.map((name) => ({ name })) };
const kindOf = (kind: string) => WORKLOAD_KINDS.find((one) => one.kind === kind)!;
const workload = (kind: string, name: string, spec: object, more: object = {}): Workload => {
  const [, ...path] = kindOf(kind).spec;
  const nested = path.reduceRight<object>((held, key) => ({ [key]: held }), { containers: [], ...spec });
  return asWorkload(kindOf(kind), { ...meta(name, more), spec: nested })!;
};
const account = (name: string, ...names: string[]): Account =>
  asAccount({ ...meta(name), ...secrets(...names) })!;

const PASSWORD = 'never-to-be-seen';
const audited = (
  name: string,
  more: Partial<AuditedSecret['secret']> = {},
  usedBy: Use[] = [],
): AuditedSecret => {
  const credential: AuditedCredential = {
    kind: 'service-principal',
    in: { kind: 'Secret', namespace: 'apps', name },
    host: 'contoso.azurecr.io',
    works: true,
    because: '',
    usedBy,
  };
  const held = [{ host: 'contoso.azurecr.io', username: 'u', password: new Hidden(PASSWORD) }];
  const type = 'kubernetes.io/dockerconfigjson';
  return { secret: { kind: 'Secret', namespace: 'apps', name, type, held, others: [], ...more }, credential };
};

const FACTS: WayOffFacts = {
  cluster: { name: 'shop', resourceGroup: 'apps' },
  registry: { id: REGISTRY_ID, name: 'contoso', loginServer: 'contoso.azurecr.io' },
  principalId: 'aaaaaaaa-0000-4000-8000-000000000001',
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
const step = (id: string, facts: Partial<WayOffFacts>) =>
  wayOff({ ...FACTS, ...facts }).find((one) => one.id === id)!;

describe('the way off', () => {
  it('is none where there is nothing to get off', () => {
    expect(wayOff(FACTS)).toEqual([]);
  });

  it('leaves out what runs in the cluster where only the code makes credentials', () => {
    const code = [{ id: 'x', file: 'a.sh', line: 3, what: '', instead: 'do that' }];
    expect(wayOff({ ...FACTS, code }).map(({ id }) => id)).toEqual([
      'grant',
      'prove',
      'remove-code',
      'prove-again',
    ]);
    expect(step('remove-code', { code }).do.summary).toContain('a.sh:3: do that');
  });

  it('takes out the one secret and leaves the others, and can be undone', () => {
    const workloads = [workload('Deployment', 'web', secrets('a', 'acr', 'b'))];
    const { do: off, undo } = step('remove-references', { secrets: [audited('acr')], workloads });
    expect(off.commands).toEqual([
      `kubectl patch deployment web -n apps --type json -p '[{"op":"test","path":"/spec/template/spec/imagePullSecrets","value":[{"name":"a"},{"name":"acr"},{"name":"b"}]},{"op":"replace","path":"/spec/template/spec/imagePullSecrets","value":[{"name":"a"},{"name":"b"}]}]'`,
    ]);
    expect(undo.commands).toEqual([
      `kubectl patch deployment web -n apps --type json -p '[{"op":"add","path":"/spec/template/spec/imagePullSecrets","value":[{"name":"a"},{"name":"acr"},{"name":"b"}]}]'`,
    ]);
  });

  it('patches cron jobs where their pods are described, and leaves what is controlled to its controller', () => {
    const owner = { ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }] };
    const workloads = [
      workload('CronJob', 'nightly', secrets('acr')),
      workload('ReplicaSet', 'web-1', secrets('acr'), owner),
    ];
    const { commands } = step('remove-references', { secrets: [audited('acr')], workloads }).do;
    expect(commands).toHaveLength(1);
    expect(commands[0]).toContain('/spec/jobTemplate/spec/template/spec/imagePullSecrets');
  });

  it('says what can not be changed', () => {
    const workloads = [workload('Pod', 'alone', secrets('acr')), workload('Job', 'once', secrets('acr'))];
    const { commands, summary } = step('remove-references', { secrets: [audited('acr')], workloads }).do;
    expect(commands).toEqual([]);
    expect(summary).toContain("Pod apps/alone can't be changed");
    expect(summary).toContain("Job apps/once can't be changed");
  });

  it('restarts what gets the secret by its service account, once the account no longer hands it out', () => {
    const accounts = [account('default', 'acr')];
    const workloads = [workload('Deployment', 'web', {})];
    const uses = usersOf({ namespace: 'apps', name: 'acr' }, accounts, workloads);
    const { commands } = step('remove-references', {
      secrets: [audited('acr', {}, uses)],
      accounts,
      workloads,
    }).do;
    expect(commands.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'kubectl patch serviceaccount default',
      'kubectl rollout restart deployment',
    ]);
  });

  it("keeps a Secret that holds other registries' credentials, and takes one entry out of it", () => {
    const secrets_ = [audited('acr', { others: ['other.azurecr.io'] })];
    const workloads = [workload('Deployment', 'web', secrets('acr'))];
    expect(step('remove-references', { secrets: secrets_, workloads }).do.commands).toEqual([]);
    const [command = '', ...more] = step('remove-secrets', { secrets: secrets_ }).do.commands;
    expect(more).toEqual([]);
    expect(command).toMatch(
      /^kubectl get secret acr -n apps -o json \| jq .*contoso\.azurecr\.io.* \| kubectl replace -f -$/,
    );
  });

  it('leaves what Helm made to Helm, by the values that name it', () => {
    const release = {
      kind: 'HelmRelease',
      namespace: 'apps',
      name: 'shop',
      chart: 'shop',
      named: [
        { path: 'imagePullSecrets[0].name', name: 'acr' },
        { path: 'web.image.pullSecrets[0]', name: 'acr' },
        { path: 'web.pullSecrets[1]', name: 'another' },
      ],
      inManifest: [],
      credentials: [],
    };
    const annotated = { annotations: { 'meta.helm.sh/release-name': 'shop' } };
    const facts = {
      secrets: [audited('acr', { release: 'shop', madeBy: 'Helm release shop' })],
      workloads: [workload('Deployment', 'web', secrets('acr'), annotated)],
      releases: [release],
    };
    const { do: off, undo } = step('remove-references', facts);
    expect(off.commands).toEqual([
      `helm upgrade shop "$CHART" -n apps --reuse-values --set-json 'imagePullSecrets=[]' --set-json 'web.image.pullSecrets=[]'`,
    ]);
    expect(undo.commands).toEqual(['helm rollback shop -n apps']);
    const removal = step('remove-secrets', facts).do;
    expect(removal.commands).toEqual([]);
    expect(removal.summary).toContain('made by Helm release shop');
  });

  it("keeps other secrets of a release's list, in the list's own form, and tells what it can't write", () => {
    const release = (name: string, ...named: [string, string][]) => ({
      ...{ kind: 'HelmRelease', namespace: 'apps', name, chart: name, inManifest: [], credentials: [] },
      named: named.map(([path, of]) => ({ path, name: of })),
    });
    const releases = [
      release('maps', ['imagePullSecrets[0].name', 'acr'], ['imagePullSecrets[1].name', 'hub']),
      release('texts', ['global.imagePullSecrets[0]', 'hub'], ['global.imagePullSecrets[1]', 'acr']),
      release('one', ['image.pullSecret', 'acr']),
      release('odd', ['pullSecrets.acr.name', 'acr']),
      release('others', ['imagePullSecrets[0].name', 'hub']),
      { ...release('fixed'), inManifest: ['acr'] },
    ];
    const { commands, summary } = step('remove-references', { secrets: [audited('acr')], releases }).do;
    expect(commands).toEqual([
      `helm upgrade maps "$CHART" -n apps --reuse-values --set-json 'imagePullSecrets=[{"name":"hub"}]'`,
      `helm upgrade texts "$CHART" -n apps --reuse-values --set-json 'global.imagePullSecrets=["hub"]'`,
      `helm upgrade one "$CHART" -n apps --reuse-values --set-json 'image.pullSecret=""'`,
    ]);
    expect(summary).toContain('release apps/odd (chart odd) names them in its values pullSecrets');
    expect(summary).toContain('release apps/fixed (chart fixed) brings them');
    expect(summary).not.toContain('others');
  });

  it('leaves a list alone that names a secret which stays, and is none where releases name others alone', () => {
    const named = [{ path: 'imagePullSecrets[0].name', name: 'acr' }];
    const rest = { chart: 'web', inManifest: ['acr'], credentials: [] };
    const releases = [{ kind: 'HelmRelease', namespace: 'apps', name: 'web', named, ...rest }];
    const shared = [audited('acr', { others: ['other.azurecr.io'] })];
    expect(step('remove-references', { secrets: shared, releases }).do.commands).toEqual([]);
    expect(wayOff({ ...FACTS, releases })).toEqual([]);
  });

  it('names what makes pods that it could not list itself', () => {
    const owner = { ownerReferences: [{ kind: 'Rollout', name: 'web', controller: true }] };
    const workloads = ['a', 'b'].map((name) => workload('Pod', name, secrets('acr'), owner));
    const { summary } = step('remove-references', { secrets: [audited('acr')], workloads }).do;
    expect(summary.match(/Rollout apps\/web makes pods that name them/g)).toHaveLength(1);
  });

  it('never holds a credential, nor puts one into an argument or a file that others may read', () => {
    const token = audited('token');
    token.credential.kind = 'expose-token';
    const steps = wayOff({ ...FACTS, secrets: [audited('acr'), token] });
    expect(JSON.stringify(steps)).not.toContain(PASSWORD);
    const { commands } = steps.find(({ id }) => id === 'remove-secrets')!.undo;
    expect(commands).toHaveLength(3);
    expect(commands[0]).toMatch(/^\(umask 077 && kubectl get secret acr /);
    expect(commands[2]).toMatch(
      /^az acr login -n contoso --expose-token .* --from-file \.dockerconfigjson=\/dev\/stdin$/,
    );
    expect(commands.join('\n')).not.toMatch(/\$\(|--docker-password/);
  });

  it.each([
    ['admin-user', 'az acr update -n contoso --admin-enabled false'],
    ['repository-token', 'az acr token delete'],
    ['service-principal', 'take its secret and its role'],
  ] as const)('says how %s ends at its source', (kind, words) => {
    const one = audited('acr');
    one.credential.kind = kind;
    expect(step('remove-secrets', { secrets: [one] }).do.summary).toContain(words);
  });
});

describe('a command of the way off', () => {
  it.each([
    "n'; touch $CANARY; '",
    'n$(touch $CANARY)',
    'n`touch $CANARY`',
    'n" && touch $CANARY && "',
    'n\n touch $CANARY',
    "n'\\''; touch $CANARY #",
  ])('runs nothing that others named, in a real shell: %j', (name) => {
    const kinds = ['expose-token', 'repository-token'] as const;
    for (const kind of kinds)
      for (const others of [[], [name]]) {
        const one = audited(name, { namespace: name, others });
        Object.assign(one.credential, { kind, user: name });
        const held = { ...workload('Deployment', name, secrets(name)), namespace: name };
        const release = { kind: 'HelmRelease', namespace: name, name: 'shop', chart: name };
        const steps = wayOff({
          ...FACTS,
          cluster: { name, resourceGroup: name },
          secrets: [one],
          accounts: [{ ...account(name, name), namespace: name }],
          workloads: [held],
          releases: [
            { ...release, named: [{ path: `${name}.pullSecrets`, name }], inManifest: [], credentials: [] },
          ],
          images: [name],
        });
        for (const line of steps.flatMap((step) => [...step.do.commands, ...step.undo.commands])) {
          const ran = runInShell(line);
          expect({ line, escaped: ran.escaped }).toEqual({ line, escaped: false });
          expect(ran.calls.length).toBeGreaterThan(0);
        }
      }
  });
});

describe('who uses a secret', () => {
  const here = { namespace: 'apps', name: 'acr' };
  it('is not what controls nothing any more, has ended, or is in another namespace', () => {
    const old = { ...workload('ReplicaSet', 'web-1', secrets('acr')), over: true };
    const elsewhere = { ...workload('Deployment', 'web', secrets('acr')), namespace: 'tools' };
    expect(usersOf(here, [], [old, elsewhere])).toEqual([]);
  });
  it('is a controller once, not its pods too', () => {
    const owner = { ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }] };
    const all = [
      workload('StatefulSet', 'db', secrets('acr')),
      workload('Pod', 'db-0', secrets('acr'), owner),
    ];
    expect(usersOf(here, [], all)).toMatchObject([{ kind: 'StatefulSet', name: 'db' }]);
  });
  it('is a pod whose controller no longer uses it', () => {
    const owner = { ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }] };
    const all = [workload('StatefulSet', 'db', {}), workload('Pod', 'db-0', secrets('acr'), owner)];
    expect(usersOf(here, [], all)).toMatchObject([{ kind: 'Pod', name: 'db-0' }]);
  });
});
