/** Who can sign in to a simulated cloud, with what proves it in files: so that no secret is on a command line. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal, Simulator } from '../../simulator/index.js';
import type { Variable } from './shells.js';

export interface Login {
  name: string;
  clientId: string;
  proof: 'secret' | 'token' | 'machine';
  /** Holds the proof; absent for the identity of this machine, which needs none. */
  file?: string;
  variables: Variable[];
}

/** Job tokens live five minutes at the least. */
const RENEW_MS = 60_000;

export interface Logins {
  readonly logins: readonly Login[];
  /** No file is written from then on. */
  stop(): Promise<void>;
}

/** Writes a file for every login into a folder that only this user reads, and keeps those that expire fresh. */
export async function openLogins(simulator: Simulator, folder: string): Promise<Logins> {
  const { state } = simulator;
  const kept: { file: string; text: () => string | undefined }[] = [];
  const logins: Login[] = state.principals
    .filter(({ objectId }) => state.runner.objectIds.includes(objectId))
    .map(({ name, clientId }) => ({
      name,
      clientId,
      proof: 'machine',
      variables: [{ name: 'AZURE_CLIENT_ID', value: clientId }],
    }));
  for (const [index, principal] of state.principals.entries()) {
    const proof = proofOf(simulator, principal);
    if (proof === undefined) continue;
    const file = join(folder, `login-${index + 1}.${proof.kind}`);
    kept.push({ file, text: proof.text });
    logins.push({
      name: principal.name,
      clientId: principal.clientId,
      proof: proof.kind,
      file,
      variables: [
        { name: 'AZURE_TENANT_ID', value: state.tenantId },
        { name: 'AZURE_CLIENT_ID', value: principal.clientId },
        { name: 'AZURE_SUBSCRIPTION_ID', value: state.subscriptions[0]?.id ?? '' },
        proof.kind === 'token'
          ? { name: 'AZURE_FEDERATED_TOKEN_FILE', value: file }
          : { name: 'AZURE_CLIENT_SECRET', file },
      ],
    });
  }
  const write = (): Promise<unknown> =>
    Promise.all(kept.map(({ file, text }) => replace(file, text() ?? '')));
  await write();
  let writing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // A file that can't be written now is written the next time; a stale token is refused by name.
    writing = write().catch(() => undefined);
  }, RENEW_MS);
  timer.unref();
  return {
    logins,
    async stop() {
      clearInterval(timer);
      await writing;
    },
  };
}

function proofOf(
  simulator: Simulator,
  principal: Principal,
): { kind: 'secret' | 'token'; text: () => string | undefined } | undefined {
  const [secret] = principal.secrets;
  if (secret !== undefined) return { kind: 'secret', text: () => secret };
  if (simulator.assertionFor(principal) === undefined) return undefined;
  return { kind: 'token', text: () => simulator.assertionFor(principal) };
}

/** At once: a reader sees the old text or the new one. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
