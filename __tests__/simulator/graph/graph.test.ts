import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator } from '../../../src/simulator/index.js';
import { openClient, principal } from '../net/client.js';
import type { Client } from '../net/client.js';

let simulator: Simulator;
let client: Client;
let time: number;

beforeAll(async () => {
  time = Date.parse('2026-03-01T12:00:00Z');
  simulator = await startSimulator(
    `
name: graph
identities:
  - { name: reader, readsDirectory: true }
  - { name: deployer }
  - { name: ann@contoso.com, kind: user }
  - { name: fresh, replicationDelay: 30s }
groups:
  - { name: nodes, members: [kubelet of shop] }
  - { name: everything, members: [nodes] }
  - { name: others, members: [deployer] }
clusters: [{ name: shop, resourceGroup: shop-rg }]
`,
    { now: () => time },
  );
  client = openClient(simulator);
});
afterAll(async () => {
  await client.close();
  await simulator.stop();
});

interface Told {
  status: number;
  body: { value?: unknown[]; error?: { code: string; message: string } } & Record<string, unknown>;
}

async function ask(
  path: string,
  { as = 'reader', audience = 'https://graph.microsoft.com', body }: Asked = {},
): Promise<Told> {
  const token = simulator.context.tokens.issue(principal(simulator, as), audience);
  const answer = await client.send(`https://graph.microsoft.com/v1.0/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Told['body'] };
}
interface Asked {
  as?: string;
  audience?: string;
  body?: object;
}

const kubelet = (): { objectId: string; clientId: string } => principal(simulator, 'kubelet of shop');

describe('Microsoft Graph', () => {
  it.each([
    ['a name of a service principal', () => `servicePrincipalNames/any(c:c eq '${kubelet().clientId}')`],
    ['an application id', () => `appId eq '${kubelet().clientId.toUpperCase()}'`],
  ])('finds a service principal by %s', async (_, filter) => {
    const { status, body } = await ask(`servicePrincipals?$filter=${encodeURIComponent(filter())}`);
    expect(status).toBe(200);
    expect(body.value).toEqual([
      expect.objectContaining({
        id: kubelet().objectId,
        appId: kubelet().clientId,
        servicePrincipalType: 'ManagedIdentity',
        servicePrincipalNames: [kubelet().clientId],
      }),
    ]);
  });

  it('finds nobody by the name of another kind', async () => {
    const filter = encodeURIComponent("displayName eq 'nodes'");
    expect((await ask(`servicePrincipals?$filter=${filter}`)).body.value).toEqual([]);
    expect((await ask(`groups?$filter=${filter}`)).body.value).toHaveLength(1);
  });

  it('shows one object, by its id, its application id or its user name', async () => {
    const { objectId, clientId } = kubelet();
    for (const path of [`servicePrincipals/${objectId}`, `servicePrincipals(appId='${clientId}')`])
      expect((await ask(path)).body).toMatchObject({ id: objectId, appId: clientId });
    expect((await ask('users/ann@contoso.com')).body).toMatchObject({ userPrincipalName: 'ann@contoso.com' });
    expect((await ask(`directoryObjects/${objectId}?$select=id`)).body).toEqual({
      '@odata.context': expect.any(String),
      '@odata.type': '#microsoft.graph.servicePrincipal',
      id: objectId,
    });
  });

  it('tells objects of several kinds by their ids', async () => {
    const group = simulator.state.groups[0]?.objectId ?? '';
    const user = principal(simulator, 'ann@contoso.com').objectId;
    const ids = [kubelet().objectId, group, user, '00000000-0000-4000-8000-000000000000'];
    const { body } = await ask('directoryObjects/getByIds', { body: { ids, types: ['group', 'user'] } });
    expect(body.value).toEqual([
      expect.objectContaining({ '@odata.type': '#microsoft.graph.user', id: user }),
      expect.objectContaining({ '@odata.type': '#microsoft.graph.group', id: group, displayName: 'nodes' }),
    ]);
  });

  it('tells the groups of a principal, through groups too', async () => {
    const of = `servicePrincipals/${kubelet().objectId}`;
    const [nodes, everything] = simulator.state.groups.map(({ objectId }) => objectId);
    const ids = ({ body }: Told): unknown[] => (body.value as { id: string }[]).map(({ id }) => id);
    expect(ids(await ask(`${of}/memberOf`))).toEqual([nodes]);
    expect(ids(await ask(`${of}/transitiveMemberOf`))).toEqual([nodes, everything]);
    const groups = await ask(`${of}/getMemberGroups`, { body: { securityEnabledOnly: true } });
    expect(groups.body.value).toEqual([nodes, everything]);
  });

  it('does not know what is not replicated yet', async () => {
    const path = `servicePrincipals/${principal(simulator, 'fresh').objectId}`;
    expect(await ask(path)).toMatchObject({
      status: 404,
      body: { error: { code: 'Request_ResourceNotFound' } },
    });
    time += 31_000;
    expect((await ask(path)).status).toBe(200);
  });

  it('answers users, and no application that was not given the right', async () => {
    const path = `servicePrincipals/${kubelet().objectId}`;
    expect((await ask(path, { as: 'ann@contoso.com' })).status).toBe(200);
    for (const refused of [path, `servicePrincipals/${principal(simulator, 'deployer').objectId}`])
      expect(await ask(refused, { as: 'deployer' })).toMatchObject({
        status: 403,
        body: {
          error: {
            code: 'Authorization_RequestDenied',
            message: 'Insufficient privileges to complete the operation.',
          },
        },
      });
  });

  it('takes tokens for itself alone', async () => {
    expect(await ask('users', { audience: 'https://management.azure.com' })).toMatchObject({
      status: 401,
      body: { error: { code: 'InvalidAuthenticationToken' } },
    });
    const without = await client.send('https://graph.microsoft.com/v1.0/users');
    expect(without.status).toBe(401);
  });

  it('says what it does not model', async () => {
    for (const path of [
      'users?$filter=startswith(displayName,%27a%27)',
      'users?$expand=manager',
      'applications',
    ])
      expect((await ask(path)).status).toBe(501);
  });
});
