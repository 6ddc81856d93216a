import { describe, expect, it } from '@jest/globals';
import { grantName, makeGrant, planGrant } from '../../../src/core/azure/grant.js';
import type { Granted } from '../../../src/core/azure/grant.js';
import { ACR_PULL } from '../../../src/core/azure/roles.js';
import { inTurn, OBJECT_ID, REGISTRY_ID, ScriptedHttp, SUBSCRIPTION, thrown, world } from '../support.js';
import type { Reply } from '../support.js';
import { armError, assignmentBody, ROLE } from './bodies.js';

const NAME = grantName(REGISTRY_ID, OBJECT_ID, ROLE.acrPull);
const CREATED: Reply = { status: 201, body: assignmentBody(ROLE.acrPull) };
const NOT_YET: Reply = {
  status: 400,
  body: armError('PrincipalNotFound', 'Principal x does not exist in the directory y.'),
};

function making(http: ScriptedHttp, signal = new AbortController().signal) {
  const { azure, clock } = world(http);
  const made = (): Promise<Granted> =>
    makeGrant(
      azure.roleAssignments(SUBSCRIPTION),
      planGrant(REGISTRY_ID, OBJECT_ID, ACR_PULL, []),
      clock,
      signal,
    );
  return { made, clock };
}

describe('grantName', () => {
  it('is a UUID of version 5, and the same for the same grant in any casing', () => {
    expect(NAME).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(grantName(REGISTRY_ID.toUpperCase(), OBJECT_ID.toUpperCase(), ROLE.acrPull.toUpperCase())).toBe(
      NAME,
    );
    expect(grantName(`${REGISTRY_ID}/`, OBJECT_ID, ROLE.acrPull)).toBe(NAME);
  });

  it('never changes, for names of grants made by older versions are found again by it', () => {
    expect(grantName('/subscriptions/s', 'p', 'r')).toBe('76c002a5-0b02-5d60-9083-5a760583bb64');
  });

  it('differs with the registry, the principal and the role', () => {
    const names = [
      NAME,
      grantName(`${REGISTRY_ID}2`, OBJECT_ID, ROLE.acrPull),
      grantName(REGISTRY_ID, OBJECT_ID.replace('1', '2'), ROLE.acrPull),
      grantName(REGISTRY_ID, OBJECT_ID, ROLE.repositoryReader),
    ];
    expect(new Set(names).size).toBe(4);
  });
});

describe('makeGrant', () => {
  it('writes the pull role for the identity, at the registry, marked as ours, in one request', async () => {
    const http = inTurn(CREATED);
    expect(await making(http).made()).toMatchObject({
      outcome: 'created',
      assignment: { principalId: OBJECT_ID },
    });
    const [sent] = http.requests;
    expect(sent?.method).toBe('PUT');
    expect(sent?.url).toBe(
      `https://management.azure.com${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${NAME}?api-version=2022-04-01`,
    );
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      properties: {
        roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${ROLE.acrPull}`,
        principalId: OBJECT_ID,
        principalType: 'ServicePrincipal',
        description: 'aks-acr-pull: lets the kubelet identity pull',
      },
    });
  });

  const EXISTS = 'The role assignment already exists.';
  const exists = (message = EXISTS): Reply => ({
    status: 409,
    body: armError('RoleAssignmentExists', message),
  });

  it('is content with one that is there under another name, and finds it among all', async () => {
    const others = [assignmentBody(ROLE.acrDelete), assignmentBody(ROLE.acrPull, { principalId: 'b' })];
    const above = assignmentBody(ROLE.acrPull, { scope: `/subscriptions/${SUBSCRIPTION}` });
    const twin = assignmentBody(ROLE.acrPull, { scope: REGISTRY_ID.toLowerCase() });
    const http = inTurn(exists(), { body: { value: [...others, above, twin] } });
    expect(await making(http).made()).toMatchObject({
      outcome: 'existed',
      assignment: { name: twin.name },
    });
    expect(http.requests.map(({ method }) => method)).toEqual(['PUT', 'GET']);
  });

  it('finds it by the id that newer words name', async () => {
    const twin = assignmentBody(ROLE.acrPull);
    const said = `${EXISTS} The ID of the existing role assignment is ${twin.name.replaceAll('-', '')}.`;
    const http = inTurn(exists(said), { body: twin });
    expect(await making(http).made()).toMatchObject({ outcome: 'existed', assignment: { name: twin.name } });
    expect(http.requests[1]?.url).toContain(
      `${REGISTRY_ID}/providers/Microsoft.Authorization/roleAssignments/${twin.name}?`,
    );
    // What has that id is another grant: the list has the last word.
    const other = inTurn(exists(said), { body: assignmentBody(ROLE.reader) }, { body: { value: [twin] } });
    expect(await making(other).made()).toMatchObject({ assignment: { name: twin.name } });
  });

  it('is content with one that may not be read', async () => {
    const no: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };
    expect(await making(inTurn(exists(), no)).made()).toEqual({ outcome: 'existed' });
    expect(await making(inTurn(exists(), { body: { value: [] } })).made()).toEqual({ outcome: 'existed' });
  });

  it('takes a write that was there already (200) for made', async () => {
    expect(await making(inTurn({ ...CREATED, status: 200 })).made()).toMatchObject({ outcome: 'created' });
  });

  it('waits for a principal that is not replicated yet', async () => {
    const { made, clock } = making(inTurn(NOT_YET, NOT_YET, CREATED));
    expect(await made()).toMatchObject({ outcome: 'created' });
    expect(clock.slept).toEqual([5000, 5000]);
  });

  it('gives up on it after two minutes', async () => {
    const http = new ScriptedHttp(() => NOT_YET);
    const { made, clock } = making(http);
    expect(await thrown(made)).toMatchObject({ code: 'PrincipalNotFound', status: 400 });
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(120_000);
    expect(http.requests).toHaveLength(25);
  });

  it('stops waiting when the run ends', async () => {
    const run = new AbortController();
    const http = new ScriptedHttp(() => (run.abort(new Error('cancelled')), NOT_YET));
    expect(await thrown(making(http, run.signal).made)).toMatchObject({ message: 'cancelled' });
    expect(http.requests).toHaveLength(1);
  });

  it.each([
    [403, 'AuthorizationFailed'],
    [400, 'UnmatchedPrincipalType'],
    [400, 'RoleAssignmentUpdateNotPermitted'],
    [409, 'ScopeLocked'],
    [404, 'ResourceNotFound'],
  ])('does not repeat any other refusal: %i %s', async (status, code) => {
    const http = inTurn({ status, body: armError(code, 'no') });
    expect(await thrown(making(http).made)).toMatchObject({
      status,
      code,
      attempted: expect.stringContaining(NAME) as unknown,
    });
    expect(http.requests).toHaveLength(1);
  });

  it('takes an answer that is no role assignment for an error', async () => {
    for (const body of ['', '{}', '<html>', { properties: null }])
      expect(await thrown(making(inTurn({ status: 201, body })).made)).toMatchObject({ name: 'ArmError' });
  });
});
