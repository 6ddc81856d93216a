/**
 * The core's {@link Renderer}. What helm and kubectl are given here a pull request may have written, and this process holds
 * the job's logins beside it. So the child gets:
 *
 * - an environment from a list of what is allowed: nothing that the CI system, a login or the user put there comes along;
 * - a home of its own that is empty, so no login, no plugin and no kubeconfig of the user's;
 * - no plugins: HELM_PLUGINS is an empty folder (https://helm.sh/docs/helm/helm/, environment variables), and kustomize runs
 *   none unless it is told to (https://kubectl.docs.kubernetes.io/references/kustomize/cmd/build/, --enable-alpha-plugins);
 * - no network unless it is allowed: on Linux, where the kernel lets this user make namespaces, one without any
 *   (unshare(1)); everywhere proxies that nobody listens at, and no protocol for git (git(1), GIT_ALLOW_PROTOCOL);
 * - bounds of time and output.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandMissing } from '../core/ports.js';
import type { Renderer } from '../core/ports.js';
import { asError } from './exec.js';

const LONGEST_OUTPUT = 32 * 1024 * 1024;

/** What a program needs to run at all. */
const ALLOWED = [
  'PATH',
  'Path',
  'PATHEXT',
  'SystemRoot',
  'SYSTEMROOT',
  'ComSpec',
  'windir',
  'LANG',
  'LC_ALL',
];
/** What it needs to reach the network as the user does; these may name a proxy's password, so they come with allow-remote alone. */
const FOR_NETWORK = [
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'https_proxy',
  'http_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];
/** The port that RFC 863 keeps for throwing things away; on a machine of today nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';

/** The environment of a child, and nothing else. */
export function renderingEnvironment(
  environment: NodeJS.ProcessEnv,
  home: string,
  network: boolean,
): Record<string, string> {
  const kept = [...ALLOWED, ...(network ? FOR_NETWORK : [])];
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    HOME: home,
    USERPROFILE: home,
    APPDATA: home,
    TMPDIR: home,
    TEMP: home,
    TMP: home,
    KUBECONFIG: join(home, 'no-kubeconfig'),
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
    HELM_PLUGINS: join(home, 'plugins'),
    ...(network
      ? {}
      : {
          ...Object.fromEntries(
            ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy', 'ALL_PROXY', 'all_proxy'].map(
              (name) => [name, NOBODY],
            ),
          ),
          NO_PROXY: '',
          no_proxy: '',
          GIT_ALLOW_PROTOCOL: 'none',
        }),
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** No network at all, and no other process to be seen. */
const APART = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--pid',
  '--fork',
  '--mount-proc',
  '--kill-child',
  '--',
];

/**
 * @param base where commands run: what relative names are relative to
 * @param temporaryFolder where each gets its home, removed again afterwards
 */
export function createRenderer(
  environment: NodeJS.ProcessEnv,
  base: string,
  temporaryFolder: string,
  platform: NodeJS.Platform = process.platform,
): Renderer {
  let apart: Promise<boolean> | undefined;
  return {
    async run(command, args, { network, signal, timeoutMs, brought }) {
      const home = await mkdtemp(join(temporaryFolder, 'rendering-'));
      try {
        await mkdir(join(home, 'plugins'));
        const env = renderingEnvironment(environment, home, network);
        if (brought !== undefined) await writeFile(join(home, brought.name), brought.bytes, { mode: 0o600 });
        const given = args.map((arg) =>
          brought !== undefined && arg === `@brought/${brought.name}` ? join(home, brought.name) : arg,
        );
        const bounds = { env, cwd: base, signal, timeoutMs };
        if (!network && platform === 'linux') {
          apart ??= execute('unshare', [...APART, 'true'], { ...bounds, timeoutMs: 10_000 }).then(
            ({ exitCode }) => exitCode === 0,
            () => false,
          );
          if (await apart) {
            const done = await execute('unshare', [...APART, command, ...given], bounds);
            // 127: unshare found no such command (unshare.c, exec errors).
            if (done.exitCode === 127 && done.stderr.startsWith('unshare:'))
              throw new CommandMissing(command);
            return done;
          }
        }
        return await execute(command, given, bounds);
      } finally {
        await rm(home, { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };
}

function execute(
  command: string,
  args: readonly string[],
  {
    env,
    cwd,
    signal,
    timeoutMs,
  }: { env: Record<string, string>; cwd: string; signal: AbortSignal; timeoutMs: number },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      env,
      cwd,
      signal,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: LONGEST_OUTPUT,
    } as const;
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr });
      else if (signal.aborted) reject(asError(signal.reason));
      else if (error.code === 'ENOENT') reject(new CommandMissing(command));
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
      else if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
        reject(new Error(`${command} gave more than ${LONGEST_OUTPUT / 1024 / 1024} MiB`));
      else if (error.killed === true)
        reject(new Error(`${command} did not end within ${timeoutMs / 1000} s`));
      else reject(new Error(`${command} could not be run: ${error.message.split('\n')[0] ?? ''}`));
    });
    child.stdin?.end();
  });
}
