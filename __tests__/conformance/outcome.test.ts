/** Every captured pod, event and watch of real kubelets is read without a crash, and rightly where the capture shows it. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { directConnection } from '../../src/core/kubernetes/connection.js';
import { listAt, textAt } from '../../src/core/kubernetes/json.js';
import { lastEvent, pullOutcome } from '../../src/core/kubernetes/outcome.js';
import type { PullOutcome } from '../../src/core/kubernetes/outcome.js';
import { waitingMayCure } from '../../src/core/kubernetes/refusal.js';
import { suiteUnless } from '../skip.js';

const CORPUS = fileURLToPath(new URL('../../../shared/corpus/kubernetes/', import.meta.url));
const here = existsSync(CORPUS);
const missing = here ? undefined : '../shared/corpus/kubernetes is not beside the project';

const CONTAINER = 'check';
const read = (path: string): unknown => JSON.parse(readFileSync(CORPUS + path, 'utf8'));
const files = (folder: string, kind: RegExp): string[] =>
  here ? readdirSync(CORPUS + folder).filter((name) => kind.test(name)) : [];

/** How a case ends, by the name of its pod; a Job's pod without its suffix. What isn't here is refused. */
const ENDS: Record<string, PullOutcome['state']> = {
  'ok-public': 'pulled',
  'ok-multi-digest': 'pulled',
  'secret-right': 'pulled',
  'bad-entrypoint': 'pulled',
  'wrongarch-exec': 'pulled',
  'private-provider': 'pulled',
  'job-ok': 'pulled',
  'job-armbin': 'pulled',
  'job-noent': 'pulled',
  hang: 'pending',
  'job-unsched': 'pending',
};
/** Kubelet 1.20 ran these from its cache without any credential: a false pass if it were believed. */
const FALSE_PASSES = ['cached-ifnotpresent-nocred', 'cached-never-nocred'];
/** Refusals of which a grant is the cure; every other captured message has another reason. */
const CURABLE = /^(private-nocred|strict-nocred|secret-missing|secret-wrong|private-provider-.*|cached-.*)$/;

function expected(folder: string, name: string): PullOutcome['state'] {
  if (folder.includes('1.20') && FALSE_PASSES.includes(name)) return 'probe-refused';
  return ENDS[name] ?? 'refused';
}

function caseOf(pod: unknown): string {
  return (textAt(pod, 'metadata', 'name') ?? '').replace(/^(job-[a-z]+)-\w{5}$/, '$1');
}

/** The pod has come further than ContainerCreating. */
function decided(pod: unknown): boolean {
  const status = listAt(pod, 'status', 'containerStatuses')[0];
  return status !== undefined && textAt(status, 'state', 'waiting', 'reason') !== 'ContainerCreating';
}

/** The kubelets that were captured. */
const KUBELETS = ['node-1.20.2-containerd-1.6.20', 'node-1.36.2-containerd-2.1.9'];

for (const folder of KUBELETS)
  suiteUnless(missing, folder, () => {
    const events = files(folder, /^events-.*json$/).flatMap((name) =>
      listAt(read(`${folder}/${name}`), 'items'),
    );
    const moments = files(folder, /pods-.*json$/);

    it('was captured', () => {
      expect(events.length).toBeGreaterThan(50);
      expect(moments.length).toBeGreaterThan(3);
    });

    for (const name of moments)
      it(name, () => {
        for (const pod of listAt(read(`${folder}/${name}`), 'items')) {
          const which = caseOf(pod);
          const end = expected(folder, which);
          // By the status alone: at any moment the end, or not yet.
          const alone = pullOutcome(pod, [], CONTAINER);
          if (decided(pod)) expect([which, alone.state]).toEqual([which, end]);
          else expect([which, alone.state]).toEqual([which, 'pending']);
          // With all that the events tell, the end is known at every moment.
          const told = pullOutcome(pod, events, CONTAINER);
          const silent = end === 'refused' && told.message === undefined;
          if (which !== 'invalid-name' && which !== 'policy-never' && which !== 'cached-never-nocred') {
            expect([which, told.state]).toEqual([which, end]);
            expect([which, silent]).toEqual([which, false]);
          }
          if (told.state === 'pulled' && decided(pod)) expect(told.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
          if (told.state === 'pulled') expect(told.proved).toBe('manifest');
          if (told.state === 'refused' && told.message !== undefined && !told.message.includes('Never')) {
            expect(told.message).not.toMatch(/^(Failed to pull|Back-off)/);
            expect([which, waitingMayCure(told.message)]).toEqual([which, CURABLE.test(which)]);
          }
          if (which === 'hang' && events.some((event) => textAt(event, 'involvedObject', 'name') === 'hang'))
            expect(told.startedPulling).toBe(true);
        }
      });

    it('has a last event for every pod', () => {
      const pods = new Set(events.map((event) => textAt(event, 'involvedObject', 'name')));
      for (const name of pods)
        expect(lastEvent(events.filter((event) => textAt(event, 'involvedObject', 'name') === name))).toMatch(
          /^\w+: ./,
        );
    });

    it('shows that "Image size" is not what came over the wire', () => {
      const sizes = new Map<string, Set<string>>();
      for (const event of events) {
        const found = /pulled image "(\S+\/app:v1)".*Image size: (\d+)/.exec(textAt(event, 'message') ?? '');
        if (found?.[1] !== undefined)
          sizes.set(found[1], (sizes.get(found[1]) ?? new Set()).add(found[2] ?? ''));
      }
      if (folder.includes('1.20')) expect(sizes.size).toBe(0);
      // public/app:v1 came first; private/app:v1 is the same image and was pulled four times after that.
      else expect(new Set([...sizes.values()].flatMap((set) => [...set])).size).toBe(1);
    });
  });

suiteUnless(missing, 'captured watches', () => {
  const raw = here ? readFileSync(`${CORPUS}api-1.36.2/watch-pods-live.ndjson`) : Buffer.alloc(0);
  const expired = here
    ? (readFileSync(`${CORPUS}api-1.36.2/watch-410-expired.http`, 'utf8').split('\n\n')[1] ?? '')
    : '';

  async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }

  it.each([1, 13, 4096, 1_000_000])(
    'are followed in chunks of %d bytes, an expired version included',
    async (size) => {
      const controller = new AbortController();
      const bodies = [Buffer.from(`${expired}\n`), raw];
      const asked: string[] = [];
      const connection = directConnection({
        server: 'https://api.example',
        authorization: async () => undefined,
        clock: { now: () => Date.now(), sleep: () => new Promise(() => undefined) },
        send: async ({ url }) => {
          asked.push(url);
          return { status: 200, headers: {}, body: inChunks(bodies.shift() ?? Buffer.alloc(0), size) };
        },
      });
      const first = new Map<string, PullOutcome>();
      let seen = 0;
      for await (const { object } of connection.watch('/api/v1/pods', {}, controller.signal)) {
        seen += 1;
        const outcome = pullOutcome(
          object,
          [],
          textAt(listAt(object, 'spec', 'containers')[0], 'name') ?? '',
        );
        const name = (textAt(object, 'metadata', 'name') ?? '').replace(/-\w{5}$/, '');
        if (outcome.state !== 'pending' && !first.has(name)) first.set(name, outcome);
        if (seen === raw.toString().trim().split('\n').length) controller.abort();
      }
      expect(asked).toHaveLength(2);
      expect(asked[1]).not.toContain('resourceVersion');
      expect(first.get('live-ok')).toMatchObject({ state: 'pulled' });
      expect(first.get('live-notfound')).toMatchObject({
        state: 'refused',
        message: expect.stringMatching(/not found$/),
      });
    },
  );
});
