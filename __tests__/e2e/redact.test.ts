/** Ids where anyone may read, by the shipped bundle: shortened on public repositories, and what is to be pasted still works. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { shellWord } from '../../src/core/shell.js';
import { pasted } from '../render/reports.js';
import { only, openScene, scenario } from './scene.js';
import type { Ran, Scene } from './scene.js';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** A login that may read everything it needs, and grant nothing. */
const READER = [
  { principal: 'deployer', role: 'Azure Kubernetes Service Cluster User Role', scope: 'cluster:shop' },
  { principal: 'deployer', role: 'Reader', scope: 'registry:contoso' },
];

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.end();
  scene = undefined;
});

const push = (repository: object): { name: string; payload: unknown } => ({
  name: 'push',
  payload: { repository: { full_name: 'contoso/shop', ...repository } },
});

/** Whole GUIDs in what people see, but for the lines that are to be pasted. */
function seen({ shown, summary }: Ran): string[] {
  const prose = `${shown}\n${pasted(summary)}`.split('\n').filter((line) => !/^\s*(fix\s+)?az /.test(line));
  return [...prose.join('\n').matchAll(GUID)].map(([id]) => id);
}

describe('ids in the log and on the page', () => {
  it.each([
    ['are shortened on a public repository', push({ visibility: 'public', private: false }), {}, true],
    ['are shortened where it is not known', push({}), {}, true],
    ['are whole in a private repository', push({ visibility: 'private', private: true }), {}, false],
    ['are shortened where that is wanted', push({ private: true }), { redact: 'ids' }, true],
    ['are whole where that is wanted', push({ private: false }), { redact: 'none' }, false],
  ])('%s', async (_what, event, inputs, shortened) => {
    scene = await openScene(scenario({ login: READER }));
    const run = await scene.run({ verify: 'access', image: '', ...inputs }, { event, debug: true });
    expect(run.outputs.result).toBe('failed');
    expect(seen(run).length > 0).toBe(!shortened);
    // What programs read keeps them.
    const objectId = only(run.report).identity.objectId ?? '';
    expect(objectId).toMatch(new RegExp(`^${GUID.source}$`));
    expect(run.outputs['kubelet-object-id']).toBe(objectId);
    expect(run.shown).toContain(shortened ? `object id ${objectId.slice(0, 8)}…` : `object id ${objectId}`);
  });

  it('are shortened in what is told of a run without a report, too', async () => {
    scene = await openScene(scenario({ identities: [{ name: 'deployer', secrets: ['a secret'] }] }));
    const run = await scene.run({ image: '' });
    expect(run.outputs.result).toBe('unknown');
    expect(run.shown).toContain('az ad app federated-credential create --id');
    const prose = run.shown.replace(/az ad app .*/g, '');
    expect([...prose.matchAll(GUID)]).toEqual([]);
  });
});

describe('with the subscription and the tenant masked', () => {
  /** An az that knows the cloud's ids, runs nothing, and writes down what it was asked to do. */
  async function paste(command: string, of: Scene): Promise<string[]> {
    const folder = join(of.job.temp, 'tools');
    await mkdir(folder, { recursive: true });
    const log = join(folder, 'asked');
    const cluster = `/subscriptions/${of.subscriptionId}/resourceGroups/apps/providers/Microsoft.ContainerService/managedClusters/shop`;
    const registry = `/subscriptions/${of.subscriptionId}/resourceGroups/images/providers/Microsoft.ContainerRegistry/registries/contoso`;
    const kubelet =
      of.simulator.state.principals.find(({ name }) => name === 'kubelet of shop')?.objectId ?? '';
    const az = `#!/bin/sh
case "$*" in
'acr show -n contoso --query id -o tsv') echo '${registry}' ;;
'aks show -g apps -n shop --query id -o tsv') echo '${cluster}' ;;
'aks show -g apps -n shop --query identityProfile.kubeletidentity.objectId -o tsv') echo '${kubelet}' ;;
*) printf '%s\\n' "$@" > '${log}' ;;
esac
`;
    await writeFile(join(folder, 'az'), az);
    await chmod(join(folder, 'az'), 0o755);
    const { status, stderr } = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return (await readFile(log, 'utf8')).trimEnd().split('\n');
  }

  it.each(['ids', 'none'])(
    "the page's first command, pasted as it is shown, does what is meant (redact: %s)",
    async (redact) => {
      scene = await openScene(scenario({ login: READER }));
      const masks = [scene.subscriptionId, scene.simulator.state.tenantId];
      const run = await scene.run({ verify: 'none', image: '', redact });
      expect(run.outputs).toMatchObject({ result: 'failed', cause: 'arm-authorization-missing' });

      const page = masks.reduce((text, mask) => text.replaceAll(mask, '***'), run.summary);
      const command = /```sh\n([^]*?)\n```/.exec(page)?.[1] ?? '';
      const asked = await paste(command, scene);
      // The same as report.json has with literal ids, for whoever reads that.
      const literal =
        only(run.report).checks.find(({ id }) => id === 'grant')?.fix?.literalCommands?.[0] ?? '';
      expect(`az ${asked.map(shellWord).join(' ')}`).toBe(literal);
      expect(asked).toContain(
        scene.simulator.state.principals.find(({ name }) => name === 'kubelet of shop')?.objectId,
      );

      // An output that holds a masked value is dropped by GitHub: these must not.
      for (const name of ['result', 'verified', 'changed', 'role', 'digest'])
        for (const mask of masks) expect(run.outputs[name]).not.toContain(mask);
    },
  );
});
