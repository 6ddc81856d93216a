/** Every recorded refusal of ARM and of registries is read rightly: code, words, and what to make of them. */
import { expect, it } from '@jest/globals';
import { ArmError, missingRight, readArmError } from '../../src/core/azure/arm.js';
import { registrySaid } from '../../src/core/azure/data-plane.js';
import { makeGrant, planGrant } from '../../src/core/azure/grant.js';
import { ACR_PULL } from '../../src/core/azure/roles.js';
import { explainError } from '../../src/core/diagnosis/explain.js';
import { askedWait } from '../../src/core/http/sender.js';
import {
  inTurn,
  OBJECT_ID,
  REGISTRY_ID,
  ScriptedHttp,
  SUBSCRIPTION,
  thrown,
  world,
} from '../core/support.js';
import { suiteUnless } from '../skip.js';
import { exchangesOf, itemsOf, jsonOf, missingRecordings, tellCount } from './recordings.js';
import type { Exchange } from './recordings.js';

type Json = Record<string, unknown>;

/** The error as the body shows it, wrapped or not. */
function shown(exchange: Exchange): { code: string; message: string } {
  const body = jsonOf(exchange);
  return (body.error ?? body) as { code: string; message: string };
}

async function granting(exchange: Exchange): Promise<unknown> {
  const { azure, clock, ports } = world(new ScriptedHttp(() => exchange));
  const planned = planGrant(REGISTRY_ID, OBJECT_ID, ACR_PULL, []);
  return makeGrant(azure.roleAssignments(SUBSCRIPTION), planned, clock, ports.signal);
}

suiteUnless(missingRecordings, 'recorded errors', () => {
  const FILES = [
    'errors.404-500.mc-acr.json',
    'roleAssignments.400.PrincipalNotFound.json',
    'roleAssignments.400.UnmatchedPrincipalType.json',
    'roleAssignments.403.AuthorizationFailed.json',
    'roleAssignments.409.RoleAssignmentExists.json',
    'throttling.429.json',
  ];

  it.each(FILES)('%s: code and message', async (file) => {
    const exchanges = exchangesOf(file);
    for (const exchange of exchanges) {
      const { code, message } = shown(exchange);
      expect(readArmError(exchange.body)).toEqual({ code, message });
      const http = new ScriptedHttp(() => exchange);
      const error = await thrown(() => world(http).azure.arm.get('/x', '1', 'try'));
      expect(error).toMatchObject({ name: 'ArmError', status: exchange.status, code, said: message });
      // Every one has an explanation, whatever it was about.
      for (const about of ['cluster', 'registry', 'grant'] as const)
        expect(explainError(error, {}, about).evidence).toContain(message);
    }
    tellCount(`errors (${file})`, exchanges.length);
  });

  it('a right that is missing: action, scope and object id', () => {
    for (const exchange of exchangesOf('roleAssignments.403.AuthorizationFailed.json')) {
      const { code, message } = shown(exchange);
      const right = missingRight(new ArmError('grant', exchange.status, code, message));
      const path = decodeURIComponent(new URL(exchange.url).pathname);
      expect(right).toMatchObject({
        action: 'Microsoft.Authorization/roleAssignments/write',
        conditional: false,
      });
      expect(message).toContain(`object id '${right?.callerObjectId ?? '-'}'`);
      expect(right?.callerObjectId).toMatch(/^[0-9a-f-]{36}$/);
      // The last part was replaced in some recordings, in url or message.
      expect(right?.scope.split('/').slice(0, -1).join('/').toLowerCase()).toBe(
        path.split('/').slice(0, -1).join('/').toLowerCase(),
      );
    }
  });

  it('a grant that exists is success; a principal that is unknown is waited for; others end it', async () => {
    for (const exchange of exchangesOf('roleAssignments.409.RoleAssignmentExists.json'))
      expect(await granting(exchange)).toEqual({ outcome: 'existed' });
    for (const exchange of exchangesOf('roleAssignments.400.PrincipalNotFound.json').slice(0, 5)) {
      const error = await thrown(() => granting(exchange));
      expect(explainError(error, {}, 'grant')).toMatchObject({
        status: 'fail',
        cause: 'arm-principal-not-found-replication',
      });
    }
    for (const exchange of exchangesOf('roleAssignments.403.AuthorizationFailed.json'))
      expect(explainError(await thrown(() => granting(exchange)), {}, 'grant').cause).toBe(
        'arm-authorization-missing',
      );
    for (const exchange of exchangesOf('roleAssignments.400.UnmatchedPrincipalType.json'))
      expect(explainError(await thrown(() => granting(exchange)), {}, 'grant')).toMatchObject({
        status: 'fail',
        cause: 'arm-principal-type-mismatch',
      });
  });

  it('what is not there is not found', () => {
    for (const exchange of exchangesOf('errors.404-500.mc-acr.json').filter(({ status }) => status === 404)) {
      const { code, message } = shown(exchange);
      const error = new ArmError('read', 404, code, message);
      expect(explainError(error, {}, 'cluster').cause).toBe('cluster-not-found');
    }
  });

  it('throttling says how long to wait, if it does', () => {
    const waits = exchangesOf('throttling.429.json').map(({ headers, body }) =>
      askedWait(headers['retry-after'], body, 0),
    );
    expect(waits).toEqual([6000, undefined, 6000]);
  });
});

suiteUnless(missingRecordings, 'quoted errors', () => {
  const quoted = itemsOf('errors.quoted-in-public-docs.json') as {
    case: string;
    status?: number;
    body: unknown;
  }[];

  it('are read without a crash', () => {
    for (const { body, status = 400 } of quoted) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const { code, message } = readArmError(text);
      expect(message).not.toBe('');
      const error = (body as Json).error as Json | string | undefined;
      if (typeof error === 'object') expect({ code, message }).toEqual(error);
      expect(missingRight(new ArmError('x', status, code, message))?.conditional ?? false).toBe(
        text.includes('has an authorization with ABAC condition'),
      );
    }
    tellCount('quoted errors', quoted.length);
  });

  it('of a firewall are quoted as the registry says them', () => {
    const walls = quoted.filter(({ case: name }) => name.startsWith('ACR firewall'));
    expect(walls).toHaveLength(2);
    for (const { body } of walls) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      expect(registrySaid({ status: 403, text })).toMatch(
        /^DENIED: client with IP '.*' is not allowed access/,
      );
    }
  });
});

suiteUnless(missingRecordings, 'recorded answers of registries', () => {
  const exchanges = [
    ...exchangesOf('acr.dataplane.json'),
    ...exchangesOf('acr.abac.recording.json'),
    ...exchangesOf('acr.login.expose-token.recording.json'),
  ].filter(({ url }) => new URL(url).hostname.endsWith('.azurecr.io'));

  it('that refuse are quoted by code and message; those that succeed are not quoted', () => {
    for (const { status, body } of exchanges) {
      const said = registrySaid({ status, text: body });
      if (status === 401) expect(said).toMatch(/^UNAUTHORIZED: authentication required/);
      if (status === 200) expect(said).toBe('the answer holds no token');
    }
    tellCount('answers of registries', exchanges.length);
  });

  it('lead to the digest of a manifest by exchange and token', async () => {
    const exchanged = exchanges.find(({ url, status }) => url.endsWith('/oauth2/exchange') && status === 200);
    const token = exchanges.find(
      ({ url, status, method }) => url.includes('/oauth2/token') && method === 'POST' && status === 200,
    );
    const manifests = exchanges.filter(
      ({ url, status, method }) => url.includes('/manifests/') && method === 'GET' && status === 200,
    );
    if (exchanged === undefined || token === undefined || manifests.length === 0)
      throw new Error('not in the recordings');
    for (const manifest of manifests) {
      const { azure, log } = world(inTurn(exchanged, token, manifest));
      azure.trust.admitLoginServer('clireg000002.azurecr.io');
      const [registry] = exchangesOf('acr.login.expose-token.recording.json')
        .map(({ url }) => new URL(url).hostname)
        .filter((host) => host.endsWith('azurecr.io'));
      expect(registry).toBe('clireg000002.azurecr.io');
      const plane = azure.dataPlane({
        id: REGISTRY_ID,
        subscriptionId: SUBSCRIPTION,
        resourceGroup: 'g',
        name: 'clireg000002',
        loginServer: 'clireg000002.azurecr.io',
        sku: '',
        mode: 'unknown',
        anonymousPull: false,
        publicNetworkAccess: 'Enabled',
        networkRestricted: false,
        armAudienceTokens: true,
        dataEndpoints: [],
        networkRules: 0,
        privateEndpoints: 0,
      });
      const facts = await plane.describe({ repository: 'r', tag: 't' });
      expect(facts.digest).toBe(manifest.headers['docker-content-digest']);
      expect(log.secrets).toEqual([jsonOf(exchanged).refresh_token, jsonOf(token).access_token]);
    }
  });
});
