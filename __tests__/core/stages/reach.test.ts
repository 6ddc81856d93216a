import { describe, expect, it } from '@jest/globals';
import { parseCluster } from '../../../src/core/azure/cluster.js';
import type { ClusterConnection } from '../../../src/core/kubernetes/connection.js';
import { HttpFault } from '../../../src/core/ports.js';
import type { HttpFaultKind, HttpRequest } from '../../../src/core/ports.js';
import type { Check, Connection, Finding } from '../../../src/core/report.js';
import { reach, reachQuietly } from '../../../src/core/stages/reach.js';
import { StoryEnds, Telling } from '../../../src/core/telling.js';
import { armError, clusterBody } from '../azure/bodies.js';
import { VirtualClock } from '../kubernetes/support.js';
import { ARM, CALLER_OBJECT_ID, CLUSTER_ID, ScriptedHttp, world } from '../support.js';
import type { Reply } from '../support.js';

const PRIVATE_NAME = 'shop-1.0a1b.privatelink.westeurope.azmk8s.io';
const PUBLIC_NAME = 'shop-1.hcp.westeurope.azmk8s.io';
const OPEN = { fqdn: PUBLIC_NAME };
const PRIVATE = {
  fqdn: undefined,
  privateFQDN: PRIVATE_NAME,
  apiServerAccessProfile: { enablePrivateCluster: true },
};
const BOTH_NAMES = { ...PRIVATE, fqdn: PUBLIC_NAME };
const LIMITED = { fqdn: PUBLIC_NAME, apiServerAccessProfile: { authorizedIPRanges: ['203.0.113.0/24'] } };
const ENTRA = { aadProfile: { managed: true, enableAzureRBAC: true } };

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PEM = '-----BEGIN X-----\nx\n-----END X-----\n';
const USERS = {
  certificate: `client-certificate-data: ${base64(PEM)}, client-key-data: ${base64(PEM)}`,
  token: 'token: the-token-of-a-local-account',
  kubelogin: 'exec: { command: kubelogin, args: [get-token] }',
  provider: 'auth-provider: { name: azure, config: { tenant-id: x } }',
};
function kubeconfig(server: string, user: keyof typeof USERS = 'certificate'): string {
  return `
current-context: shop
contexts: [{ name: shop, context: { cluster: shop, user: me } }]
clusters: [{ name: shop, cluster: { server: 'https://${server}:443' } }]
users: [{ name: me, user: { ${USERS[user]} } }]
`;
}

interface Situation {
  cluster: Record<string, unknown>;
  access?: 'auto' | 'direct' | 'run-command';
  user?: keyof typeof USERS;
  /** What comes from each name of the API server. */
  server?: (host: string) => Reply | Promise<Reply>;
  /** What ARM says to run command. */
  arm?: Reply;
}

/** What the mark of a command's only request is. */
const markOf = ({ body = '' }: HttpRequest): string => /echo (\S+-done)/.exec(body)?.[1] ?? '';

async function reached({ cluster: properties, access = 'auto', user, server, arm }: Situation) {
  const http = new ScriptedHttp((request) => {
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== 'management.azure.com')
      return server?.(hostname) ?? { body: { major: '1', minor: '33' } };
    if (!/runCommand|commandResults/.test(pathname)) throw new Error(`asked for ${pathname}`);
    if (arm !== undefined) return arm;
    return {
      body: {
        properties: {
          provisioningState: 'Succeeded',
          exitCode: 0,
          logs: `{"major":"1"}${markOf(request)}\n`,
        },
      },
    };
  });
  const clock = new VirtualClock();
  const { ports, azure } = world(http, { clock });
  const cluster = parseCluster(clusterBody(properties));
  if (cluster === undefined) throw new Error('no cluster');
  const story = { checks: [] as Check[], findings: [] as Finding[] };
  const telling = new Telling(story as unknown as Connection, ports.log, clock);
  telling.facts.cluster = { id: CLUSTER_ID, name: 'shop', resourceGroup: 'shops' };
  const began = clock.now();
  const name = cluster.apiServers.at(-1) ?? '';
  let connection: ClusterConnection | undefined;
  try {
    connection = await reach(
      cluster,
      access,
      () => Promise.resolve(kubeconfig(name, user)),
      azure,
      ports,
      telling,
    );
  } catch (error) {
    if (!(error instanceof StoryEnds)) throw error;
  }
  const asked = [...http.asked];
  return { connection, http, asked, check: story.checks[0], ...story, waited: clock.now() - began };
}

const fault = (kind: HttpFaultKind) => (host: string) => new HttpFault(kind, host, `the ${kind} fault`);
const silent = (): Promise<Reply> => new Promise(() => undefined);
const UNREACHABLE: [string, Situation['server']][] = [
  ['its name is not known', fault('dns')],
  ['nothing listens', fault('refused')],
  ['connections break', fault('reset')],
  ['it keeps silent', silent],
  ['the proxy does not connect', fault('proxy')],
];
const RUN_COMMAND = `POST ${ARM}${CLUSTER_ID.replace('resourceGroups', 'resourcegroups')}/runCommand`;

describe('auto', () => {
  it('asks an API server that is open to all nothing beforehand', async () => {
    const { asked, check } = await reached({ cluster: OPEN, server: fault('refused') });
    expect(asked).toEqual([]);
    expect(check).toMatchObject({ status: 'pass', evidence: 'by a local account with a client certificate' });
  });

  it.each([PRIVATE, LIMITED])('tries one that may be out of reach with one request', async (cluster) => {
    const { asked, check, findings } = await reached({ cluster });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^GET https:\/\/shop-1\.\S+\/version$/);
    expect(check?.status).toBe('pass');
    expect(findings).toEqual([]);
  });

  describe.each([
    ['private', PRIVATE],
    ['limited to address ranges', LIMITED],
  ])('goes through run command when an API server that is %s gives no answer:', (_what, cluster) => {
    it.each(UNREACHABLE)('%s', async (_why, server) => {
      const { asked, check, findings, waited } = await reached({ cluster, ...(server && { server }) });
      expect(asked.map((line) => line.replace(/ https:\/\/shop-1\S+/, ''))).toEqual(['GET', RUN_COMMAND]);
      expect(check).toMatchObject({
        status: 'pass',
        evidence: 'through AKS run command, which runs as cluster admin',
      });
      expect(findings).toMatchObject([
        { id: 'run-command-used', evidence: expect.stringContaining('runs as cluster admin') },
      ]);
      expect(waited).toBeLessThanOrEqual(11_000);
    });
  });

  it('says that commands run as this login where the cluster knows Entra', async () => {
    const { findings, http } = await reached({
      cluster: { ...PRIVATE, ...ENTRA },
      user: 'kubelogin',
      server: fault('dns'),
    });
    expect(findings[0]?.evidence).toContain('which runs as this login');
    expect(JSON.parse(http.requests.at(-1)?.body ?? '')).toHaveProperty('clusterToken');
  });

  it.each<[string, Situation['server']]>([
    ['401', () => ({ status: 401, body: { message: 'Unauthorized' } })],
    ['403', () => ({ status: 403, body: { message: 'forbidden' } })],
    ['503', () => ({ status: 503, body: 'later' })],
    ['a certificate that is not trusted', fault('tls')],
    ['what nobody can tell', fault('other')],
  ])('takes %s for an answer', async (_what, server) => {
    const { asked, check, findings } = await reached({ cluster: PRIVATE, ...(server && { server }) });
    expect(asked).toHaveLength(1);
    expect(check?.status).toBe('pass');
    expect(findings).toEqual([]);
  });

  describe('where run command can not be used either, says so of both, and what opens either way:', () => {
    const action = 'Microsoft.ContainerService/managedClusters/runcommand/action';
    const said = `The client 'app' with object id '${CALLER_OBJECT_ID}' does not have authorization to perform action '${action}' over scope '${CLUSTER_ID}' or the scope is invalid.`;
    it.each<[string, Reply, string, string]>([
      [
        'the login may not',
        { status: 403, body: armError('AuthorizationFailed', said) },
        action,
        'az role assignment create',
      ],
      [
        'its pod does not start',
        { status: 404, body: { code: 'KubernetesPerformanceError', message: 'did not start within 30s' } },
        'did not start within 30s',
        'az aks command invoke',
      ],
      ['Azure is gone', new HttpFault('timeout', 'management.azure.com', 'no answer'), 'no answer', ''],
    ])('%s', async (_why, arm, words, command) => {
      const { check, findings } = await reached({ cluster: PRIVATE, server: fault('dns'), arm });
      expect(check).toMatchObject({ status: 'unknown', cause: 'api-server-unreachable' });
      expect(check?.evidence).toMatch(
        /^its API server gave no answer here \(the dns fault\), and AKS run command, the way round it, /,
      );
      expect(check?.evidence).toContain(words);
      expect(check?.fix?.summary).toMatch(
        /^Run this where the API server can be reached: .* Or open the way through AKS run command: ./,
      );
      expect(check?.fix?.commands[0] ?? '').toContain(command);
      expect(findings).toEqual([]);
    });
  });

  it('tries the public name of a private one whose own name is not known here', async () => {
    const server = (host: string): Reply =>
      host === PRIVATE_NAME ? new HttpFault('dns', host, 'not found') : { body: {} };
    const { asked, findings, connection } = await reached({ cluster: BOTH_NAMES, server });
    expect(asked).toEqual([`GET https://${PRIVATE_NAME}/version`, `GET https://${PUBLIC_NAME}/version`]);
    expect(findings).toEqual([]);
    expect((await connection?.request('GET', '/x'))?.status).toBe(200);
  });

  it('does not try the other name when the first keeps silent: both lead to one address', async () => {
    const { asked } = await reached({ cluster: BOTH_NAMES, server: silent });
    expect(asked).toEqual([`GET https://${PRIVATE_NAME}/version`, RUN_COMMAND]);
  });
});

describe('run-command', () => {
  it('asks for nothing but the command, and is no finding', async () => {
    const { asked, findings, check } = await reached({ cluster: OPEN, access: 'run-command' });
    expect(asked).toEqual([RUN_COMMAND]);
    expect(findings).toEqual([]);
    expect(check?.status).toBe('pass');
  });

  it('ends the story where it is switched off, with the way to switch it on', async () => {
    const { check, asked } = await reached({
      cluster: {
        ...PRIVATE,
        apiServerAccessProfile: { enablePrivateCluster: true, disableRunCommand: true },
      },
      server: fault('dns'),
    });
    expect(check).toMatchObject({ status: 'unknown', cause: 'run-command-disabled' });
    expect(check?.evidence).toMatch(/gave no answer here \(the dns fault\), and .*switched off/);
    expect(check?.fix?.commands[0]).toContain('--enable-run-command');
    expect(asked).not.toContain(RUN_COMMAND);
  });

  it.each(['runcommand/action', 'commandResults/read'])(
    'names the right %s and a role with it',
    async (right) => {
      const action = `Microsoft.ContainerService/managedClusters/${right}`;
      const said = `The client 'app' with object id '${CALLER_OBJECT_ID}' does not have authorization to perform action '${action}' over scope '${CLUSTER_ID}' or the scope is invalid.`;
      const { check } = await reached({
        cluster: PRIVATE,
        access: 'run-command',
        arm: { status: 403, body: armError('AuthorizationFailed', said) },
      });
      expect(check).toMatchObject({ status: 'unknown', cause: 'arm-authorization-missing' });
      expect(check?.evidence).toContain(action);
      expect(JSON.stringify(check?.fix)).toContain('Azure Kubernetes Service Contributor Role');
    },
  );

  it.each<[string, Reply, string]>([
    [
      'run-command-failed',
      { status: 404, body: { code: 'KubernetesPerformanceError', message: 'did not start within 30s' } },
      'did not start within 30s',
    ],
    [
      'run-command-failed',
      { body: { properties: { provisioningState: 'Succeeded', exitCode: 127, logs: 'kubectl: not found' } } },
      'kubectl: not found',
    ],
    ['arm-unreachable', new HttpFault('timeout', 'management.azure.com', 'no answer'), 'no answer'],
  ])('that comes to nothing is %s', async (cause, arm, words) => {
    const { check } = await reached({ cluster: PRIVATE, access: 'run-command', arm });
    expect(check).toMatchObject({ status: 'unknown', cause });
    expect(check?.evidence).toContain(words);
  });

  it("that runs with a token which the API server doesn't take is a refused sign-in", async () => {
    const http = new ScriptedHttp((request) => ({
      body: {
        properties: {
          provisioningState: 'Succeeded',
          exitCode: 0,
          logs: `error: You must be logged in to the server (Unauthorized)\n${markOf(request).replace('done', 'refused')}\n`,
        },
      },
    }));
    const clock = new VirtualClock();
    const { ports, azure } = world(http, { clock });
    const cluster = parseCluster(clusterBody({ ...PRIVATE, ...ENTRA }));
    const story = { checks: [] as Check[], findings: [] };
    const telling = new Telling(story as unknown as Connection, ports.log, clock);
    if (cluster === undefined) throw new Error('no cluster');
    await expect(
      reach(cluster, 'run-command', () => Promise.resolve(''), azure, ports, telling),
    ).rejects.toThrow(StoryEnds);
    expect(story.checks[0]).toMatchObject({ status: 'unknown', cause: 'cluster-sign-in-refused' });
  });
});

describe('direct', () => {
  it.each(UNREACHABLE)('ends the story and names the way out: %s', async (_why, server) => {
    const { check, asked } = await reached({
      cluster: PRIVATE,
      access: 'direct',
      ...(server && { server }),
    });
    expect(check).toMatchObject({ status: 'unknown', cause: 'api-server-unreachable' });
    expect(check?.fix?.summary).toContain('cluster-access: run-command');
    expect(asked).not.toContain(RUN_COMMAND);
  });

  it.each<[keyof typeof USERS, Record<string, unknown>, string]>([
    ['certificate', {}, 'by a local account with a client certificate'],
    ['token', {}, 'by a local account with a token'],
    ['kubelogin', ENTRA, 'by its own Entra token'],
    ['provider', ENTRA, 'by its own Entra token'],
    ['kubelogin', { ...ENTRA, disableLocalAccounts: true }, 'by its own Entra token'],
  ])('signs in with %s', async (user, properties, evidence) => {
    const { connection, check, http } = await reached({ cluster: { ...OPEN, ...properties }, user });
    expect(check?.evidence).toBe(evidence);
    await connection?.request('GET', '/x');
    const { headers, tls } = http.requests.at(-1) ?? {};
    const bearer = {
      certificate: undefined,
      token: 'Bearer the-token-of-a-local-account',
      kubelogin: 'Bearer entra-token-for-6dae42f8-4368-4678-94ff-3960e28e3630/.default',
    };
    expect(headers?.authorization).toBe(bearer[user === 'provider' ? 'kubelogin' : user]);
    expect(tls).toEqual(user === 'certificate' ? { cert: PEM, key: PEM } : {});
  });
});

describe('for clean-up', () => {
  async function quietly(
    properties: Record<string, unknown>,
    credentials: Reply,
    server?: Situation['server'],
  ) {
    const http = new ScriptedHttp((request) => {
      const { hostname, pathname } = new URL(request.url);
      if (pathname.endsWith('/listClusterUserCredential')) return credentials;
      if (hostname !== 'management.azure.com') return server?.(hostname) ?? { body: {} };
      const logs = `{}${markOf(request)}\n`;
      return { body: { properties: { provisioningState: 'Succeeded', exitCode: 0, logs } } };
    });
    const clock = new VirtualClock();
    const { ports, azure } = world(http, { clock });
    const cluster = parseCluster(clusterBody(properties));
    if (cluster === undefined) throw new Error('no cluster');
    const began = clock.now();
    const connection = await reachQuietly(cluster, azure, ports);
    const waited = clock.now() - began;
    await connection.request('DELETE', '/jobs/j');
    return { last: http.asked.at(-1), waited };
  }
  const given = (server: string): Reply => ({
    body: { kubeconfigs: [{ value: base64(kubeconfig(server)) }] },
  });

  it('goes straight where it can', async () => {
    expect((await quietly(OPEN, given(PUBLIC_NAME))).last).toBe(`DELETE https://${PUBLIC_NAME}/jobs/j`);
    expect((await quietly(PRIVATE, given(PRIVATE_NAME))).last).toBe(`DELETE https://${PRIVATE_NAME}/jobs/j`);
  });

  it('goes through run command else, and has not waited long', async () => {
    const { last, waited } = await quietly(PRIVATE, given(PRIVATE_NAME), silent);
    expect(last).toBe(RUN_COMMAND);
    expect(waited).toBeLessThanOrEqual(2_000);
    const refused: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };
    expect((await quietly(OPEN, refused)).last).toBe(RUN_COMMAND);
  });

  it('says what stands in the way where run command is switched off', async () => {
    const refused: Reply = { status: 403, body: armError('AuthorizationFailed', 'no') };
    const off = { ...PRIVATE, apiServerAccessProfile: { disableRunCommand: true } };
    await expect(quietly(off, refused)).rejects.toThrow('AuthorizationFailed');
  });
});
