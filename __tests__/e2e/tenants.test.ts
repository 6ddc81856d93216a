/** Registries in other subscriptions and other tenants, and settings of registries that few look at. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Check } from '../../src/core/report.js';
import { planCommands } from '../../src/render/plan/index.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { openGround } from './in-process.js';
import type { Ground, WholeRun } from './in-process.js';
import { scenario } from './scene.js';
import type { Assigned } from './scene.js';

let ground: Ground | undefined;
afterEach(async () => {
  await ground?.end();
  ground = undefined;
});

const ELSEWHERE = 'eeeeeeee-1111-4000-8000-000000000001';
const OWN = 'aaaaaaaa-1111-4000-8000-000000000001';
const TENANT = 'dddddddd-1111-4000-8000-000000000001';
const REGISTRY_ID = `/subscriptions/${ELSEWHERE}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso`;
const IMAGE = { image: 'shop/web:1.4' };

const away = (tenant?: string, more: Parameters<typeof scenario>[0] = {}): string =>
  scenario({
    subscriptions: [
      { id: OWN, name: 'own', resourceGroups: [{ name: 'apps' }] },
      {
        id: ELSEWHERE,
        name: 'elsewhere',
        ...(tenant === undefined ? {} : { tenant }),
        resourceGroups: [{ name: 'images' }],
      },
    ],
    registry: { subscription: 'elsewhere' },
    ...(tenant === undefined
      ? {}
      : {
          login: [
            {
              principal: 'deployer',
              role: 'Azure Kubernetes Service Cluster User Role',
              scope: 'cluster:shop',
            },
          ],
        }),
    ...more,
  });

function registryCheck({ report }: WholeRun): Check | undefined {
  return report?.connections[0]?.checks.find(({ id }) => id === 'registry');
}

describe('a registry in another subscription', () => {
  it.each([['contoso.azurecr.io'], ['contoso'], [REGISTRY_ID]])('is found as %s', async (registry) => {
    ground = await openGround(away());
    const run = await ground.run({ ...IMAGE, registry, 'subscription-id': OWN });
    expect(run.report).toMatchObject({ result: 'passed', connections: [{ registry: { id: REGISTRY_ID } }] });
  });
});

describe('what is printed about a registry in another subscription says in which, and ends what it is about', () => {
  const PULLS = { principal: 'kubelet of shop', scope: 'registry:contoso', age: '1d' };
  const READS = [
    { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
    { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
  ];
  const OWNS = { principal: 'owner', role: 'Owner', scope: 'subscription:elsewhere' };
  const LOCK = { name: 'keep', level: 'ReadOnly', scope: 'registry:contoso' };
  const ACCESS = { verify: 'access' };
  const MOVES = { ...ACCESS, mode: 'check', 'transition-roles': 'true' };

  interface Printed {
    what: string;
    cloud?: object;
    login?: Assigned[];
    assigned?: { role: string }[];
    inputs: Record<string, string>;
    /** The printed commands, out of the run. */
    of: (run: WholeRun) => string[] | undefined;
    gone?: string;
  }
  const ofCheck =
    (id: string, ...places: number[]) =>
    ({ report }: WholeRun): string[] | undefined => {
      const commands = report?.connections[0]?.checks.find((check) => check.id === id)?.fix?.commands;
      return places.length === 0 ? commands : places.flatMap((place) => commands?.[place] ?? []);
    };
  const ofFinding =
    (id: string) =>
    ({ report }: WholeRun): string[] | undefined =>
      report?.connections[0]?.findings.find((finding) => finding.id === id)?.fix?.commands;

  it.each<Printed>([
    {
      what: 'no role',
      login: READS,
      inputs: { ...ACCESS, mode: 'check' },
      of: ofCheck('access'),
    },
    { what: 'no right: the grant', login: READS, inputs: ACCESS, of: ofCheck('grant', 0) },
    { what: 'no right: the right', login: READS, inputs: ACCESS, of: ofCheck('grant', 1) },
    {
      what: 'a plan',
      login: READS,
      inputs: { mode: 'plan' },
      of: ({ report }) => (report === undefined ? undefined : planCommands(report)),
    },
    {
      what: 'the rights that a plan advises',
      login: READS.map((one) => ({ ...one, role: 'Reader' })),
      inputs: { mode: 'plan' },
      of: ofFinding('connect-would-be-refused'),
      gone: 'connect-would-be-refused',
    },
    { what: 'a lock', cloud: { locks: [LOCK] }, inputs: ACCESS, of: ofCheck('grant') },
    {
      what: 'rights that no node needs',
      login: READS,
      assigned: [{ role: 'AcrPush' }],
      inputs: { ...ACCESS, mode: 'check' },
      of: ofFinding('more-than-pull'),
      gone: 'more-than-pull',
    },
    {
      what: 'a registry that moves',
      login: READS,
      assigned: [{ role: 'AcrPull' }, { role: 'Container Registry Repository Reader' }],
      inputs: MOVES,
      of: ofFinding('registry-moves'),
    },
  ])('$what', async ({ cloud = {}, login, assigned = [], inputs, of, gone }) => {
    ground = await openGround(
      withOwner(
        away(undefined, {
          ...cloud,
          ...(login === undefined ? {} : { login }),
          assigned: [OWNS, ...assigned.map((one) => ({ ...PULLS, ...one }))],
        }),
      ),
    );
    const asked = { registry: REGISTRY_ID, 'subscription-id': OWN, ...inputs };
    const commands = of(await ground.run(asked));
    expect(commands).not.toEqual([]);
    const terminal = openTerminal(ground.simulator);
    try {
      for (const command of commands ?? ['nothing is printed']) {
        expect(command).toMatch(/--subscription (eeeeeeee|aaaaaaaa)-1111/);
        await terminal.run(command);
      }
    } finally {
      await terminal.close();
    }
    const next = await ground.run(asked);
    expect(next.report?.result).toBe('passed');
    if (gone !== undefined) expect(ofFinding(gone)(next)).toBeUndefined();
  });
});

describe('a registry in another tenant', () => {
  it('is told plainly, with what can pull from it, before anything is tried', async () => {
    ground = await openGround(away(TENANT));
    const run = await ground.run({ ...IMAGE, registry: REGISTRY_ID, 'subscription-id': OWN });
    expect(run.report).toMatchObject({ result: 'failed', cause: 'registry-in-another-tenant' });
    const { fix, evidence } = registryCheck(run) ?? {};
    expect(evidence).toContain('InvalidAuthenticationTokenTenant');
    expect(fix?.summary).toContain(TENANT);
    expect(fix?.commands.join('\n')).toMatch(/az acr import .*\n.*az acr token create -r contoso/);
    expect(run.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('named by its login server is seen to answer, and never gets a token', async () => {
    ground = await openGround(away(TENANT));
    const run = await ground.run({ ...IMAGE, 'subscription-id': OWN });
    expect(run.report?.cause).toMatch(/registry-not-found|arm-authorization-missing/);
    const asked = run.requests.filter(({ host }) => host === 'contoso.azurecr.io');
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(
      run.report?.cause === 'registry-not-found' ? ['GET /v2/'] : [],
    );
    expect(registryCheck(run)?.evidence).toContain('a container registry answers at contoso.azurecr.io');
    expect(registryCheck(run)?.fix?.summary).toContain('another tenant');
  });

  it('that does not exist at all is said to be just not there', async () => {
    ground = await openGround(scenario());
    const run = await ground.run({ ...IMAGE, registry: 'absent.azurecr.io' });
    expect(registryCheck(run)?.evidence).not.toContain('answers');
  });
});

describe('settings of a registry', () => {
  it.each([
    [{ sku: 'Premium', publicNetworkAccess: 'Disabled' }, 'public access is off'],
    [{ sku: 'Premium', networkDefaultAction: 'Deny' }, 'network rules keep most addresses out'],
    [{ sku: 'Premium', dataEndpoint: true }, 'layers come from contoso.westeurope.data.azurecr.io'],
    [
      { sku: 'Premium', dataEndpoint: true, replicas: ['northeurope'] },
      'layers come from contoso.westeurope.data.azurecr.io, contoso.northeurope.data.azurecr.io',
    ],
    [{ armAudienceTokens: 'disabled' }, 'no tokens that are meant for Azure Resource Manager'],
  ])('%j are told', async (registry, words) => {
    ground = await openGround(scenario({ registry }));
    const run = await ground.run({ ...IMAGE, mode: 'plan' });
    expect(run.report?.result).toBe('passed');
    expect(registryCheck(run)?.evidence).toContain(words);
  });

  it('one that other regions hold too is connected, and its pull brings the layers', async () => {
    const registry = { sku: 'Premium', dataEndpoint: true, replicas: ['northeurope', 'eastus'] };
    ground = await openGround(scenario({ registry }));
    const run = await ground.run(IMAGE);
    expect(run.report).toMatchObject({
      result: 'passed',
      connections: [{ changed: true, pulls: [{ status: 'pass', proved: 'content' }] }],
    });
  });

  it('whose public access is off refuses the nodes: the cause is the network, and not the access', async () => {
    const registry = { sku: 'Premium', publicNetworkAccess: 'Disabled' };
    const pulls = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '1d' };
    ground = await openGround(scenario({ registry, assigned: [pulls] }));
    const run = await ground.run({ ...IMAGE, mode: 'check' });
    expect(run.report).toMatchObject({ result: 'failed', connections: [{ access: { allowed: true } }] });
    expect(run.report?.cause).toBe('firewall-403');
  });

  it('a login server with a domain name label is taken as Azure names it', async () => {
    ground = await openGround(scenario({ registry: { loginServer: 'contoso-e7ggejfuhzhgedc8.azurecr.io' } }));
    const run = await ground.run({ ...IMAGE, registry: 'contoso-e7ggejfuhzhgedc8.azurecr.io' });
    expect(run.report?.result).toBe('passed');
  });

  it('our own look at images brings a token for the registries’ audience alone', async () => {
    const sees = { principal: 'deployer', role: 'AcrPull', scope: 'registry:contoso' };
    ground = await openGround(scenario({ registry: { armAudienceTokens: 'disabled' }, assigned: [sees] }));
    const run = await ground.run({ ...IMAGE });
    expect(run.report).toMatchObject({ result: 'passed' });
    expect(run.report?.connections[0]?.checks.find(({ id }) => id === 'image')?.status).toBe('pass');
  });

  it('and its pulls are refused: what the setting may have to do with it is said, not claimed', async () => {
    const pulls = { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso', age: '1d' };
    ground = await openGround(
      scenario({
        cluster: { pools: [{ name: 'system', heldIdentity: 'none' }] },
        registry: { armAudienceTokens: 'disabled' },
        assigned: [pulls],
      }),
    );
    const run = await ground.run({ ...IMAGE, mode: 'check' });
    expect(run.report).toMatchObject({ result: 'failed', cause: 'unauthorized-unresolved' });
    const finding = run.report?.connections[0]?.findings.find(({ id }) => id === 'arm-audience-off');
    expect(finding?.fix?.commands).toEqual([
      'az acr config authentication-as-arm update -r contoso --status enabled',
    ]);
  });
});
