/** What Azure knows of a cluster and a registry, read with the login that this machine has, for the command explain. */
import { tmpdir } from 'node:os';
import { imagesIn } from '../core/diagnosis/explanation.js';
import type { Known } from '../core/diagnosis/explanation.js';
import { gather } from '../core/gather.js';
import type { Gathered, Looked } from '../core/gather.js';
import type { RawInputs } from '../core/inputs.js';
import { readRequest } from '../core/request.js';
import { ambientCredential } from '../host/credentials.js';
import { createExec } from '../host/exec.js';
import { Cancelled } from '../host/failure.js';
import { withPorts } from '../host/run.js';
import type { HostSide, Machine } from '../host/run.js';
import { forLog } from '../render/escape.js';
import { interruptible } from './interrupt.js';
import type { Lines, Terminal } from './terminal.js';

/**
 * Reads what can be read and tells it, a line each: never more than reads, so nothing is changed by it.
 *
 * @param errors where that is told, so that standard output holds the explanation alone
 * @throws {InputErrors} when a flag can't be used
 */
export async function knownFromAzure(
  flags: RawInputs,
  text: string,
  { environment }: Pick<Terminal, 'environment'>,
  errors: Lines,
): Promise<Known> {
  const nothing = (): void => undefined;
  return interruptible(
    (name) => new Cancelled(name),
    (signal) =>
      knownBy(flags, text, errors, {
        environment,
        signal,
        temporaryFolder: tmpdir(),
        remember: nothing,
        log: {
          chapter: nothing,
          check: nothing,
          pull: nothing,
          finding: nothing,
          waiting: nothing,
          debug: nothing,
          secret: (value) => errors.hide(value),
        },
        signIn: (ground) =>
          ambientCredential({
            ...ground,
            environment,
            exec: createExec(environment),
            howToSignIn: 'Sign in to Azure first: az login',
          }),
      }),
  );
}

/** {@link knownFromAzure} on any host. */
export async function knownBy(
  flags: RawInputs,
  text: string,
  errors: Pick<Lines, 'story'>,
  host: HostSide,
  machine?: Machine,
): Promise<Known> {
  const request = readRequest(
    { ...flags, mode: 'check', verify: 'access' },
    { canDoWithout: ['cluster', 'registry'] },
  );
  const gathered = await withPorts(
    request.environment,
    host,
    (ports) => gather(request, imagesIn(text), ports),
    machine,
  );
  gathered.looked.forEach((one) => errors.story(line(one)));
  return knownIn(gathered);
}

function line({ what, seen, known }: Looked): string {
  return `${known ? '✓' : '-'} ${forLog(what)}: ${forLog(known ? seen : `not known: ${seen}`)}`;
}

/** Facts of a subject: what holds for all, for its image, and for the pool of its node. */
function knownIn({ facts, images, pools, fix }: Gathered): Known {
  return {
    fix,
    factsOf({ image, node, messages }) {
      const named = image ?? imagesIn(messages.join('\n'))[0];
      // AKS names nodes aks-POOL-…-vmss…, and of Windows aksPOOL… (https://learn.microsoft.com/azure/aks/node-pools).
      const pool = pools.find(({ name, os }) =>
        node?.startsWith(os === 'windows' ? `aks${name}` : `aks-${name}-`),
      );
      return {
        ...facts,
        ...(pool === undefined ? {} : { nodeOs: pool.os, nodeArchitecture: pool.architecture }),
        ...(named === undefined ? {} : images.get(named)),
      };
    },
  };
}
