/**
 * A containerd of its own for one simulated node: own root, state and socket in one folder, in a mount namespace of its
 * own, so that nothing of it outlives it. It reaches every name through the simulator's proxy.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CriError, openImageService } from './cri.js';
import type { ImageService } from './cri.js';

/** Why a name can't be connected to: it isn't found, or nothing listens at its address. */
export type Unreachable = 'dns' | 'refused';

/** What a containerd is told of its network. */
export interface Surroundings {
  /** `http://127.0.0.1:<port>`, by which it reaches every name but the unreachable ones. */
  proxyUrl: string;
  /** File with the only authorities that it trusts, PEM. */
  caFile: string;
  /** Address of a name server. */
  nameServer: string;
}

/** A running containerd. */
export interface Containerd {
  readonly images: ImageService;
  /** Folder of its blobs, one file for each, by algorithm and digest. */
  readonly blobs: string;
  /** Ends it; nothing of it runs afterwards. Its folder is left to whoever made it. */
  stop(): Promise<void>;
}

/** A machine under load takes its time; a containerd alone is ready within 100 ms. */
const READY_MS = 60_000;
const LOOK_MS = 20;

/** Longest path of a Unix socket on Linux (unix(7): 108 bytes with the final zero). */
const LONGEST_SOCKET = 107;

/** An address of loopback where nothing listens, unless it does on all of them. */
const REFUSING_ADDRESS = '127.255.255.254';

/**
 * Starts a containerd in a folder that only this user may read, empty or with what an earlier one left, and waits until
 * it answers. Throws when it
 * can't start, with the last lines of its log.
 *
 * @param signal ends it, whatever it is doing; what was begun is ended before the error comes out
 */
export async function startContainerd(
  folder: string,
  network: Surroundings,
  unreachable: ReadonlyMap<string, Unreachable>,
  signal: AbortSignal,
): Promise<Containerd> {
  const socket = join(folder, 'c.sock');
  if (Buffer.byteLength(`${socket}.ttrpc`) > LONGEST_SOCKET)
    throw new Error(`${socket} is too long for a socket: set TMPDIR to a shorter path`);
  await layOut(folder, socket, network, unreachable);
  signal.throwIfAborted();
  const child = launch(folder, network, [...unreachable.keys()]);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  let over = false;
  void ended.then(() => (over = true));
  const images = openImageService(socket);
  const stop = async (): Promise<void> => {
    images.close();
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const limit = Date.now() + READY_MS;
    while (!(await answers(socket, images))) {
      signal.throwIfAborted();
      if (over) throw new Error(`containerd ended while it started: ${await lastWords(folder)}`);
      if (Date.now() > limit) throw new Error(`containerd isn't ready: ${await lastWords(folder)}`);
      await wait(LOOK_MS);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { images, blobs: join(folder, 'root', 'io.containerd.content.v1.content', 'blobs'), stop };
}

async function layOut(
  folder: string,
  socket: string,
  { nameServer }: Surroundings,
  unreachable: ReadonlyMap<string, Unreachable>,
): Promise<void> {
  await rm(socket, { force: true });
  const nothing = join(folder, 'nothing');
  await mkdir(nothing, { recursive: true, mode: 0o700 });
  const refusing = [...unreachable].filter(([, why]) => why === 'refused');
  const hosts = ['127.0.0.1 localhost', ...refusing.map(([name]) => `${REFUSING_ADDRESS} ${name}`)];
  const files: Record<string, string> = {
    'config.toml': configuration(folder, socket, nothing),
    hosts: `${hosts.join('\n')}\n`,
    'resolv.conf': `nameserver ${nameServer}\n`,
    'nsswitch.conf': 'hosts: files dns\n',
    log: '',
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
}

/**
 * Form of version 2, which every containerd from 1.3 to 2.1 reads. The snapshotter copies instead of mounting one layer over another, so
 * it works on any file system. Oom scores can't be lowered where CAP_SYS_RESOURCE is missing.
 */
function configuration(folder: string, socket: string, nothing: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const q = (text: string): string => JSON.stringify(text);
  return [
    'version = 2',
    `root = ${q(join(folder, 'root'))}`,
    `state = ${q(join(folder, 'state'))}`,
    // It would make folders below /opt.
    'disabled_plugins = ["io.containerd.internal.v1.opt"]',
    '[grpc]',
    `  address = ${q(socket)}`,
    `[${cri}]`,
    '  restrict_oom_score_adj = true',
    `  [${cri}.containerd]`,
    '    snapshotter = "native"',
    `  [${cri}.cni]`,
    `    bin_dir = ${q(nothing)}`,
    `    conf_dir = ${q(nothing)}`,
    '',
  ].join('\n');
}

/** In its own mount namespace: what the node finds of its network, and then the runtime. */
const SCRIPT = `
exec 2>"$1/log" >&2
for name in hosts resolv.conf nsswitch.conf; do
  mount --bind "$1/$name" "/etc/$name" || exit 1
done
exec containerd --config "$1/config.toml"
`;

function launch(folder: string, network: Surroundings, direct: string[]): ChildProcess {
  const runtime = ['sh', '-c', SCRIPT, 'node', folder];
  // It dies with this process, even when that is killed; a session of its own keeps a terminal's Ctrl-C away from it.
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', ...runtime], {
    stdio: 'ignore',
    detached: true,
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      TMPDIR: folder,
      HTTPS_PROXY: network.proxyUrl,
      NO_PROXY: direct.join(','),
      SSL_CERT_FILE: network.caFile,
      // Go reads the machine's folder of authorities besides the file, unless it is told another.
      SSL_CERT_DIR: join(folder, 'nothing'),
    },
  });
}

/** Whether the image service works: containerd serves its socket a moment before that. */
async function answers(socket: string, images: ImageService): Promise<boolean> {
  if (!existsSync(socket)) return false;
  try {
    await images.call('ListImages', {});
    return true;
  } catch (error) {
    if (error instanceof CriError) return false;
    throw error;
  }
}

async function lastWords(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-3).join(' | ') || 'it said nothing';
}
