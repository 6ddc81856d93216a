import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalId,
  clusterId,
  lastPart,
  parseArmId,
  registryId,
  sameId,
} from '../../../src/core/azure/arm-id.js';
import { ArmError, missingRight, readArmError } from '../../../src/core/azure/arm.js';
import { callerOf } from '../../../src/core/azure/session.js';
import { CLUSTER_ID, inTurn, REGISTRY_ID, SUBSCRIPTION, thrown, tokenWith, world } from '../support.js';

describe('ids', () => {
  it('are the same in any casing, with any slashes around them', () => {
    const same = [
      REGISTRY_ID,
      REGISTRY_ID.toUpperCase(),
      `/${REGISTRY_ID}/`,
      REGISTRY_ID.slice(1),
      REGISTRY_ID.toLowerCase(),
    ];
    for (const one of same) for (const other of same) expect(sameId(one, other)).toBe(true);
    expect(sameId(REGISTRY_ID, `${REGISTRY_ID}2`)).toBe(false);
    expect(sameId(REGISTRY_ID, CLUSTER_ID)).toBe(false);
    expect(canonicalId('/')).toBe('/');
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(sameId(id, canonicalId(id))).toBe(true);
        expect(canonicalId(canonicalId(id))).toBe(canonicalId(id));
      }),
    );
  });

  it('have parts, as they were written', () => {
    const ref = { subscriptionId: SUBSCRIPTION, resourceGroup: 'Shops (prod)', name: 'contoso' };
    expect(parseArmId(registryId(ref))).toEqual(ref);
    expect(parseArmId(clusterId(ref).replace('resourceGroups', 'resourcegroups'))).toEqual(ref);
    expect(parseArmId(`//${registryId(ref).slice(1)}/`)).toEqual(ref);
    for (const none of [
      '',
      '/',
      `/subscriptions/${SUBSCRIPTION}`,
      `${REGISTRY_ID}/replications/x`,
      `x${REGISTRY_ID}`,
    ]) {
      expect(parseArmId(none)).toBeUndefined();
    }
    expect(lastPart(`${REGISTRY_ID}/providers/Microsoft.Authorization/roleDefinitions/ABC/`)).toBe('abc');
  });
});

describe('readArmError', () => {
  it.each([
    [
      'as ARM wraps it',
      '{"error":{"code":"ResourceNotFound","message":"not there"}}',
      'ResourceNotFound',
      'not there',
    ],
    [
      'as a resource provider does not',
      '{\n "code": "NotFound",\n "message": "no cluster"\n}',
      'NotFound',
      'no cluster',
    ],
    ['wrapped, with a status beside it', '{"status":"Failed","error":{"code":"X","message":"y"}}', 'X', 'y'],
    ['with a code alone', '{"error":{"code":"X"}}', 'X', '(no message)'],
    ['with a message alone', '{"error":{"message":"y"}}', '', 'y'],
    ['without either', '{"error":{}}', '', '{"error":{}}'],
    [
      'as a page',
      '<html>\n  <body>Bad   Gateway</body></html>',
      '',
      '<html> <body>Bad Gateway</body></html>',
    ],
    ['as nothing', '', '', '(empty answer)'],
    ['as null', 'null', '', 'null'],
    ['as a list', '[{"code":"x"}]', '', '[{"code":"x"}]'],
    ['with a number for a code', '{"error":{"code":7,"message":"y"}}', '', 'y'],
  ])('%s', (_shape, text, code, message) => {
    expect(readArmError(text)).toEqual({ code, message });
  });

  it('shortens a page', () => {
    expect(readArmError('x'.repeat(10_000)).message).toHaveLength(300);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readArmError(text).message).not.toBe('');
      }),
    );
  });
});

describe('missingRight', () => {
  const refused = (said: string, status = 403): unknown =>
    missingRight(new ArmError('try', status, 'AuthorizationFailed', said));
  const sentence = (middle: string, scope = REGISTRY_ID): string =>
    `The client 'ci@contoso.example' with object id 'the-oid' ${middle} perform action 'Microsoft.Authorization/roleAssignments/write' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
  const right = {
    action: 'Microsoft.Authorization/roleAssignments/write',
    scope: REGISTRY_ID,
    callerObjectId: 'the-oid',
  };

  it('is who lacks what where', () => {
    expect(refused(sentence('does not have authorization to'))).toEqual({ ...right, conditional: false });
  });

  it('knows a condition that is not met', () => {
    expect(refused(sentence('has an authorization with ABAC condition that is not fulfilled to'))).toEqual({
      ...right,
      conditional: true,
    });
  });

  it('takes the ambiguous older wording for a right that is missing', () => {
    expect(refused(sentence('does not have authorization or an ABAC condition not fulfilled to'))).toEqual({
      ...right,
      conditional: false,
    });
  });

  it('is not misled by names', () => {
    const scope = '/subscriptions/x/resourceGroups/air-condition';
    expect(refused(sentence('does not have authorization to', scope))).toEqual({
      ...right,
      scope,
      conditional: false,
    });
  });

  it('is nothing for other errors', () => {
    expect(refused('The client has permission on scope, but not on the linked scope(s).')).toBeUndefined();
    expect(refused(sentence('does not have authorization to'), 401)).toBeUndefined();
    expect(missingRight(new Error('x'))).toBeUndefined();
  });
});

describe('requests', () => {
  it('say what was attempted, with status, code and words', async () => {
    const http = inTurn({ status: 404, body: { error: { code: 'ResourceNotFound', message: 'not there' } } });
    expect(await thrown(() => world(http).azure.arm.get('/x', '1', 'read cluster shop'))).toMatchObject({
      message: 'could not read cluster shop: HTTP 404 ResourceNotFound: not there',
      status: 404,
      code: 'ResourceNotFound',
      said: 'not there',
    });
  });

  it.each(['', '<html>', '"text"', 'null', '7'])(
    'a success that is no JSON object (%s) is an error',
    async (body) => {
      expect(await thrown(() => world(inTurn({ body })).azure.arm.get('/x', '1', 'read'))).toBeInstanceOf(
        ArmError,
      );
    },
  );

  it('a success that came cut off is not quoted: it may be a credential', async () => {
    const half = '{"kubeconfigs":[{"name":"clusterUser","value":"YXBpVmVyc2lvbjogdjE';
    const error = await thrown(() =>
      world(inTurn({ body: half })).azure.arm.post('/x', '1', undefined, 'get the credential'),
    );
    expect(String(error)).toContain('could not get the credential');
    expect(String(error)).not.toContain('YXBp');
  });

  it.each(['{}', '{"value":null}', '{"value":{}}', '[]'])(
    'a list that is none (%s) is not an empty list',
    async (body) => {
      expect(await thrown(() => world(inTurn({ body })).azure.arm.list('/x', '1', 'list'))).toBeInstanceOf(
        ArmError,
      );
    },
  );

  it('follow every page, and a POST that only reads may be repeated', async () => {
    const http = inTurn(
      { body: { value: [1, 2], nextLink: 'https://management.azure.com/page2' } },
      { status: 503 },
      { body: { value: [3] } },
    );
    expect(await world(http).azure.arm.list('/x?a=b', '1', 'list')).toEqual([1, 2, 3]);
    expect(http.requests[0]?.url).toBe('https://management.azure.com/x?a=b&api-version=1');
    const posts = inTurn({ status: 500 }, { body: {} });
    expect(await world(posts).azure.arm.post('/x', '1', { q: 1 }, 'ask')).toEqual({});
    expect(posts.requests[1]).toMatchObject({ method: 'POST', body: '{"q":1}' });
  });
});

describe('callerOf', () => {
  it('names a service principal and a user', () => {
    expect(callerOf(tokenWith({ oid: 'o', appid: 'a', idtyp: 'app' }))).toEqual({
      objectId: 'o',
      type: 'ServicePrincipal',
      name: 'application a',
    });
    expect(callerOf(tokenWith({ oid: 'o', upn: 'me@contoso.example' }))).toMatchObject({
      type: 'User',
      name: 'me@contoso.example',
    });
    expect(callerOf(tokenWith({ oid: 'o', idtyp: 'user' }))).toMatchObject({ type: 'User', name: 'o' });
  });

  it('reads nothing out of what is no token', () => {
    for (const text of ['', 'x', 'a.b.c', '..', `x.${Buffer.from('[]').toString('base64url')}.y`]) {
      expect(callerOf(text)).toEqual({
        objectId: 'unknown',
        type: 'ServicePrincipal',
        name: 'application unknown',
      });
    }
  });
});
