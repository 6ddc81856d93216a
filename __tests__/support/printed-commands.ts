/**
 * Runs the commands that fixes print, as somebody who may do anything pastes them: the words as bash reads them, az and
 * kubectl as the requests that they make, through the simulator's own door. What isn't known (a sub-command, an option, a
 * word) fails the test that runs it; nothing is skipped.
 */
import { parse } from 'yaml';
import { clusterId } from '../../src/simulator/cloud/arm-id.js';
import type { Simulator } from '../../src/simulator/index.js';
import { az } from './printed-commands/az.js';
import { openAzure } from './printed-commands/azure.js';
import { contextOf, kubectl } from './printed-commands/kubectl.js';
import { readLine, Refused } from './printed-commands/words.js';
import type { Invocation, Part } from './printed-commands/words.js';

/** Who runs printed commands: owner of every subscription's resources, and of what is in them. */
export const OWNER = 'owner';

const ROLES = [
  'Owner',
  'Azure Kubernetes Service RBAC Cluster Admin',
  'Container Registry Repository Contributor',
  'Container Registry Repository Catalog Lister',
];

/** A scenario with {@link OWNER} in it, who has a client secret. @param yaml of a scenario that names no identity so */
export function withOwner(yaml: string): string {
  const scenario = parse(yaml) as { identities?: object[]; roleAssignments?: object[] };
  return JSON.stringify({
    ...scenario,
    identities: [
      ...(scenario.identities ?? []),
      { name: OWNER, secrets: ['a secret of the owner'], readsDirectory: true },
    ],
    roleAssignments: [
      ...(scenario.roleAssignments ?? []),
      ...ROLES.map((role) => ({ principal: OWNER, role, scope: 'subscription' })),
    ],
  });
}

export interface Terminal {
  /**
   * Runs one printed command, with all that it asks for in `$( )`.
   *
   * @returns what it prints
   * @throws an error that names the command, for anything but success
   */
  run(printed: string): Promise<string>;
  /** Ends its connections. */
  close(): Promise<void>;
}

/** @param how `as`: who is signed in; `cluster`: name of the cluster that kubectl speaks to, default the first */
export function openTerminal(
  simulator: Simulator,
  { as = OWNER, cluster }: { as?: string; cluster?: string } = {},
): Terminal {
  const azure = openAzure(simulator, as);

  async function invoke({ words, input }: Invocation): Promise<string> {
    const [program = '', ...args] = await Promise.all(words.map(said));
    if (program === 'az' && input === undefined) return az(azure, args);
    if (program !== 'kubectl') throw new Refused(`${program} is not known here`);
    const { clusters } = simulator.state;
    const found = clusters.find(({ name }) => cluster === undefined || name === cluster);
    if (found === undefined) throw new Refused('there is no cluster to speak to');
    return kubectl(await contextOf(azure, clusterId(found)), args, input);
  }

  /** A word with its substitutions' output in place, less the newlines at the end of each. */
  async function said(parts: Part[]): Promise<string> {
    let word = '';
    for (const part of parts) {
      if (typeof part === 'string') word += part;
      else {
        const output = (await invoke(part)).replace(/\n+$/, '');
        if (output === '') throw new Refused('a $( ) in it prints nothing');
        word += output;
      }
    }
    return word;
  }

  return {
    async run(printed) {
      try {
        return await invoke(readLine(printed));
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : String(error)}, at: ${printed}`, {
          cause: error,
        });
      }
    },
    close: () => azure.close(),
  };
}
