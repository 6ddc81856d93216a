/**
 * The simulated Job controller against a real one (Kubernetes 1.36.2): how Jobs end, what they say of it, and what their pods
 * are owned by. Captures are in ../shared; the deadline is shorter here. A container that runs isn't modelled, so Jobs that
 * complete are left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { probeJob, TestCloud } from '../simulator/kubernetes/support.js';

const captures = fileURLToPath(
  new URL('../../../shared/corpus/kubernetes/node-1.36.2-containerd-2.1.9/', import.meta.url),
);
const present = existsSync(captures);

interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: boolean;
  blockOwnerDeletion: boolean;
}

interface Seen {
  metadata: { name: string; uid: string; ownerReferences?: Owner[]; finalizers?: string[] };
  status?: Record<string, unknown> & { conditions?: Record<string, unknown>[] };
  involvedObject?: { kind: string; name: string };
  reason?: string;
  message?: string;
}

const listed = (file: string): Seen[] =>
  present ? (JSON.parse(readFileSync(`${captures}${file}.json`, 'utf8')) as { items: Seen[] }).items : [];

/** Everything of a Job's status but the times. */
function ended({ status = {} }: Seen): object {
  const { conditions = [], startTime, ...counts } = status;
  return {
    ...counts,
    started: startTime !== undefined,
    conditions: conditions.map(({ type, status: is, reason, message }) => ({ type, is, reason, message })),
  };
}

/** What was said of a Job, its pod's name without its random end. */
function saidOf(job: string, events: readonly Seen[]): string[] {
  return events
    .filter(({ involvedObject }) => involvedObject?.kind === 'Job' && involvedObject.name === job)
    .map(({ reason, message = '' }) => `${reason}: ${message.replace(/-[a-z0-9]{5}$/, '-*')}`);
}

/** By whom the pods of a Job are owned, and what keeps them from going before they are counted. */
function owned(job: Seen, pods: readonly Seen[]): object[] {
  return pods
    .filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === job.metadata.name)
    .map(({ metadata: { ownerReferences = [], finalizers = [] } }) => ({
      finalizers,
      owners: ownerReferences.map(({ uid, ...owner }) => ({ ...owner, itsUid: uid === job.metadata.uid })),
    }));
}

const JOBS = '/apis/batch/v1/namespaces/default/jobs';

suiteUnless(present ? undefined : '../shared/corpus is not there', 'how Jobs end', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await TestCloud.start();
    cloud.registry.anonymousPullEnabled = true;
  });
  afterAll(() => cloud.stop());

  it.each([
    ['job-noent', '1.4.2', {}],
    ['job-notfound', 'nope', {}],
    ['job-unsched', '1.4.2', { nodeSelector: { nowhere: 'true' } }],
  ])('%s', async (name, tag, pod) => {
    const image = `${cloud.registry.loginServer}/shop/web:${tag}`;
    await cloud.api('POST', JOBS, probeJob(name, image, { pod, job: { activeDeadlineSeconds: 2 } }));
    const before = (await cloud.until('/api/v1/namespaces/default/pods', ({ items }) =>
      items.some(({ metadata }) => metadata.name.startsWith(name)),
    )) as unknown as { items: Seen[] };
    const job = (await cloud.until(
      `${JOBS}/${name}`,
      ({ status }) => status?.conditions?.length === 2,
    )) as unknown as Seen;
    const { items: events } = (await cloud.api('GET', '/api/v1/namespaces/default/events'))
      .json as unknown as { items: Seen[] };

    const captured = listed('jobs-t22').find(({ metadata }) => metadata.name === name);
    if (captured === undefined) throw new Error(`no capture of ${name}`);
    expect(ended(job)).toEqual(ended(captured));
    expect(saidOf(name, events)).toEqual(saidOf(name, listed('events-jobs')));
    const [early] = owned(job, before.items);
    const [capturedEarly] = owned(captured, listed('job-pods-t6'));
    expect(early).toMatchObject({ owners: (capturedEarly as { owners: object[] }).owners });
  });
});
