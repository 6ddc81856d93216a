import { describe, expect, it } from '@jest/globals';
import { preflight } from '../../src/core/preflight.js';
import type { Http, HttpRequest, HttpResponse } from '../../src/core/ports.js';
import type { Check, Report } from '../../src/core/report.js';
import { readRequest } from '../../src/core/request.js';
import type { RawInputs } from '../../src/core/inputs.js';
import { ABAC, armError, assignmentBody, clusterBody, registryBody, ROLE, roleBody } from './azure/bodies.js';
import {
  ARM,
  CLUSTER_ID,
  OBJECT_ID,
  OTHER_SUBSCRIPTION,
  REGISTRY_ID,
  respond,
  SUBSCRIPTION,
  world,
} from './support.js';
import type { Reply } from './support.js';

/** Holds every answer back until nothing more is asked, then releases all of them: one wave is one round trip. */
class WaveHttp implements Http {
  readonly waves: string[][] = [];
  #held: { request: HttpRequest; release: () => void }[] = [];
  #watching = false;

  constructor(private readonly answer: (line: string) => Reply) {}

  send(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        const reply = this.answer(`${request.method} ${request.url}`);
        if (reply instanceof Error) reject(reply);
        else resolve(respond(reply));
      };
      this.#held.push({ request, release });
      if (!this.#watching) void this.#watch();
    });
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#held.length > 0) {
      for (let before = -1, quiet = 0; quiet < 20; quiet += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.#held.length !== before) quiet = 0;
        before = this.#held.length;
      }
      const wave = this.#held;
      this.#held = [];
      this.waves.push(
        wave.map(({ request }) => `${request.method} ${request.url.replace(ARM, '').split('?')[0] ?? ''}`),
      );
      for (const { release } of wave) release();
    }
    this.#watching = false;
  }
}

const ELSEWHERE = REGISTRY_ID.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION);

interface Azure {
  registry?: object;
  assignments?: object[];
  /** What Resource Graph finds; absent: the registry is in the list. */
  elsewhere?: string;
  groupsRefused?: boolean;
  clusterReply?: Reply;
}

function answering({
  registry = registryBody(),
  assignments = [],
  elsewhere,
  groupsRefused,
  clusterReply,
}: Azure) {
  return (line: string): Reply => {
    if (/roleAssignments\?/.test(line)) {
      if (groupsRefused === true && line.includes('assignedTo'))
        return { status: 403, body: armError('AuthorizationFailed', 'no directory') };
      return { body: { value: assignments } };
    }
    if (/denyAssignments\?/.test(line)) return { body: { value: [] } };
    if (/\/permissions\?/.test(line)) return { body: { value: [{ actions: ['*/read'] }] } };
    if (/roleDefinitions\//.test(line))
      return { body: roleBody('Puller', { actions: ['*/pull/read'], dataActions: ['*'] }) };
    if (/managedClusters\/shop\?/.test(line)) return clusterReply ?? { body: clusterBody() };
    if (/registries\?/.test(line)) return { body: { value: elsewhere === undefined ? [registry] : [] } };
    if (/ResourceGraph/.test(line))
      return { body: { data: elsewhere === undefined ? [] : [{ id: elsewhere }] } };
    if (/registries\/contoso\?/.test(line)) return { body: { ...registry, id: elsewhere ?? REGISTRY_ID } };
    throw new Error(`nothing is scripted for ${line}`);
  };
}

async function check(
  raw: RawInputs,
  azure: Azure,
): Promise<{ report: Report; waves: string[][]; access: Check | undefined }> {
  const http = new WaveHttp(answering(azure));
  const request = readRequest({ cluster: CLUSTER_ID, mode: 'check', verify: 'access', ...raw });
  const report = await preflight(request, world(http).ports, '1.0.0');
  return {
    report,
    waves: http.waves,
    access: report.connections[0]?.checks.find(({ id }) => id === 'access'),
  };
}

describe('round trips to ARM until access is known', () => {
  const granted = [assignmentBody(ROLE.acrPull)];
  const custom = [assignmentBody(ROLE.custom)];
  const CASES: [string, string, Azure, number][] = [
    ['a registry by id', REGISTRY_ID, { assignments: granted }, 2],
    ['a registry by login server', 'contoso.azurecr.io', { assignments: granted }, 2],
    ['a registry by name', 'contoso', { assignments: granted }, 2],
    ['no assignment at all', REGISTRY_ID, {}, 2],
    [
      'a registry in another subscription',
      'contoso.azurecr.io',
      { assignments: granted, elsewhere: ELSEWHERE },
      3,
    ],
    ['a custom role', REGISTRY_ID, { assignments: custom }, 3],
    ['many custom roles', 'contoso', { assignments: [...custom, ...custom, ...custom] }, 3],
    ['groups that may not be asked for', REGISTRY_ID, { assignments: granted, groupsRefused: true }, 3],
  ];
  it.each(CASES)('%s', async (_what, registry, azure, most) => {
    const { waves, access } = await check({ registry }, azure);
    expect(access).toBeDefined();
    // What the login could do about it is asked once access is known.
    const before = waves.filter((wave) => !wave.some((line) => line.endsWith('/permissions')));
    expect(before).toHaveLength(most);
  });

  it('asks for cluster and registry side by side, then for assignments', async () => {
    const { waves } = await check({ registry: REGISTRY_ID }, { assignments: granted });
    expect(waves.map((wave) => wave.sort())).toEqual([
      [`GET ${REGISTRY_ID}`, `GET ${CLUSTER_ID}`].sort(),
      ['denyAssignments', 'roleAssignments'].map(
        (list) => `GET ${REGISTRY_ID}/providers/Microsoft.Authorization/${list}`,
      ),
    ]);
  });

  it('reads what several connections share only once', async () => {
    const { waves } = await check({ registry: `${REGISTRY_ID}\ncontoso` }, { assignments: granted });
    expect(waves.flat().filter((line) => line === `GET ${CLUSTER_ID}`)).toHaveLength(1);
  });
});

describe('the verdict of a check of access', () => {
  it('passes, writes nothing, and says what it rests on', async () => {
    const { report, waves } = await check(
      { registry: REGISTRY_ID },
      { assignments: [assignmentBody(ROLE.acrPull)] },
    );
    expect(report).toMatchObject({ schemaVersion: 1, mode: 'check', result: 'passed' });
    expect(report).not.toHaveProperty('cause');
    expect(report.connections[0]).toMatchObject({
      result: 'passed',
      changed: false,
      wouldChange: false,
      role: 'AcrPull',
      identity: { kind: 'managed-identity', objectId: OBJECT_ID },
      access: { allowed: true, grants: [{ roleName: 'AcrPull', via: 'direct', inherited: false }] },
    });
    expect(report.connections[0]?.checks.map(({ id, status }) => [id, status])).toEqual([
      ['signed-in', 'pass'],
      ['cluster', 'pass'],
      ['cluster-running', 'pass'],
      ['kubelet-identity', 'pass'],
      ['registry', 'pass'],
      ['access', 'pass'],
    ]);
    expect(waves.flat().every((line) => line.startsWith('GET '))).toBe(true);
  });

  const CASES: [string, Azure, string, string, string][] = [
    ['no role', {}, 'failed', 'fail', 'unauthorized-no-role'],
    [
      'AcrPull on an ABAC-enabled registry',
      { registry: registryBody({ roleAssignmentMode: ABAC }), assignments: [assignmentBody(ROLE.acrPull)] },
      'failed',
      'fail',
      'abac-wrong-role',
    ],
    [
      'a repository role on a legacy one',
      { assignments: [assignmentBody(ROLE.repositoryReader)] },
      'failed',
      'fail',
      'legacy-wrong-role',
    ],
    [
      'a mode that ARM does not say',
      {
        registry: registryBody({ roleAssignmentMode: undefined }),
        assignments: [assignmentBody(ROLE.acrPull)],
      },
      'unknown',
      'unknown',
      'access-unknown',
    ],
  ];
  it.each(CASES)('%s', async (_what, azure, result, status, cause) => {
    const { report, access } = await check({ registry: REGISTRY_ID }, azure);
    expect(report).toMatchObject({ result, cause });
    expect(access).toMatchObject({ status, cause });
    expect(access?.fix?.summary).not.toBe('');
    expect(access?.docs).toContain(cause);
  });

  it.each<[string, Reply, string, string]>([
    [
      'a cluster that is not there',
      { status: 404, body: armError('ResourceNotFound', 'x') },
      'failed',
      'cluster-not-found',
    ],
    [
      'a cluster being deleted',
      { body: clusterBody({ provisioningState: 'Deleting' }) },
      'failed',
      'cluster-being-deleted',
    ],
    [
      'a cluster being made',
      { body: clusterBody({ provisioningState: 'Creating', identityProfile: undefined }) },
      'unknown',
      'cluster-being-made',
    ],
    [
      'a cluster with a service principal',
      {
        body: clusterBody(
          { identityProfile: undefined, servicePrincipalProfile: { clientId: 'app' } },
          { identity: undefined },
        ),
      },
      'unknown',
      'service-principal-cluster',
    ],
  ])('%s ends the story, explained', async (_what, clusterReply, result, cause) => {
    const { report } = await check({ registry: REGISTRY_ID }, { clusterReply });
    expect(report).toMatchObject({ result, cause });
    expect(report.connections[0]?.checks.at(-1)?.fix?.summary).not.toBe('');
  });

  it('takes a stopped cluster for a warning where nothing is pulled', async () => {
    const stopped = { body: clusterBody({ powerState: { code: 'Stopped' } }) };
    const { report } = await check(
      { registry: REGISTRY_ID },
      { clusterReply: stopped, assignments: [assignmentBody(ROLE.acrPull)] },
    );
    expect(report.result).toBe('passed');
    expect(report.connections[0]?.checks.find(({ id }) => id === 'cluster-running')?.status).toBe('warn');
  });

  it('uses the object id that was given for a service principal', async () => {
    const clusterReply = {
      body: clusterBody(
        { identityProfile: undefined, servicePrincipalProfile: { clientId: 'app' } },
        { identity: undefined },
      ),
    };
    const { report } = await check(
      { registry: REGISTRY_ID, 'kubelet-object-id': OBJECT_ID },
      { clusterReply, assignments: [assignmentBody(ROLE.acrPull)] },
    );
    expect(report.connections[0]).toMatchObject({
      result: 'passed',
      identity: { kind: 'service-principal', objectId: OBJECT_ID },
    });
  });
});
