/** The runtimes of all nodes: the built-in one, and a containerd for each node that a scenario gives one. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { CloudState, ManagedCluster } from '../../cloud/model.js';
import { wayTo } from '../../cloud/private-link.js';
import type { Problem } from '../../cloud/schema.js';
import type { SimulatorContext } from '../../context.js';
import { nodesOf, poolOf } from '../nodes.js';
import type { Node } from '../objects.js';
import { builtInRuntime } from './built-in.js';
import type { Unreachable } from './containerd.js';
import type { Machine, NodeNetwork } from './machine.js';
import { openNameServer } from './name-server.js';
import { openNodeProxy } from './node-proxy.js';
import type { Runtime, RuntimeOf } from './runtime.js';

/** The simulated cloud as a node finds it. */
export interface FrontDoor {
  /** File with the authority of public names, PEM. */
  caFile: string;
  /** Throws what a socket does for a name that a cluster's nodes can't connect to now. */
  lookUp(host: string, cluster: ManagedCluster): void;
  /** Port on loopback of the TLS listener that a name leads a cluster's nodes to. */
  portOf(host: string, cluster: ManagedCluster): number;
}

export interface Runtimes {
  of: RuntimeOf;
  /** Starts what runs outside of this process; at once when there is nothing. Throws when one can't be started. */
  start(door: FrontDoor): Promise<void>;
  /** Ends every runtime and removes everything of them, also while they start. Safe to call twice. */
  stop(): Promise<void>;
}

/** What a node with a real runtime takes, with the Debian package that has it. */
const PROGRAMS = { containerd: 'containerd', setpriv: 'util-linux', unshare: 'util-linux', mount: 'mount' };

/** Node's name of this machine's processor → the architecture of images that a containerd here pulls. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/** Why this machine can't give nodes the real runtime that a scenario asks for; empty when it can, or none is asked for. */
export function runtimeProblems(state: CloudState): Problem[] {
  const asked = state.clusters.flatMap((cluster, at) =>
    (['pools', 'provisionedPools'] as const).flatMap((key) =>
      (cluster[key] ?? []).flatMap((pool, index) =>
        pool.runtime === 'containerd'
          ? [{ cluster, pool, path: `clusters[${at}].${key}[${index}].runtime` }]
          : [],
      ),
    ),
  );
  const [first] = asked;
  if (first === undefined) return [];
  const problem = (message: string): Problem[] => [{ path: first.path, message }];
  if (process.platform !== 'linux') return problem('containerd takes a machine with Linux');
  if (process.getuid?.() !== 0) return problem('containerd takes root: start the simulator as root');
  const missing = Object.entries(PROGRAMS).filter(([program]) => !installed(program));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
    const names = missing.map(([program]) => program).join(', ');
    return problem(`${names} not found: apt-get install -y --no-install-recommends ${packages}`);
  }
  const silent = asked.find(({ cluster }) =>
    state.registries.some(({ loginServer }) => wayTo(state, cluster, loginServer).kind === 'silent'),
  );
  if (silent !== undefined)
    return [
      {
        path: silent.path,
        message:
          "containerd isn't modelled where a private endpoint can't be reached: set runtime: built-in for this pool",
      },
    ];
  const here = ARCHITECTURES[process.arch] ?? process.arch;
  return asked
    .filter(({ pool }) => pool.osType !== 'Linux' || pool.architecture !== here)
    .map(({ pool, path }) => ({
      path,
      message: `containerd pulls for linux/${here} on this machine, not for ${pool.osType.toLowerCase()}/${pool.architecture}: set runtime: built-in for this pool`,
    }));
}

function installed(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The runtimes of a cloud's nodes. Nothing runs before `start`. */
export function createRuntimes(context: SimulatorContext): Runtimes {
  const real = new Map<string, Runtime>();
  const stopped = new AbortController();
  const machines: Promise<Machine>[] = [];
  const servers: { stop(): Promise<void> }[] = [];
  let keeper: Keeper | undefined;
  let starting: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | undefined;

  const hostsOf = (loginServer: string): string[] => {
    const registry = context.state.registries.find((one) => one.loginServer === loginServer);
    return registry === undefined ? [loginServer] : [loginServer, registry.blobHost];
  };

  async function startAll(
    door: FrontDoor,
    nodes: readonly { cluster: ManagedCluster; node: Node }[],
  ): Promise<void> {
    // gRPC is loaded only here.
    const { startMachine } = await import('./machine.js');
    const { containerdRuntime } = await import('./containerd-runtime.js');
    const version = await containerdVersion();
    stopped.signal.throwIfAborted();
    const names = await openNameServer();
    servers.push(names);
    const { folder } = (keeper = await openKeeper());
    const networkOf = async (cluster: ManagedCluster): Promise<NodeNetwork> => {
      const proxy = await openNodeProxy((host) => door.portOf(host, cluster));
      servers.push(proxy);
      return {
        proxyUrl: proxy.url,
        caFile: door.caFile,
        nameServer: names.address,
        lookUp: (host) => unreachable(() => door.lookUp(host, cluster)),
      };
    };
    const clusters = [...new Set(nodes.map(({ cluster }) => cluster))];
    const networks = new Map(
      await Promise.all(clusters.map(async (one) => [one, await networkOf(one)] as const)),
    );
    await Promise.all(
      nodes.map(async ({ cluster, node: { metadata } }, index) => {
        const network = networks.get(cluster);
        if (network === undefined) throw new Error(`no network was laid for ${cluster.name}`);
        const own = join(folder, String(index));
        await mkdir(own, { mode: 0o700 });
        const machine = startMachine(own, network, stopped.signal);
        machines.push(machine);
        real.set(metadata.name, containerdRuntime(version, await machine, hostsOf));
      }),
    );
  }

  async function stop(): Promise<void> {
    stopped.abort(new Error('the simulator has been stopped'));
    await starting.catch(() => undefined);
    const all = await Promise.allSettled(machines);
    await Promise.all(all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.stop()] : [])));
    await Promise.all(servers.map((server) => server.stop()));
    await keeper?.end();
  }

  return {
    of: (cluster, node) => {
      if (poolOf(cluster, node)?.runtime !== 'containerd') return builtInRuntime(context, cluster, node);
      const runtime = real.get(node.metadata.name);
      if (runtime === undefined) throw new Error(`no containerd was started for ${node.metadata.name}`);
      return runtime;
    },
    async start(door) {
      const nodes = context.state.clusters.flatMap((cluster) =>
        nodesOf(cluster).flatMap((node) =>
          poolOf(cluster, node)?.runtime === 'containerd' ? [{ cluster, node }] : [],
        ),
      );
      if (nodes.length > 0) starting = startAll(door, nodes);
      await starting;
    },
    stop: () => (stopping ??= stop()),
  };
}

/** What a look-up's error means for a program that makes its connections itself. */
function unreachable(lookUp: () => void): Unreachable | undefined {
  try {
    lookUp();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'refused' : 'dns';
  }
}

/** `containerd --version` says `containerd <package> <version> <revision>`. */
async function containerdVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('containerd', ['--version']);
  return stdout.trim().split(/\s+/)[2] ?? '';
}

/** A folder that is gone when this process is, however that ends. */
interface Keeper {
  folder: string;
  /** Removes the folder. */
  end(): Promise<void>;
}

/**
 * Removes the folder when its standard input ends: at `end`, or when this process died, which the containerds don't
 * outlive. Once more after a moment, for what a dying one may have written meanwhile.
 */
const KEEPER_SCRIPT = 'cat >/dev/null; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }';

async function openKeeper(): Promise<Keeper> {
  // mkdtemp makes it for this user only (mode 0700).
  const folder = await mkdtemp(join(tmpdir(), 'aks-acr-pull-nodes-'));
  const child: ChildProcess = spawn('sh', ['-c', KEEPER_SCRIPT, 'keeper', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return {
    folder,
    end() {
      child.stdin?.end();
      return ended;
    },
  };
}
