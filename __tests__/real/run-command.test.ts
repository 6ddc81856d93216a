import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { commandClient } from '../simulator/kubernetes/run-command/support.js';
import type { CommandClient } from '../simulator/kubernetes/run-command/support.js';
import { azEnvironment, clusterPath, kubectlOlderThan, missing, openBench, SECRET } from './clients.js';
import type { Bench, Ended } from './clients.js';

const SCENARIO = `
name: run-command
identities:
  - name: deployer
    secrets: [${SECRET}]
customRoles:
  - { name: Command runner, actions: [Microsoft.ContainerService/managedClusters/runcommand/action] }
clusters:
  - name: shop
    resourceGroup: shop-rg
    namespaces: [left, right]
  - { name: closed, resourceGroup: closed-rg, runCommand: { enabled: false } }
  - { name: others, resourceGroup: others-rg }
  - name: crowded
    resourceGroup: crowded-rg
    runCommand: { startLimit: 300ms }
    pools: [{ name: only, taints: ['team=a:NoSchedule'] }]
  - name: entra
    resourceGroup: entra-rg
    localAccounts: false
    private: true
    entra: {}
    bindings:
      - { principal: deployer, rules: [{ apiGroups: [batch], resources: [jobs], verbs: [list] }] }
registries:
  - name: contoso
    resourceGroup: registry-rg
    repositories:
      - { name: shop/web, images: [{ tag: '1.4.2', platforms: [linux/amd64, linux/arm64] }] }
roleAssignments:
  - { principal: deployer, role: Reader, scope: subscription }
  - { principal: deployer, role: Azure Kubernetes Service Cluster User Role, scope: 'cluster:shop' }
  - { principal: deployer, role: Command runner, scope: 'cluster:shop' }
  - { principal: deployer, role: Command runner, scope: 'cluster:closed' }
  - { principal: deployer, role: Command runner, scope: 'cluster:crowded' }
  - { principal: deployer, role: Command runner, scope: 'cluster:entra' }
  - { principal: kubelet of shop, role: AcrPull, scope: 'registry:contoso' }
`;

const job = (name: string, more = ''): string =>
  `
apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, labels: { team: 'a&b'} }
spec:
  backoffLimit: 0
${more}
  template:
    metadata: { labels: { made-by: ${name} } }
    spec:
      restartPolicy: Never
      containers: [{ name: main, image: 'contoso.azurecr.io/shop/web:1.4.2' }]
`.replace("'a&b'", 'a-b');

const FILES: Readonly<Record<string, string>> = {
  'job.yaml': job('hello'),
  'two.yaml': `${job('first')}\n---\n${job('second')}`,
  'long.json': JSON.stringify({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: 'long',
      annotations: {
        a: 'a word and '.repeat(4),
        b: 'true',
        c: 'two\nlines: "here"',
        d: ' ',
        e: '- x',
        f: '# <&>',
        g: 'a: b',
        h: '2024-01-01',
        i: '1e3',
        j: '~',
        k: '0x1f',
        l: '\u001b[1m',
        m: 'é',
      },
    },
  }),
  'account.json': JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } }),
  'unknown-field.yaml': job('hello', '  suspent: true'),
  'unknown-kind.yaml': 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: w }\n',
  'invalid.yaml': job('Not_A_Name'),
  'other-namespace.yaml':
    'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: x, namespace: elsewhere }\n',
};

/** What both are asked, one after the other: NS is a namespace of each one's own. The order matters. */
const COMMANDS: readonly (readonly string[])[] = [
  ['version', '--client=false'],
  ['get', 'nodes'],
  ['get', 'no', '-o', 'wide'],
  ['get', 'nodes', '-o', 'name'],
  ['get', 'nodes', '--no-headers'],
  ['get', 'jobs', '-n', 'NS'],
  ['get', 'jobs', '-n', 'NS', '-o', 'name'],
  ['get', 'jobs', '-n', 'NS', '-o', 'json'],
  ['get', 'jobs,pods', '-n', 'NS'],
  ['get', 'pods', '-A', '-l', 'nobody=has'],
  ['get', 'widgets'],
  ['get', 'job', 'hello', '-n', 'NS'],
  ['get', 'job/hello', 'sa/nobody', '-n', 'NS'],
  ['get', 'job', 'hello', '-n', 'NS', '--ignore-not-found'],
  ['get', 'job', 'hello', '-n', 'NS', '-l', 'a=b'],
  ['get', 'job', 'hello', '-A'],
  ['get', '--raw', '/version'],
  ['get', '--raw', '/apis/batch/v1/namespaces/NS/jobs/hello'],
  ['create', '-f', 'account.json', '-n', 'NS'],
  ['create', '-f', 'account.json', '-n', 'NS'],
  ['create', '-f', 'long.json', '-n', 'NS'],
  ['get', 'sa', 'long', '-n', 'NS', '-o', 'yaml'],
  ['get', 'sa', 'long', '-n', 'NS', '-o', 'json'],
  ['get', 'sa', 'long', '-n', 'NS', '-o', 'jsonpath={.metadata.annotations}'],
  ['create', '-f', 'unknown-field.yaml', '-n', 'NS'],
  ['create', '-f', 'unknown-kind.yaml', '-n', 'NS', '--validate=false'],
  ['create', '-f', 'invalid.yaml', '-n', 'NS'],
  ['create', '-f', 'other-namespace.yaml', '-n', 'NS'],
  ['create', '-f', 'not-there.yaml', '-n', 'NS'],
  ['create', '-f', 'job.yaml', '-n', 'nowhere'],
  ['create', '-f', 'job.yaml', '-n', 'NS', '--dry-run=server'],
  ['apply', '-f', 'job.yaml', '-n', 'NS'],
  ['apply', '-f', 'job.yaml', '-n', 'NS'],
  ['wait', '--for=condition=complete', '--timeout=20s', 'job/hello', '-n', 'NS'],
  ['wait', '--for=condition=failed', '--timeout=300ms', 'job/hello', '-n', 'NS'],
  ['wait', '--for=jsonpath={.status.succeeded}=1', 'job', 'hello', '-n', 'NS'],
  ['wait', '--for=condition=complete', 'job/nobody', '-n', 'NS'],
  ['wait', '--for=condition=complete', 'jobs', '-l', 'nobody=has', '-n', 'NS'],
  ['wait', '--for=delete', 'job/nobody', '-n', 'NS'],
  ['get', 'jobs', '-n', 'NS'],
  ['get', 'jobs,sa', '-n', 'NS'],
  ['get', 'job/hello', 'sa/robot', '-n', 'NS'],
  ['get', 'pods', '-n', 'NS', '-l', 'job-name=hello'],
  ['get', 'pods', '-n', 'NS', '-o', 'wide', '--field-selector', 'status.phase=Succeeded'],
  ['get', 'job', 'hello', '-n', 'NS', '-o', 'json'],
  ['get', 'jobs', '-n', 'NS', '-o', 'json'],
  ['get', 'job', 'hello', '-n', 'NS', '-o', 'yaml'],
  ['get', 'job', 'hello', 'nobody', '-n', 'NS', '-o', 'name'],
  ['get', 'job', 'hello', '-n', 'NS', '-o', 'jsonpath={.status.conditions[?(@.type=="Complete")].status}'],
  ['get', 'job', 'hello', '-n', 'NS', '-o', 'jsonpath={.metadata.labels}'],
  [
    'get',
    'jobs',
    '-n',
    'NS',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.spec.nothing}{"\\n"}{end}',
  ],
  ['get', 'events', '-n', 'NS', '--field-selector', 'involvedObject.kind=Job'],
  ['auth', 'can-i', 'create', 'jobs', '-n', 'NS'],
  ['auth', 'can-i', 'get', 'pods/x', '-n', 'NS'],
  ['auth', 'can-i', 'list', 'nodes'],
  ['auth', 'can-i', 'list', 'widgets'],
  ['auth', 'can-i', 'delete', 'job/hello', '-n', 'NS', '-q'],
  ['delete', 'job', 'nobody', '-n', 'NS'],
  ['delete', 'job', 'nobody', '-n', 'NS', '--ignore-not-found'],
  ['delete', 'jobs', '-l', 'nobody=has', '-n', 'NS'],
  ['delete', 'jobs', '-n', 'NS'],
  ['delete', 'sa/robot', 'sa/long', '-n', 'NS', '-o', 'name'],
  ['delete', '-f', 'job.yaml', '-n', 'NS', '--wait', '--timeout=20s'],
  ['delete', '-f', 'job.yaml', '-n', 'NS'],
  ['create', '-f', 'two.yaml', '-n', 'NS', '-o', 'name'],
  ['delete', 'job', 'first', 'second', '-n', 'NS', '--cascade=foreground'],
  ['get', 'pods', '-n', 'NS'],
  ['create', 'namespace', 'NS-more'],
  ['get', 'ns', 'NS-more', '-o', 'jsonpath={.status.phase}'],
  ['delete', 'ns', 'NS-more'],
  ['create', '--raw', '/apis/batch/v1/namespaces/NS/jobs', '-f', 'raw.json'],
  ['create', '--raw', '/apis/batch/v1/namespaces/NS/jobs', '-f', 'raw.json'],
  ['delete', '--raw', '/apis/batch/v1/namespaces/NS/jobs/raw', '-f', 'options.json'],
  ['get', '--raw', '/apis/batch/v1/namespaces/NS/jobs?limit=5'],
];

const RAW = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'raw' },
  spec: {
    template: {
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'contoso.azurecr.io/shop/web:1.4.2' }],
      },
    },
  },
};
const ALL_FILES: Readonly<Record<string, string>> = {
  ...FILES,
  'raw.json': JSON.stringify(RAW),
  'options.json': JSON.stringify({ propagationPolicy: 'Background' }),
};

/** What differs between two clusters, or two moments, and not between two kubectls. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\b(left|right)\b/g, 'NS'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'GUID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/("?resourceVersion"?: ?)"\d+"/g, '$1"N"'],
  [/\b(hello|first|second|raw)-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1-POD'],
  [/10\.244\.\d+\.\d+ */g, 'IP '],
  [/\b(\d+m)?\d+s\b( *)/g, 'AGE '],
  // Debian's build names itself otherwise.
  [/^Client Version: .*$/m, 'Client Version: V'],
];
const plain = (text: string): string => VOLATILE.reduce((all, [from, to]) => all.replace(from, to), text);

const word = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

// The kubectl in a command's pod is a recent one: an older one has other words.
suiteUnless(kubectlOlderThan(28), 'run command beside kubectl', () => {
  let bench: Bench;
  let client: CommandClient;
  let kubeconfig: string;

  beforeAll(async () => {
    bench = await openBench(SCENARIO);
    client = commandClient(bench.simulator, 'deployer');
    const answer = (await bench.arm(
      'POST',
      `${clusterPath(bench)}/listClusterUserCredential?api-version=2024-09-01`,
    )) as { kubeconfigs: { value: string }[] };
    kubeconfig = join(bench.folder, 'kubeconfig');
    await writeFile(kubeconfig, Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64'), { mode: 0o600 });
    for (const [name, text] of Object.entries(ALL_FILES)) await writeFile(join(bench.folder, name), text);
  });
  afterAll(async () => {
    await client.close();
    await bench.end();
  });

  const kubectl = async (words: readonly string[]): Promise<{ exitCode: number | null; text: string }> => {
    const merged = ['-c', 'exec kubectl "$@" 2>&1', 'kubectl', ...words];
    const { exitCode, stdout } = await bench.run('sh', merged, { environment: { KUBECONFIG: kubeconfig } });
    return { exitCode, text: stdout };
  };

  it('says and does what kubectl does, word for word', async () => {
    const differences: unknown[] = [];
    for (const words of COMMANDS) {
      const line = ['kubectl', ...words.map((one) => one.replace('NS', 'right')).map(word)].join(' ');
      const [real, ours] = await Promise.all([
        kubectl(words.map((one) => one.replace('NS', 'left'))),
        client.run(clusterPath(bench), line, ALL_FILES),
      ]);
      const expected = { exitCode: real.exitCode, text: plain(real.text) };
      const got = { exitCode: ours.exitCode, text: plain(ours.logs) };
      if (JSON.stringify(expected) !== JSON.stringify(got))
        differences.push({ words: words.join(' '), expected, got });
    }
    expect(differences).toEqual([]);
  });
});

suiteUnless(missing('az'), 'az aks command invoke', () => {
  let bench: Bench;
  let environment: Record<string, string>;
  const az = (...args: string[]): Promise<Ended> => bench.run('az', args, { environment, limitSeconds: 120 });
  const invoke = (cluster: string, command: string, ...more: string[]): Promise<Ended> =>
    az('aks', 'command', 'invoke', '-g', `${cluster}-rg`, '-n', cluster, '--command', command, ...more);

  beforeAll(async () => {
    bench = await openBench(SCENARIO);
    environment = azEnvironment(bench);
    const { state } = bench.simulator;
    const login = ['login', '--service-principal', '-u', state.principals[0]?.clientId ?? '', '-p', SECRET];
    expect(await az(...login, '--tenant', state.tenantId)).toMatchObject({ exitCode: 0 });
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(bench.folder, name), text);
  });
  afterAll(() => bench.end());

  it('applies an attached file and waits for it', async () => {
    const command =
      'kubectl apply -f job.yaml && kubectl wait --for=condition=complete --timeout=20s job/hello';
    const { exitCode, stdout } = await invoke('shop', command, '--file', 'job.yaml');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/command started at .*, finished at .* with exitcode=0/);
    expect(stdout).toContain('job.batch/hello created\njob.batch/hello condition met\n');
  });

  it('gives the exit code and the words of a command that failed', async () => {
    const command = 'sleep 0.2; ls; cat no-such-file || kubectl get job nobody';
    const { exitCode, stdout } = await invoke('shop', command, '--file', '.', '-o', 'json');
    // az ends well whatever the command's own exit code is.
    expect(exitCode).toBe(0);
    const { provisioningState, exitCode: own, logs } = JSON.parse(stdout) as Record<string, string>;
    expect({ provisioningState, own }).toEqual({ provisioningState: 'Succeeded', own: 1 });
    const listed = ['azure', ...Object.keys(FILES)].sort().map((name) => `${name}\n`);
    expect(logs).toBe(
      `${listed.join('')}cat: no-such-file: No such file or directory\nError from server (NotFound): jobs.batch "nobody" not found\n`,
    );
  });

  it('asks for an Entra token where the cluster wants one, and the command runs with its rights', async () => {
    const { stdout } = await invoke('entra', 'kubectl get jobs; kubectl get pods');
    const { objectId } = bench.simulator.state.principals[0] ?? { objectId: '' };
    expect(stdout).toContain('No resources found in default namespace.\n');
    expect(stdout).toContain(
      `Error from server (Forbidden): pods is forbidden: User "${objectId}" cannot list resource "pods" in API group "" in the namespace "default"`,
    );
  });

  it.each([
    ['closed', 1, /\(RunCommandDisabled\)/],
    ['others', 1, /\(AuthorizationFailed\).*managedClusters\/runcommand\/action/],
    // az ends with 3 for whatever is answered 404.
    ['crowded', 3, /\(KubernetesPerformanceError\) Failed to run command due to cluster perf issue/],
  ])('is told why nothing runs in %s', async (cluster, expected, why) => {
    const { exitCode, stderr } = await invoke(cluster, 'kubectl get nodes');
    expect(stderr).toMatch(why);
    expect(exitCode).toBe(expected);
  });
});
