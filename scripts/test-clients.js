/**
 * The suite that runs programs nobody here wrote against the simulated Azure: `npm run test:clients`, with arguments for Jest
 * after `--`. On Debian and as root it first installs those that are missing; the suites of what stays missing are skipped.
 * Either way it ends by saying which program was there, in which version, and which was not, and why. With `--install-only`
 * it installs and runs nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Debian's package of each program, and how it tells its version. */
const CLIENTS = [
  { program: 'az', package: 'azure-cli', version: ['version', '--query', '"azure-cli"', '-o', 'tsv'] },
  { program: 'kubectl', package: 'kubernetes-client', version: ['version', '--client'] },
  { program: 'skopeo', package: 'skopeo', version: ['--version'] },
  { program: 'containerd', package: 'containerd', version: ['--version'] },
  { program: 'runc', package: 'runc', version: ['--version'] },
  { program: 'busybox', package: 'busybox-static', version: ['--help'] },
];

/** Seconds that apt may take: a mirror that hangs must not take the tests' time. */
const INSTALL_LIMIT_S = 480;

/** Where Debian keeps programs for root is not on everyone's PATH. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

const isThere = ({ program }) => folders.some((folder) => existsSync(join(folder, program)));

/** Installs packages. @returns why it can't be done, or undefined */
function install(packages) {
  if (!existsSync('/usr/bin/apt-get')) return 'not installed, and this system has no apt-get';
  if (process.getuid?.() !== 0) return 'not installed, and only root can install it';
  const run = (program, ...args) => {
    const { status, signal, stderr } = spawnSync(program, args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: INSTALL_LIMIT_S * 1000,
      killSignal: 'SIGTERM',
    });
    if (status === 0) return undefined;
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return `${program} ${args.join(' ')} ended with ${signal ?? status}: ${said}`;
  };
  // An installation that was broken off keeps the next one from beginning.
  run('dpkg', '--configure', '-a');
  return (
    run('apt-get', '-q', 'update') ??
    run('apt-get', '-q', 'install', '-y', '--no-install-recommends', ...packages)
  );
}

function versionOf({ program, version }) {
  const { stdout, stderr } = spawnSync(program, version, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, PATH: folders.join(delimiter), AZURE_CORE_COLLECT_TELEMETRY: 'no' },
  });
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0] ?? '';
}

const missing = CLIENTS.filter((client) => !isThere(client));
let failure;
if (missing.length > 0) {
  const packages = missing.map((client) => client.package);
  console.log(`Installing ${packages.join(', ')}`);
  failure = install(packages);
  if (failure !== undefined) console.error(`NOT INSTALLED: ${packages.join(', ')} - ${failure}`);
}

if (process.argv.includes('--install-only')) process.exit();

const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('test.js', import.meta.url)),
    '--config',
    'jest.clients.config.js',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env: { ...process.env, PATH: folders.join(delimiter) } },
);

console.log('\nReal clients:');
for (const client of CLIENTS) {
  const name = client.program.padEnd(12);
  if (isThere(client)) {
    console.log(`  ${name}${versionOf(client)}${missing.includes(client) ? ' (installed now)' : ''}`);
  } else {
    const why = failure ?? `package ${client.package} does not hold it`;
    console.log(`  ${name}SKIPPED: ${why}; whatever needs it did not run`);
  }
}
process.exitCode = status ?? 1;
