/** `explain` by the shipped bundle, where the way to a registry is private: what Azure says of it decides the fix. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { ROOT } from '../project/root.js';
import { openTerminal, withOwner } from '../support/printed-commands.js';
import { scenario } from './scene.js';

const ATTEMPT = 'failed to resolve reference "contoso.azurecr.io/shop/web:1.4": ';
const FORBIDDEN = `${ATTEMPT}failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden`;
const HEAD = `${ATTEMPT}failed to do request: Head "https://contoso.azurecr.io/v2/shop/web/manifests/1.4": dial tcp`;
const TIME_OUT = `${HEAD} 20.61.1.2:443: i/o timeout`;
const NO_SUCH_HOST = `${HEAD}: lookup contoso.azurecr.io on 168.63.129.16:53: no such host`;
const LINK =
  /^az network private-dns link vnet create -g images -z privatelink\.azurecr\.io .*"\$\(az network vnet show /;

interface Explained {
  determined: boolean;
  causes: { id: string; evidence: { side: string; text: string }[] }[];
  next: string[];
}

let simulator: Simulator;
afterEach(() => simulator.stop());

async function open(privateEndpoint: object, scope = 'subscription'): Promise<void> {
  simulator = await startSimulator(
    withOwner(
      scenario({
        registry: { sku: 'Premium', publicNetworkAccess: 'Disabled', privateEndpoint },
        login: [{ principal: 'deployer', role: 'Reader', scope }],
        assigned: [
          { principal: 'deployer', role: 'Reader', scope: 'cluster:shop' },
          { principal: 'kubelet of shop', role: 'AcrPull', scope: 'registry:contoso' },
        ],
      }),
    ),
  );
}

async function explain(message: string): Promise<Explained> {
  const args = ['explain', message, '--cluster', 'shop', '-g', 'apps', '--registry', 'contoso', '-o', 'json'];
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'cli', 'index.js'), ...args], {
    env: {
      PATH: '/nowhere',
      ...simulator.environment(),
      AZURE_TENANT_ID: simulator.state.tenantId,
      AZURE_CLIENT_ID: simulator.state.principals.find(({ name }) => name === 'deployer')?.clientId ?? '',
      AZURE_CLIENT_SECRET: 'a secret of the deployer',
      AZURE_SUBSCRIPTION_ID: simulator.state.subscriptions[0]?.id ?? '',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return JSON.parse(out) as Explained;
}

const first = ({ determined, causes }: Explained): unknown => ({ determined, id: causes[0]?.id });

describe('explain --cluster --registry', () => {
  it("determines by facts that the zone isn't linked; its command links it, and is printed no more", async () => {
    await open({ linked: [] });
    const refused = await explain(FORBIDDEN);
    expect(first(refused)).toEqual({ determined: true, id: 'firewall-403' });
    expect(refused.causes[0]?.evidence.map(({ text }) => text).join()).toMatch(
      /isn't linked to the DNS zone of the registry's private endpoint/,
    );
    const silent = await explain(TIME_OUT);
    expect(first(silent)).toEqual({ determined: true, id: 'connection-timeout' });
    const commands = [refused, silent].map(({ next }) => next.filter((line) => LINK.test(line)));
    expect(commands.map((found) => found.length)).toEqual([1, 1]);
    const terminal = openTerminal(simulator);
    await terminal.run(commands[0]?.[0] ?? '');
    await terminal.close();
    expect((await explain(FORBIDDEN)).next.filter((line) => /private-dns/.test(line))).toEqual([]);
  });

  it('tells that no zone holds the names', async () => {
    await open({ inZone: false });
    const { determined, causes, next } = await explain(NO_SUCH_HOST);
    expect({ determined, id: causes[0]?.id }).toEqual({ determined: true, id: 'dns-nxdomain' });
    expect(next.join('\n')).toMatch(
      /^az network private-endpoint dns-zone-group create -g images --endpoint-name contoso-endpoint /m,
    );
  });

  it('what may not be read is no fact: the cause is the same, and the fix general', async () => {
    await open({ linked: [] }, 'registry:contoso');
    const told = await explain(FORBIDDEN);
    expect(first(told)).toEqual({ determined: true, id: 'firewall-403' });
    expect(JSON.stringify(told)).not.toMatch(/isn't linked|private-dns/);
  });
});
