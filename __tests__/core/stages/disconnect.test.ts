import { describe, expect, it } from '@jest/globals';
import { grantName } from '../../../src/core/azure/grant.js';
import type { RawInputs } from '../../../src/core/inputs.js';
import { preflight } from '../../../src/core/preflight.js';
import type { Check, Connection, Finding } from '../../../src/core/report.js';
import { InputErrors, readRequest } from '../../../src/core/request.js';
import { ABAC, armError, assignmentBody, clusterBody, registryBody, ROLE } from '../azure/bodies.js';
import {
  CALLER_OBJECT_ID,
  CLUSTER_ID,
  OBJECT_ID,
  REGISTRY_ID,
  ScriptedHttp,
  SUBSCRIPTION,
  thrown,
  world,
} from '../support.js';
import type { Reply } from '../support.js';

const MARK = 'aks-acr-pull: lets the kubelet identity pull';
const OTHER_ID = 'aaaaaaaa-0000-4000-8000-000000000009';
const DENIED = (action: string, scope: string): Reply => ({
  status: 403,
  body: armError(
    'AuthorizationFailed',
    `The client 'x' with object id '${CALLER_OBJECT_ID}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid.`,
  ),
});

/** An assignment as this tool makes it, and what a test changes of it. */
function ours(
  role: string,
  changes: { name?: string; description?: string | null; scope?: string; principalId?: string } = {},
): object {
  const { scope = REGISTRY_ID, principalId = OBJECT_ID, description = MARK } = changes;
  const name = changes.name ?? grantName(scope, principalId, role);
  return {
    ...assignmentBody(role, { scope, principalId, description }),
    name,
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
  };
}

interface Azure {
  cluster?: Reply;
  registry?: object;
  assignments?: object[];
  list?: Reply | ((url: string) => Reply);
  /** Answers to DELETE, by the assignment's name. */
  remove?: Record<string, Reply>;
  clusters?: Reply;
}

function answers({
  cluster,
  registry = registryBody(),
  assignments = [],
  list,
  remove = {},
  clusters,
}: Azure) {
  return new ScriptedHttp(({ method, url }): Reply => {
    const path = new URL(url).pathname;
    if (method === 'DELETE') return remove[path.split('/').at(-1) ?? ''] ?? { body: assignments[0] };
    if (path.endsWith('/roleAssignments')) {
      if (typeof list === 'function') return list(url);
      return list ?? { body: { value: assignments } };
    }
    if (path === CLUSTER_ID) return cluster ?? { body: clusterBody() };
    if (path === REGISTRY_ID) return { body: registry };
    if (path.endsWith('/managedClusters')) return clusters ?? { body: { value: [clusterBody()] } };
    throw new Error(`nothing is scripted for ${method} ${url}`);
  });
}

interface Ran {
  connection: Connection;
  removed: string[];
  asked: string[];
  check: (id: string) => Check | undefined;
  finding: (id: string) => Finding | undefined;
}

async function disconnect(azure: Azure, raw: RawInputs = {}): Promise<Ran> {
  const http = answers(azure);
  const request = readRequest({ mode: 'disconnect', cluster: CLUSTER_ID, registry: REGISTRY_ID, ...raw });
  const { connections } = await preflight(request, world(http).ports, '1.0.0');
  const [connection] = connections;
  if (connection === undefined) throw new Error('no connection');
  return {
    connection,
    asked: http.asked,
    removed: http.asked.flatMap((line) => /^DELETE .*\/(.*)$/.exec(line)?.[1] ?? []),
    check: (id) => connection.checks.find((one) => one.id === id),
    finding: (id) => connection.findings.find((one) => one.id === id),
  };
}

const PULL_NAME = grantName(REGISTRY_ID, OBJECT_ID, ROLE.acrPull);
const READER_NAME = grantName(REGISTRY_ID, OBJECT_ID, ROLE.repositoryReader);

describe('what is removed', () => {
  it('is the grant that this tool made, and nothing else is asked or written', async () => {
    const { connection, removed, asked, check } = await disconnect({
      assignments: [ours(ROLE.acrPull), assignmentBody(ROLE.reader)],
    });
    expect(removed).toEqual([PULL_NAME]);
    expect(connection).toMatchObject({
      result: 'passed',
      changed: true,
      wouldChange: true,
      access: { removed: [`${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${PULL_NAME}`] },
      pulls: [],
    });
    expect(check('removed')).toMatchObject({ status: 'pass' });
    expect(asked.filter((line) => !line.startsWith('GET ')).map((line) => line.split(' ')[0])).toEqual([
      'DELETE',
    ]);
  });

  it('is a grant for either role, whatever the mode of the registry is now', async () => {
    const registry = registryBody({ roleAssignmentMode: ABAC });
    const assignments = [ours(ROLE.acrPull), ours(ROLE.repositoryReader)];
    const { removed, connection } = await disconnect({ registry, assignments });
    expect(removed).toEqual([PULL_NAME, READER_NAME]);
    expect(connection.access).toMatchObject({ allowed: false, grants: [] });
  });

  const GROUP = 'dddddddd-0000-4000-8000-000000000001';
  const ABOVE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/shops`;
  it.each<[string, object]>([
    ['bears the mark under another name', ours(ROLE.acrPull, { name: OTHER_ID })],
    ['bears the name without the mark', ours(ROLE.acrPull, { description: null })],
    ['bears the name and another description', ours(ROLE.acrPull, { description: 'by hand' })],
    ['is inherited', ours(ROLE.acrPull, { scope: ABOVE })],
    ["is a group's", ours(ROLE.acrPull, { principalId: GROUP })],
  ])('is not a grant that %s; it is named instead', async (_what, assignment) => {
    const { connection, removed, check, finding } = await disconnect({ assignments: [assignment] });
    expect(removed).toEqual([]);
    expect(connection).toMatchObject({
      result: 'passed',
      changed: false,
      wouldChange: false,
      access: { allowed: true, removed: [] },
    });
    expect(check('removed')?.evidence).toContain('none');
    expect(finding('still-allowed')?.evidence).toContain('AcrPull');
  });

  it('is with all-direct every direct assignment that lets it pull, and still nothing inherited or of a group', async () => {
    const assignments = [
      ours(ROLE.acrPull, { description: null }),
      assignmentBody(ROLE.reader),
      assignmentBody(ROLE.acrDelete),
      ours(ROLE.acrPull, { scope: ABOVE }),
      ours(ROLE.acrPull, { principalId: GROUP }),
    ];
    const { connection, removed, finding } = await disconnect({ assignments }, { 'all-direct': 'true' });
    const names = assignments.map((one) => (one as { name: string }).name);
    expect(removed).toEqual(names.slice(0, 2));
    expect(connection.access.grants).toHaveLength(2);
    expect(finding('still-allowed')?.evidence).toMatch(
      new RegExp(`inherited from ${ABOVE}; .*through a group`),
    );
  });

  it('is nothing in a dry run, which tells what would be', async () => {
    const { connection, removed, check } = await disconnect(
      { assignments: [ours(ROLE.acrPull)] },
      { 'dry-run': 'true' },
    );
    expect(removed).toEqual([]);
    expect(connection).toMatchObject({ result: 'passed', changed: false, wouldChange: true });
    expect(connection.access.allowed).toBe(true);
    expect(connection.access.removed).toEqual([expect.stringContaining(PULL_NAME)]);
    expect(check('removed')).toMatchObject({
      status: 'skip',
      evidence: expect.stringContaining(`would remove role assignment ${PULL_NAME}`) as unknown,
    });
  });

  it.each([204, 404])('may be gone already: HTTP %s', async (status) => {
    const reply = { status, ...(status === 404 ? { body: armError('RoleAssignmentNotFound', 'x') } : {}) };
    const { connection, check } = await disconnect({
      assignments: [ours(ROLE.acrPull)],
      remove: { [PULL_NAME]: reply },
    });
    expect(check('removed')?.evidence).toContain('gone already');
    expect(connection).toMatchObject({
      result: 'passed',
      changed: false,
      access: { allowed: false, removed: [] },
    });
  });
});

describe('what goes wrong', () => {
  it('without the right: what could be removed is, and the fix names the right, the grant and the role', async () => {
    const id = `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${PULL_NAME}`;
    const { connection, removed } = await disconnect({
      assignments: [ours(ROLE.acrPull), ours(ROLE.repositoryReader)],
      remove: { [PULL_NAME]: DENIED('Microsoft.Authorization/roleAssignments/delete', id) },
    });
    expect(removed).toEqual([PULL_NAME, READER_NAME]);
    expect(connection).toMatchObject({
      result: 'failed',
      changed: true,
      access: { allowed: true, removed: [expect.stringContaining(READER_NAME)] },
    });
    const [failed, done] = connection.checks.filter(({ id: check }) => check === 'removed');
    expect(done?.status).toBe('pass');
    expect(failed).toMatchObject({ status: 'fail', cause: 'arm-authorization-missing' });
    expect(failed?.evidence).toContain('Microsoft.Authorization/roleAssignments/delete');
    expect(failed?.fix?.summary).toContain('Role Based Access Control Administrator');
    expect(failed?.fix?.commands).toEqual([
      expect.stringMatching(/^az role assignment delete --ids "\$\(az acr show -n contoso /),
      expect.stringMatching(/^az role assignment create --role f58310d9-.* --scope "\$\(az acr show/),
    ]);
    expect(failed?.fix?.literalCommands?.[0]).toBe(`az role assignment delete --ids ${id}`);
  });

  it('under a lock', async () => {
    const locked = { status: 409, body: armError('ScopeLocked', 'following scope(s) are locked') };
    const { connection, check } = await disconnect({
      assignments: [ours(ROLE.acrPull)],
      remove: { [PULL_NAME]: locked },
    });
    expect(connection.result).toBe('failed');
    expect(check('removed')).toMatchObject({ status: 'fail', cause: 'arm-scope-locked' });
  });

  it('when Azure fails: then it is unknown', async () => {
    const { connection } = await disconnect({
      assignments: [ours(ROLE.acrPull)],
      remove: { [PULL_NAME]: { status: 503, body: armError('ServiceUnavailable', 'later') } },
    });
    expect(connection.result).toBe('unknown');
  });

  it('when assignments may not be read: then nothing is removed, and it is unknown', async () => {
    const list = DENIED('Microsoft.Authorization/roleAssignments/read', REGISTRY_ID);
    const { connection, removed, check } = await disconnect({ list });
    expect(removed).toEqual([]);
    expect(connection.result).toBe('unknown');
    expect(check('assignments')).toMatchObject({ status: 'unknown', cause: 'arm-authorization-missing' });
  });
});

describe('other clusters with the same identity', () => {
  const other = (objectId: string): object => ({
    ...clusterBody({ identityProfile: { kubeletidentity: { objectId } } }),
    id: CLUSTER_ID.replace(/shop$/, 'shop-eu'),
    name: 'shop-eu',
  });
  const assignments = [ours(ROLE.acrPull)];

  it('are named, the cluster itself and those with another are not', async () => {
    const shared = { body: { value: [clusterBody(), other(OBJECT_ID), other(OTHER_ID)] } };
    const { finding } = await disconnect({ assignments, clusters: shared });
    expect(finding('identity-shared')?.evidence).toBe('shop-eu (resource group shops)');
    const { finding: none, check } = await disconnect({ assignments });
    expect(none('identity-shared')).toBeUndefined();
    expect(check('other-clusters')?.status).toBe('pass');
  });

  it('are looked for before anything is removed, and only if something is', async () => {
    const { asked } = await disconnect({ assignments });
    const index = (part: RegExp): number => asked.findIndex((line) => part.test(line));
    expect(index(/managedClusters$/)).toBeLessThan(index(/^DELETE/));
    expect((await disconnect({})).asked.filter((line) => line.endsWith('/managedClusters'))).toEqual([]);
  });

  it('that may not be listed make a skipped check with the right, and nothing worse', async () => {
    const clusters = DENIED(
      'Microsoft.ContainerService/managedClusters/read',
      `/subscriptions/${SUBSCRIPTION}`,
    );
    const { connection, check, removed } = await disconnect({ assignments, clusters });
    expect(removed).toEqual([PULL_NAME]);
    expect(connection.result).toBe('passed');
    expect(check('other-clusters')).toMatchObject({ status: 'skip' });
    expect(check('other-clusters')?.evidence).toContain('managedClusters/read');
  });
});

describe('the cluster', () => {
  const GONE: Reply = { status: 404, body: armError('ResourceNotFound', 'no such cluster') };
  const UNSEEN = DENIED('Microsoft.ContainerService/managedClusters/read', CLUSTER_ID);
  const byId = { 'kubelet-object-id': OBJECT_ID };

  it.each([
    ['gone', GONE],
    ['not to be read', UNSEEN],
  ])('may be %s when the identity is given', async (_what, cluster) => {
    const { connection, removed, check } = await disconnect(
      { cluster, assignments: [ours(ROLE.acrPull)] },
      byId,
    );
    expect(removed).toEqual([PULL_NAME]);
    expect(connection).toMatchObject({ result: 'passed', identity: { objectId: OBJECT_ID } });
    expect(check('cluster')?.status).toBe('skip');
  });

  it('that is gone ends it otherwise, with the way on', async () => {
    const { connection, removed, check } = await disconnect({
      cluster: GONE,
      assignments: [ours(ROLE.acrPull)],
    });
    expect(removed).toEqual([]);
    expect(connection.result).toBe('failed');
    expect(check('cluster')).toMatchObject({ cause: 'cluster-not-found' });
    expect(check('cluster')?.fix?.summary).toContain('kubelet-object-id');
    expect(check('cluster')?.fix?.commands.at(-1)).toContain(
      'az role assignment list --scope "$(az acr show',
    );
  });

  it('that has another identity than the one given is no cluster to disconnect by it', async () => {
    const http = answers({ assignments: [ours(ROLE.acrPull)] });
    const request = readRequest({
      mode: 'disconnect',
      cluster: CLUSTER_ID,
      registry: REGISTRY_ID,
      'kubelet-object-id': OTHER_ID,
    });
    const error = await thrown(() => preflight(request, world(http).ports, '1.0.0'));
    expect(error).toBeInstanceOf(InputErrors);
    expect(String(error)).toContain('kubelet-object-id');
    expect(http.asked.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  });

  it('may be stopped or about to be deleted', async () => {
    const cluster = { body: clusterBody({ provisioningState: 'Deleting', powerState: { code: 'Stopped' } }) };
    const { connection } = await disconnect({ cluster, assignments: [ours(ROLE.acrPull)] });
    expect(connection).toMatchObject({ result: 'passed', changed: true });
  });
});

it('says when assignments through groups could not be seen', async () => {
  const assignments = [ours(ROLE.acrPull)];
  const list = (url: string): Reply =>
    url.includes('assignedTo')
      ? { status: 403, body: armError('Authorization_RequestDenied', 'no directory') }
      : { body: { value: assignments } };
  const { connection, finding } = await disconnect({ assignments, list });
  expect(connection).toMatchObject({ changed: true, access: { allowed: 'unknown' } });
  expect(finding('access-partly-seen')).toBeDefined();
});

describe('the request', () => {
  const BASE = { cluster: CLUSTER_ID, registry: REGISTRY_ID };
  it.each(['connect', 'check', 'plan'])('mode %s takes neither dry-run nor all-direct', (mode) => {
    expect(() => readRequest({ ...BASE, mode, 'dry-run': 'true', 'all-direct': 'true' })).toThrow(
      /dry-run[^]*all-direct/,
    );
    expect(readRequest({ ...BASE, mode, 'dry-run': 'false' })).toMatchObject({ dryRun: false });
  });
  it('takes one cluster', () => {
    const clusters = `${CLUSTER_ID}\n${CLUSTER_ID}2`;
    expect(() => readRequest({ ...BASE, mode: 'disconnect', cluster: clusters })).toThrow(/one cluster/);
  });
  it('is refused for a pull request unless that is allowed', () => {
    const raw = { ...BASE, mode: 'disconnect' };
    expect(() => readRequest(raw, { pullRequest: 'pull_request #1' })).toThrow(/disconnect.*refused/);
    expect(
      readRequest({ ...raw, 'allow-pull-request': 'true' }, { pullRequest: 'pull_request #1' }).mode,
    ).toBe('disconnect');
  });
});
