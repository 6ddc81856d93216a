import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { clusterPath, missing, openBench } from './clients.js';
import type { Bench, Ended } from './clients.js';

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
          image: contoso.azurecr.io/shop/web:1.4.2
          imagePullPolicy: Always
          resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 100m, memory: 128Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`;

suiteUnless(missing('kubectl'), 'kubectl', () => {
  let bench: Bench;
  let kubeconfig: string;

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

  const kubectl = (args: string[], input?: string): Promise<Ended> =>
    bench.run('kubectl', args, {
      environment: { KUBECONFIG: kubeconfig },
      ...(input === undefined ? {} : { input }),
    });

  it('gets the nodes', async () => {
    const { exitCode, stdout, stderr } = await kubectl(['get', 'nodes', '-o', 'name']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });

  it('prints the nodes as a table', async () => {
    const { stdout } = await kubectl(['get', 'nodes', '-o', 'wide']);
    expect(stdout).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION/);
    expect(stdout).toMatch(/^aks-apps-\S+\s+Ready\s/m);
  });

  it('applies a Job, waits for it, describes its pod, and deletes it', async () => {
    const applied = await kubectl(['apply', '-f', '-'], JOB);
    expect(applied).toMatchObject({ exitCode: 0, stdout: 'job.batch/hello created\n' });

    const waited = await kubectl(['wait', '--for=condition=complete', '--timeout=20s', 'job/hello']);
    expect(waited).toMatchObject({ exitCode: 0, stdout: 'job.batch/hello condition met\n' });

    const described = await kubectl(['describe', 'pods', '-l', 'job-name=hello']);
    expect(described.exitCode).toBe(0);
    expect(described.stdout).toMatch(/^Controlled By:\s+Job\/hello$/m);
    expect(described.stdout).toMatch(/Reason:\s+Completed/);
    expect(described.stdout).toMatch(
      /Pulled\s+.*kubelet.*Successfully pulled image "contoso\.azurecr\.io\/shop\/web:1\.4\.2"/,
    );

    const deleted = await kubectl(['delete', 'job', 'hello', '--wait', '--timeout=20s']);
    expect(deleted).toMatchObject({ exitCode: 0 });
    expect(deleted.stdout).toMatch(/^job\.batch "hello" deleted/);
    const left = await kubectl(['wait', '--for=delete', 'pods', '-l', 'job-name=hello', '--timeout=20s']);
    expect(left.exitCode).toBe(0);
    expect((await kubectl(['get', 'jobs,pods', '-o', 'name'])).stdout).toBe('');
  });

  it('is told what is not there', async () => {
    const { exitCode, stderr } = await kubectl(['get', 'job', 'no-such-job']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe('Error from server (NotFound): jobs.batch "no-such-job" not found\n');
  });

  it('asked nothing that the simulator does not model', () => {
    expect(bench.notModelled()).toEqual([]);
  });
});
