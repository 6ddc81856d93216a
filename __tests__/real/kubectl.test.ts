import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { clusterPath, kubectlOlderThan, missing, openBench } from './clients.js';
import type { Bench, Ended } from './clients.js';

const IMAGE = 'contoso.azurecr.io/shop/web:1.4.2';

/** A Job as people write them; it satisfies the restricted Pod Security Standard. */
const JOB = `
apiVersion: batch/v1
kind: Job
metadata:
  name: hello
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: hello
          image: ${IMAGE}
          imagePullPolicy: Always
          resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 100m, memory: 128Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`;

/** With two fields that there are not, and an image that there is not. */
const MISTAKEN_POD = `
apiVersion: v1
kind: Pod
metadata: { name: mistaken, labels: { app: mistaken } }
spec:
  restartPolicy: Never
  imagePullSecret: typo
  containers:
    - { name: web, image: 'contoso.azurecr.io/shop/web:none', comand: [x] }
`;

const config = (data: Record<string, string>, labels: Record<string, string>): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', labels }, data });

const absent = missing('kubectl');

let bench: Bench;
let kubeconfig: string;

if (absent === undefined) {
  beforeAll(async () => {
    bench = await openBench();
    const answer = (await bench.arm(
      'POST',
      `${clusterPath(bench)}/listClusterUserCredential?api-version=2024-09-01`,
    )) as { kubeconfigs: { value: string }[] };
    kubeconfig = join(bench.folder, 'kubeconfig');
    await writeFile(kubeconfig, Buffer.from(answer.kubeconfigs[0]?.value ?? '', 'base64'), { mode: 0o600 });
  });
  afterAll(() => bench.end());
}

const kubectl = (args: string[], input?: string): Promise<Ended> =>
  bench.run('kubectl', args, {
    environment: { KUBECONFIG: kubeconfig },
    ...(input === undefined ? {} : { input }),
  });

/** What a kubectl that succeeds prints. */
async function told(args: string[], input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(args, input);
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
  return stdout;
}

/** What one that fails says. */
async function refused(args: string[], input?: string): Promise<string> {
  const { exitCode, stderr } = await kubectl(args, input);
  expect({ args, exitCode }).toEqual({ args, exitCode: 1 });
  return stderr.trimEnd();
}

suiteUnless(absent, 'kubectl', () => {
  it('prints nodes in every form', async () => {
    expect((await told(['get', 'nodes', '-o', 'name'])).trim().split('\n')).toHaveLength(3);
    const wide = await told(['get', 'nodes', '-o', 'wide']);
    expect(wide).toMatch(
      /^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\s+INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME\n/,
    );
    expect(wide).toMatch(/^aks-apps-\S+\s+Ready\s.*containerd:/m);
    const list = JSON.parse(await told(['get', 'nodes', '-o', 'json', '-l', 'agentpool=apps'])) as {
      items: { kind: string }[];
    };
    expect(list.items.map(({ kind }) => kind)).toEqual(['Node', 'Node']);
    const name = await told([
      'get',
      'nodes',
      '-l',
      'agentpool=system',
      '-o',
      'jsonpath={.items[0].metadata.name}',
    ]);
    const described = await told(['describe', 'node', name]);
    expect(described).toMatch(/^Taints:\s+CriticalAddonsOnly=true:NoSchedule$/m);
    expect(described).toMatch(new RegExp(`HolderIdentity:\\s+${name}`));
    expect(described).not.toContain('0001');
  });

  it('applies a Job, waits for it, describes it and its pod, and deletes it', async () => {
    expect(await told(['apply', '-f', '-'], JOB)).toBe('job.batch/hello created\n');
    expect(await told(['wait', '--for=condition=complete', '--timeout=60s', 'job/hello'])).toBe(
      'job.batch/hello condition met\n',
    );
    expect(await told(['apply', '-f', '-'], JOB)).toBe('job.batch/hello unchanged\n');
    expect(await told(['get', 'jobs', '-A'])).toMatch(/^default\s+hello\s+Complete\s+1\/1\s+\d+s/m);
    expect(await told(['describe', 'job', 'hello'])).toMatch(/SuccessfulCreate\s.*Created pod: hello-/);
    expect(await told(['get', 'pods', '--field-selector', 'status.phase=Succeeded', '-o', 'wide'])).toMatch(
      /^hello-\S+\s+0\/1\s+Completed\s+0\s+\d+s\s+10\.244\.\S+\s+aks-apps-\S+\s+<none>\s+<none>$/m,
    );

    const described = await told(['describe', 'pods', '-l', 'job-name=hello']);
    expect(described).toMatch(/^Controlled By:\s+Job\/hello$/m);
    expect(described).toMatch(/Reason:\s+Completed/);
    expect(described).toMatch(
      /Pulled\s+.*kubelet.*Successfully pulled image "contoso\.azurecr\.io\/shop\/web:1\.4\.2"/,
    );
    expect(await told(['logs', 'job/hello'])).toBe('');

    expect(await told(['delete', 'job', 'hello', '--wait', '--timeout=60s'])).toMatch(
      /^job\.batch "hello" deleted/,
    );
    await kubectl(['wait', '--for=delete', 'pods', '-l', 'job-name=hello', '--timeout=60s']);
    expect((await kubectl(['get', 'jobs,pods', '-o', 'name'])).stdout).toBe('');
  });

  it('changes what a later manifest changes, and leaves what others changed', async () => {
    const first = config({ a: '1', b: '2' }, { kept: 'yes' });
    expect(await told(['apply', '-f', '-'], first)).toBe('configmap/settings created\n');
    await told(['label', 'cm', 'settings', 'mine=too']);
    await told(['annotate', 'cm', 'settings', 'note=1']);
    await told(['patch', 'cm', 'settings', '-p', '{"data":{"c":"3"}}']);
    const second = config({ a: '1', d: '4' }, {});
    expect(await told(['apply', '-f', '-'], second)).toBe('configmap/settings configured\n');
    const { data, metadata } = JSON.parse(await told(['get', 'cm', 'settings', '-o', 'json'])) as {
      data: object;
      metadata: { labels: object; annotations: object };
    };
    expect(data).toEqual({ a: '1', c: '3', d: '4' });
    expect(metadata.labels).toEqual({ mine: 'too' });
    expect(metadata.annotations).toMatchObject({ note: '1' });
    await told(['patch', 'cm', 'settings', '--type=json', '-p', '[{"op":"remove","path":"/data/c"}]']);
    await told(['patch', 'cm', 'settings', '--type=merge', '-p', '{"data":{"d":null}}']);
    expect(await told(['get', 'cm', 'settings', '-o', 'jsonpath={.data}'])).toBe('{"a":"1"}');
    expect(
      await refused([
        'patch',
        'cm',
        'settings',
        '--type=json',
        '-p',
        '[{"op":"test","path":"/data/a","value":"0"}]',
      ]),
    ).toContain('The request is invalid');
  });

  it('is told that somebody else was quicker', async () => {
    const stale = JSON.parse(await told(['get', 'cm', 'settings', '-o', 'json'])) as object;
    await told(['label', 'cm', 'settings', 'quicker=yes']);
    expect(await refused(['replace', '-f', '-'], JSON.stringify(stale))).toBe(
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "settings": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it('applies on the server, with one owner for each field', async () => {
    const apply = ['apply', '--server-side', '-f', '-'];
    await told(['delete', 'cm', 'settings']);
    expect(await told(apply, config({ a: '1', b: '2' }, {}))).toBe('configmap/settings serverside-applied\n');
    await told(apply, config({ a: '1' }, {}));
    expect(await told(['get', 'cm', 'settings', '-o', 'jsonpath={.data}'])).toBe('{"a":"1"}');
    const other = [...apply, '--field-manager=other'];
    expect(await refused(other, config({ a: '2' }, {}))).toContain(
      'Apply failed with 1 conflict: conflict with "kubectl": .data.a',
    );
    await told([...other, '--force-conflicts'], config({ a: '2' }, {}));
    expect(await told(['get', 'cm', 'settings', '-o', 'jsonpath={.data}'])).toBe('{"a":"2"}');
    await told(['delete', 'cm', 'settings']);
  });

  it('runs pods, and is told why there is no log', async () => {
    const options = ['--restart=Never', `--image=${IMAGE}`];
    const overrides = '--overrides={"spec":{"nodeSelector":{"agentpool":"apps"}}}';
    await told(['run', 'missing', ...options, overrides, '--command', '--', '/nowhere', 'x']);
    await told(['run', 'absent', '--restart=Never', '--image=contoso.azurecr.io/shop/web:none']);
    const [pod] = await Promise.all([
      until('pod/missing', '.status.phase', 'Failed'),
      until('pod/absent', WAITING, 'ImagePullBackOff'),
    ]);
    expect(pod).toBe('Failed');
    expect(await told(['get', 'pod', 'missing'])).toMatch(/^missing\s+0\/1\s+StartError\s/m);
    expect(await refused(['logs', 'absent'])).toBe(
      'Error from server (BadRequest): container "absent" in pod "absent" is waiting to start: trying and failing to pull image',
    );
    expect(await refused(['logs', 'absent', '-p'])).toBe(
      'Error from server (BadRequest): previous terminated container "absent" in pod "absent" not found',
    );
    expect(await told(['delete', 'pods', 'absent', 'missing', '--grace-period=1', '--wait'])).toContain(
      'pod "absent" deleted',
    );
    expect(await refused(['get', 'pod', 'absent'])).toBe(
      'Error from server (NotFound): pods "absent" not found',
    );
    expect(await told(['run', 'dry', ...options, '--dry-run=server', '-o', 'name'])).toBe('pod/dry\n');
    expect(await refused(['run', 'Bad_', ...options])).toContain(
      '* metadata.name: Invalid value: "Bad_": a lowercase RFC 1123 subdomain must consist of',
    );
    expect(await refused(['get', 'pods', '--field-selector', 'spec.containers=x'])).toContain(
      'field label not supported: spec.containers',
    );
  });

  it('watches', async () => {
    // Ends kubectl after three lines: a watch has no end of its own.
    const three = 'exec 3< <(exec kubectl "$@" 2>/dev/null); head -n 3 <&3; kill $!';
    const watching = bench.run('bash', ['-c', three, 'bash', 'get', 'configmaps', '-w', '-l', 'watched'], {
      environment: { KUBECONFIG: kubeconfig },
    });
    await eventually(() =>
      bench.simulator.requests.some(({ path }) => path.includes('watch=true') && path.includes('watched')),
    );
    await told(['create', 'configmap', 'seen', '--from-literal=a=b']);
    await told(['label', 'configmap', 'seen', 'watched=yes']);
    await told(['delete', 'configmap', 'seen']);
    // Once when it begins to match, once when it goes.
    expect((await watching).stdout).toMatch(/^NAME\s+DATA\s+AGE\nseen\s+1\s+\d+s\nseen\s+1\s+\d+s\n$/);
  });

  it('creates what access is made of, and is refused what it is not given', async () => {
    await told(['create', 'namespace', 'team']);
    await told(['create', 'serviceaccount', 'bot', '-n', 'team']);
    await told(['create', 'role', 'reader', '-n', 'team', '--verb=get,list', '--resource=pods']);
    await told(['create', 'rolebinding', 'bot', '-n', 'team', '--role=reader', '--serviceaccount=team:bot']);
    await told(['create', 'clusterrole', 'nodes', '--verb=list', '--resource=nodes']);
    await told(['create', 'clusterrolebinding', 'jane', '--clusterrole=nodes', '--user=jane']);
    const bot = '--as=system:serviceaccount:team:bot';
    expect(await told(['auth', 'can-i', 'list', 'pods', '-n', 'team', bot])).toBe('yes\n');
    expect((await kubectl(['auth', 'can-i', 'create', 'pods', '-n', 'team', bot])).stdout).toBe('no\n');
    expect(await told(['auth', 'can-i', '--list', '-n', 'team', bot])).toMatch(
      /^pods\s+\[\]\s+\[\]\s+\[get list\]$/m,
    );
    expect(await told(['get', 'nodes', '--as=jane', '-o', 'name'])).toContain('node/aks-apps-');
    expect(await refused(['get', 'pods', '--as=jane'])).toBe(
      'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    await told([
      'create',
      'secret',
      'docker-registry',
      'pull',
      '-n',
      'team',
      '--docker-server=contoso.azurecr.io',
      '--docker-username=u',
      '--docker-password=p',
    ]);
    expect(await told(['get', 'secrets', '-n', 'team'])).toMatch(
      /^pull\s+kubernetes\.io\/dockerconfigjson\s+1\s/m,
    );
    expect(await told(['describe', 'secret', 'pull', '-n', 'team'])).toMatch(
      /^\.dockerconfigjson:\s+\d+ bytes$/m,
    );
    await told(['patch', 'sa', 'bot', '-n', 'team', '-p', '{"imagePullSecrets":[{"name":"pull"}]}']);
    expect(await told(['describe', 'sa', 'bot', '-n', 'team'])).toMatch(/^Image pull secrets:\s+pull$/m);
    await told(['create', 'quota', 'few', '-n', 'team', '--hard=configmaps=9']);
    expect(await told(['get', 'quota,role,rolebinding', '-n', 'team'])).toMatch(
      /rolebinding\S+\/bot\s+Role\/reader\s/,
    );
    expect(await told(['delete', 'namespace', 'team', '--timeout=60s'])).toBe('namespace "team" deleted\n');
    expect(await refused(['delete', 'namespace', 'kube-system'])).toBe(
      'Error from server (Forbidden): namespaces "kube-system" is forbidden: this namespace may not be deleted',
    );
  });

  it('rolls a Deployment out, sees it stuck at an image, and rolls it back', async () => {
    await told(['create', 'deployment', 'web', `--image=${IMAGE}`]);
    await told(['scale', 'deployment', 'web', '--replicas=2']);
    expect(await told(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain(
      'successfully rolled out',
    );
    expect(await told(['get', 'deploy,rs', '-o', 'wide'])).toMatch(/deployment\.apps\/web\s+2\/2\s+2\s+2\s/);
    await told(['set', 'image', 'deployment/web', 'web=contoso.azurecr.io/shop/web:none']);
    expect(await refused(['rollout', 'status', 'deployment/web', '--timeout=2s'])).toContain('timed out');
    await told(['rollout', 'undo', 'deployment/web']);
    expect(await told(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain(
      'successfully rolled out',
    );
    await told(['rollout', 'restart', 'deployment/web']);
    expect(await told(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain(
      'successfully rolled out',
    );
    expect(await told(['rollout', 'history', 'deployment/web'])).toMatch(/^4\s/m);
    await told(['delete', 'deployment', 'web', '--cascade=orphan']);
    expect(await told(['get', 'rs', '-o', 'name'])).toMatch(/^replicaset\.apps\/web-/);
    await told(['delete', 'rs', '-l', 'app=web', '--cascade=foreground', '--timeout=60s']);
    expect((await kubectl(['get', 'deploy,rs', '-o', 'name'])).stdout).toBe('');
  });

  it('learns of resources and of their fields', async () => {
    expect(await told(['api-resources', '--api-group=apps', '-o', 'name'])).toBe(
      'daemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n',
    );
    expect(await told(['explain', 'pod.spec.containers.resources'])).toMatch(
      /limits\s+<map\[string\]string>/,
    );
    expect(await told(['version', '-o', 'json'])).toContain('"serverVersion"');
  });
});

suiteUnless(kubectlOlderThan(28), 'a kubectl that leaves it to the server to check fields', () => {
  it('is strict, warns or ignores, as it is told to', async () => {
    const create = (how: string): string[] => ['create', `--validate=${how}`, '--dry-run=server', '-f', '-'];
    expect(await refused(create('strict'), MISTAKEN_POD)).toBe(
      'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].comand", unknown field "spec.imagePullSecret"',
    );
    const warned = await kubectl(create('warn'), MISTAKEN_POD);
    expect(warned.stderr).toBe(
      'Warning: unknown field "spec.containers[0].comand"\nWarning: unknown field "spec.imagePullSecret"\n',
    );
    expect(await told(create('ignore'), MISTAKEN_POD)).toBe('pod/mistaken created (server dry run)\n');
    expect(
      await refused(create('strict'), MISTAKEN_POD.replace('web:none', 'web:none').replace('Never', '7')),
    ).toContain(
      'json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type string',
    );
  });

  it('waits for a value, follows a pod to its end, and knows who it is', async () => {
    await told(['run', 'slow', '--restart=Never', '--image=contoso.azurecr.io/shop/web:none']);
    expect(
      await told(['wait', `--for=jsonpath={${WAITING}}=ImagePullBackOff`, 'pod/slow', '--timeout=60s']),
    ).toBe('pod/slow condition met\n');
    expect(await told(['events', '--for', 'pod/slow', '--types=Warning'])).toMatch(
      /Failed\s+Pod\/slow\s+Error: ErrImagePull/,
    );
    await told(['delete', 'pod', 'slow']);
    expect(await told(['auth', 'whoami'])).toMatch(/^Groups\s+\[system:masters system:authenticated\]$/m);
    await told(['create', 'cronjob', 'nightly', `--image=${IMAGE}`, '--schedule=0 0 * * *']);
    expect(await told(['get', 'cronjobs'])).toMatch(/^nightly\s+0 0 \* \* \*\s+<none>\s+False\s+0\s+<none>/m);
    await told(['create', 'job', 'now', '--from=cronjob/nightly']);
    await told(['wait', '--for=condition=complete', 'job/now', '--timeout=60s']);
    await told(['delete', 'cronjob,job', '--all']);
  });

  it('reads what it may explain of a kind', async () => {
    expect(await told(['explain', 'deployment.spec.strategy.rollingUpdate'])).toMatch(/maxSurge\s+<string>/);
  });

  it('attaches to nothing: it says so, and takes the pod away again', async () => {
    const { stdout, stderr } = await kubectl([
      'run',
      'once',
      '--rm',
      '-i',
      '--restart=Never',
      `--image=${IMAGE}`,
    ]);
    expect(stdout).toContain('pod "once" deleted');
    expect(stderr).not.toContain('rror:');
  });
});

if (absent === undefined) {
  describe('at the end', () => {
    it('nothing was asked that is not modelled, but to attach', () => {
      expect(bench.notModelled().filter((request) => !request.includes('/attach?'))).toEqual([]);
    });
  });
}

const WAITING = '.status.containerStatuses[0].state.waiting.reason';

/** Waits until an object's field has a value, in a way that every kubectl knows. */
async function until(object: string, path: string, value: string): Promise<string> {
  let found = '';
  await eventually(async () => {
    found = (await kubectl(['get', object, '-o', `jsonpath={${path}}`])).stdout;
    return found === value;
  });
  return found;
}

async function eventually(satisfied: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await satisfied())) {
    if (Date.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
