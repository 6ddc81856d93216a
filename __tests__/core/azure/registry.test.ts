import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  answersAsRegistry,
  locateRegistry,
  parseRegistry,
  readRegistry,
  RegistryNotFound,
} from '../../../src/core/azure/registry.js';
import { HttpFault } from '../../../src/core/ports.js';
import type { RegistryRef } from '../../../src/core/request.js';
import { inTurn, OTHER_SUBSCRIPTION, REGISTRY_ID, SUBSCRIPTION, thrown, world } from '../support.js';
import type { Reply } from '../support.js';
import { ABAC, armError, LEGACY, registryBody } from './bodies.js';

describe('parseRegistry', () => {
  it('reads what is needed; the login server as ARM gives it', () => {
    const body = registryBody({ loginServer: 'Contoso-e7gg.azurecr.io', anonymousPullEnabled: true });
    expect(parseRegistry(body)).toEqual({
      id: REGISTRY_ID,
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'shops',
      name: 'contoso',
      loginServer: 'contoso-e7gg.azurecr.io',
      sku: 'Premium',
      mode: LEGACY,
      anonymousPull: true,
      publicNetworkAccess: 'Enabled',
      networkRestricted: false,
      armAudienceTokens: true,
      dataEndpoints: [],
      networkRules: 0,
      privateEndpoints: 0,
    });
  });

  it.each([
    [ABAC, ABAC],
    [LEGACY, LEGACY],
    [undefined, 'unknown'],
    ['', 'unknown'],
    ['abacrepositorypermissions', 'unknown'],
    [null, 'unknown'],
    ['SomethingNew', 'unknown'],
  ])('mode %s is %s', (roleAssignmentMode, mode) => {
    expect(parseRegistry(registryBody({ roleAssignmentMode }))?.mode).toBe(mode);
  });

  it('knows restrictions of the network and of audiences', () => {
    expect(parseRegistry(registryBody({ publicNetworkAccess: 'Disabled' }))?.networkRestricted).toBe(true);
    expect(
      parseRegistry(registryBody({ networkRuleSet: { defaultAction: 'Deny' } }))?.networkRestricted,
    ).toBe(true);
    expect(
      parseRegistry(registryBody({ networkRuleSet: { defaultAction: 'Allow' } }))?.networkRestricted,
    ).toBe(false);
    const policies = { azureADAuthenticationAsArmPolicy: { status: 'disabled' } };
    expect(parseRegistry(registryBody({ policies }))?.armAudienceTokens).toBe(false);
  });

  it('counts what lets somebody in, and knows each data endpoint while they are on', () => {
    const dataEndpointHostNames = ['Contoso.westeurope.data.azurecr.io', 'contoso.eastus.data.azurecr.io', 7];
    const properties = {
      networkRuleSet: { defaultAction: 'Deny', ipRules: [{}, {}], virtualNetworkRules: [{}] },
      privateEndpointConnections: [{}],
      dataEndpointHostNames,
    };
    expect(parseRegistry(registryBody({ ...properties, dataEndpointEnabled: true }))).toMatchObject({
      networkRules: 3,
      privateEndpoints: 1,
      dataEndpoints: ['contoso.westeurope.data.azurecr.io', 'contoso.eastus.data.azurecr.io'],
    });
    expect(parseRegistry(registryBody(properties))?.dataEndpoints).toEqual([]);
  });

  it('is nothing for what is no registry, and never throws', () => {
    for (const none of [null, [], {}, { id: REGISTRY_ID }, registryBody({ loginServer: '' })])
      expect(parseRegistry(none)).toBeUndefined();
    fc.assert(
      fc.property(fc.jsonValue(), (properties) => void parseRegistry({ id: REGISTRY_ID, properties })),
    );
  });
});

describe('locateRegistry', () => {
  const BY_ID: RegistryRef = {
    by: 'id',
    subscriptionId: SUBSCRIPTION,
    resourceGroup: 'shops',
    name: 'contoso',
    text: '',
  };
  const BY_NAME: RegistryRef = { by: 'name', name: 'Contoso', text: 'Contoso' };
  const BY_SERVER: RegistryRef = {
    by: 'login-server',
    loginServer: 'contoso.azurecr.io',
    text: 'contoso.azurecr.io',
  };
  const elsewhere = REGISTRY_ID.replace(SUBSCRIPTION, OTHER_SUBSCRIPTION);
  const other = registryBody({ loginServer: 'other.azurecr.io' }, { id: `${REGISTRY_ID}x`, name: 'other' });
  const locate = (ref: RegistryRef, ...replies: Reply[]) => {
    const http = inTurn(...replies);
    return { http, located: locateRegistry(world(http).azure.arm, ref, SUBSCRIPTION) };
  };

  it('needs no request for an id', async () => {
    expect(await locate(BY_ID).located).toEqual({ id: REGISTRY_ID });
  });

  it.each([BY_NAME, BY_SERVER])('finds $by in the list, with its facts', async (ref) => {
    const { http, located } = locate(ref, { body: { value: [other, registryBody(), null, { id: 'x' }] } });
    expect(await located).toMatchObject({
      id: REGISTRY_ID,
      registry: { loginServer: 'contoso.azurecr.io', mode: LEGACY },
    });
    expect(http.requests[0]?.url).toBe(
      `https://management.azure.com/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries?api-version=2025-11-01`,
    );
  });

  it.each([
    [BY_NAME, "name =~ 'Contoso'"],
    [BY_SERVER, "properties.loginServer =~ 'contoso.azurecr.io'"],
  ] as const)('searches $by in all subscriptions when the list lacks it', async (ref, filter) => {
    const { http, located } = locate(
      ref,
      { body: { value: [other] } },
      { body: { data: [{ id: elsewhere }] } },
    );
    expect(await located).toEqual({ id: elsewhere });
    expect(http.asked[1]).toBe(
      'POST https://management.azure.com/providers/Microsoft.ResourceGraph/resources',
    );
    expect(http.requests[1]?.body).toContain(filter);
  });

  it('searches when the list is refused, for a login may read one registry and not all', async () => {
    const refusal = { status: 403, body: armError('AuthorizationFailed', 'no') };
    expect(await locate(BY_NAME, refusal, { body: { data: [{ id: elsewhere }] } }).located).toEqual({
      id: elsewhere,
    });
    expect(await thrown(() => locate(BY_NAME, refusal, { body: { data: [] } }).located)).toMatchObject({
      status: 403,
    });
  });

  it('says where it looked when there is none', async () => {
    const error = await thrown(
      () => locate(BY_NAME, { body: { value: [] } }, { body: { data: [] } }).located,
    );
    expect(error).toBeInstanceOf(RegistryNotFound);
    expect(error).toMatchObject({
      message: expect.stringMatching(/no registry Contoso in subscription 1111/) as unknown,
    });
  });

  it('never takes an unreadable answer for "there is none"', async () => {
    for (const body of [{}, { data: { columns: [], rows: [] } }, { data: null }]) {
      expect(await thrown(() => locate(BY_NAME, { body: { value: [] } }, { body }).located)).toMatchObject({
        name: 'ArmError',
      });
    }
    expect(await thrown(() => locate(BY_NAME, { body: { value: null } }).located)).toMatchObject({
      name: 'ArmError',
    });
    expect(await thrown(() => locate(BY_NAME, { status: 404 }).located)).toMatchObject({ status: 404 });
  });

  it('picks none of several of one name', async () => {
    const twin = registryBody(
      { loginServer: 'contoso-hash.azurecr.io' },
      { id: REGISTRY_ID.replace('shops', 'bars') },
    );
    const here = await thrown(() => locate(BY_NAME, { body: { value: [registryBody(), twin] } }).located);
    expect(here).toMatchObject({
      name: 'RegistryNotFound',
      message: expect.stringContaining('/bars/') as unknown,
    });
    const rows = { body: { data: [{ id: REGISTRY_ID }, { id: elsewhere }] } };
    expect(await thrown(() => locate(BY_NAME, { body: { value: [] } }, rows).located)).toMatchObject({
      message: expect.stringMatching(/2 registries are named Contoso/) as unknown,
    });
    expect(await locate(BY_SERVER, { body: { value: [registryBody(), twin] } }).located).toMatchObject({
      id: REGISTRY_ID,
    });
  });
});

describe('readRegistry', () => {
  it('takes an answer that is no registry for an error', async () => {
    expect(
      await thrown(() => readRegistry(world(inTurn({ body: {} })).azure.arm, REGISTRY_ID)),
    ).toMatchObject({
      message: 'could not read registry contoso: HTTP 200: the answer is no container registry',
    });
  });
});

describe('answersAsRegistry', () => {
  const challenge = (service: string): Reply => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="https://${service}/oauth2/token",service="${service}"` },
  });
  it.each<[string, Reply, boolean]>([
    ['its own challenge', challenge('contoso.azurecr.io'), true],
    ['the challenge of another', challenge('evil.example'), false],
    ['a page of a proxy', { status: 200, body: '<html>' }, false],
    ['nobody', new HttpFault('dns', 'contoso.azurecr.io', 'no such host'), false],
  ])('%s', async (_what, reply, answers) => {
    const http = inTurn(reply);
    expect(await answersAsRegistry(world(http).azure.sender, 'contoso.azurecr.io')).toBe(answers);
    expect(http.requests[0]?.headers?.authorization).toBeUndefined();
  });

  it('passes an end of the run on', async () => {
    const fault = new HttpFault('aborted', 'contoso.azurecr.io', 'cancelled');
    const call = (): Promise<boolean> =>
      answersAsRegistry(world(inTurn(fault)).azure.sender, 'contoso.azurecr.io');
    expect(await thrown(call)).toBe(fault);
  });
});
