/** Run command as a client of ARM uses it. */
import { setTimeout as pause } from 'node:timers/promises';
import { zipSync } from 'fflate';
import type { Simulator } from '../../../../src/simulator/index.js';
import { armClient, openClient } from '../../net/client.js';
import type { ArmAnswer } from '../../net/client.js';

export const VERSION = 'api-version=2024-09-01';

/** Result of a command that ran. */
export interface Result {
  provisioningState: string;
  exitCode: number;
  startedAt: string;
  finishedAt: string;
  logs: string;
}

export interface CommandClient {
  /** Runs a command to its end. */
  run(
    cluster: string,
    command: string,
    files?: Readonly<Record<string, string>>,
    clusterToken?: string,
  ): Promise<Result>;
  /** Only orders it. */
  order(cluster: string, body: object): Promise<ArmAnswer>;
  get(path: string): Promise<ArmAnswer>;
  close(): Promise<void>;
}

/** A zip archive in base64. */
export function archive(files: Readonly<Record<string, string>>): string {
  const bytes = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  return bytes.length === 0 ? '' : Buffer.from(zipSync(Object.fromEntries(bytes))).toString('base64');
}

export function commandClient(simulator: Simulator, principal: string): CommandClient {
  const client = openClient(simulator);
  const arm = armClient(client, simulator, principal);
  const order: CommandClient['order'] = (cluster, body) =>
    arm('POST', `${cluster}/runCommand?${VERSION}`, body);
  const get: CommandClient['get'] = (path) => arm('GET', path);
  return {
    order,
    get,
    close: () => client.close(),
    async run(cluster, command, files = {}, clusterToken) {
      const ordered = await order(cluster, {
        command,
        context: archive(files),
        ...(clusterToken === undefined ? {} : { clusterToken }),
      });
      if (ordered.status !== 202) throw new Error(`${ordered.status} ${JSON.stringify(ordered.body)}`);
      const { pathname, search } = new URL(ordered.headers.location ?? '');
      for (;;) {
        const answer = await get(pathname + search);
        if (answer.status === 200) return (answer.body as { properties: Result }).properties;
        if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
        await pause(5);
      }
    },
  };
}
