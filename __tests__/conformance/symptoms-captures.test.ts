/** Every capture of real kubelets and runtimes, at every moment: the same cause for the same failure, whatever the wording. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { explainText } from '../../src/core/diagnosis/explanation.js';
import { listAt, textAt } from '../../src/core/kubernetes/json.js';
import { suiteUnless } from '../skip.js';
import { corpusFile, missingCorpus, tellCount } from './recordings.js';

const CORPUS = fileURLToPath(new URL('../../../shared/corpus/kubernetes/', import.meta.url));
const KUBELETS = ['node-1.20.2-containerd-1.6.20', 'node-1.36.2-containerd-2.1.9'];

type Answer = readonly [CauseId, boolean];
/** What each case is, by the name of its pod: its cause, and whether the words alone tell. */
const CASES: readonly [RegExp, Answer][] = [
  [
    /^(private-nocred|secret-missing|private-provider-(fails|empty).*|cached-(always|ifnotpresent)-nocred)$/,
    ['unauthorized-or-repo-missing', false],
  ],
  [/^strict-nocred$/, ['unauthorized-bad-pull-secret', false]],
  [/^(secret-wrong|private-provider-(bad|wrong).*)$/, ['unauthorized-bad-pull-secret', false]],
  [/^((tag|repo|digest|job)-notfound|notfound-provider)/, ['image-not-found', true]],
  [/^noplatform$/, ['platform-mismatch-os', false]],
  [/^dns-failure$/, ['dns-nxdomain', false]],
  [/^conn-refused$/, ['connection-timeout', true]],
  [/^tls-/, ['tls-unknown-authority', true]],
  [/^plain-http$/, ['registry-plain-http', true]],
  [/^server-429$/, ['rate-limited-429', true]],
  [/^server-500$/, ['registry-5xx', true]],
  [/^invalid-name$/, ['image-name-invalid', true]],
  [/^(policy-never|cached-never-nocred)$/, ['image-never-pulled', true]],
];
/** Kubelet 1.20 ran these from its cache: nothing failed. */
const RAN = /^cached-(ifnotpresent|never)-nocred$/;
const answerOf = (name: string): Answer | undefined => CASES.find(([pattern]) => pattern.test(name))?.[1];

const files = (folder: string, kind: RegExp): string[] =>
  existsSync(CORPUS) ? readdirSync(CORPUS + folder).filter((name) => kind.test(name)) : [];
const items = (path: string): unknown[] => listAt(JSON.parse(readFileSync(CORPUS + path, 'utf8')), 'items');

for (const folder of KUBELETS)
  suiteUnless(missingCorpus, folder, () => {
    const events = files(folder, /^events-.*json$/).flatMap((name) => items(`${folder}/${name}`));
    const seen = new Set<string>();

    it.each(files(folder, /pods-.*json$/))('%s', (file) => {
      for (const pod of items(`${folder}/${file}`)) {
        const name = (textAt(pod, 'metadata', 'name') ?? '').replace(/^(job-[a-z]+)-\w{5}$/, '$1');
        const wanted = folder.includes('1.20') && RAN.test(name) ? undefined : answerOf(name);
        // The status alone: the cause, or, in an old kubelet's back-off, none; never another.
        for (const { determined, causes } of explainText(JSON.stringify(pod)))
          if (causes.length > 0) {
            expect([name, causes[0]?.id, determined]).toEqual([name, ...(wanted ?? [])]);
            seen.add(name);
          }
        const about = events.filter(
          (event) =>
            textAt(event, 'involvedObject', 'uid') === textAt(pod, 'metadata', 'uid') &&
            textAt(pod, 'metadata', 'uid') !== undefined,
        );
        // With its events: the cause, at every moment.
        const told = explainText(JSON.stringify({ items: [pod, ...about] })).filter(
          ({ causes }) => causes.length > 0,
        );
        if (wanted !== undefined && about.length > 0)
          expect([name, told.map(({ determined, causes }) => [causes[0]?.id, determined])]).toEqual([
            name,
            [wanted],
          ]);
        if (wanted === undefined) expect([name, told]).toEqual([name, []]);
      }
    });

    it.each(files(folder, /^events-.*json$/))('%s, each event by itself', (file) => {
      let read = 0;
      for (const event of items(`${folder}/${file}`)) {
        const name = (textAt(event, 'involvedObject', 'name') ?? '').replace(/^(job-[a-z]+)-\w{5}$/, '$1');
        for (const { determined, causes } of explainText(JSON.stringify(event)))
          if (causes.length > 0) {
            expect([name, causes[0]?.id, determined]).toEqual([name, ...(answerOf(name) ?? [])]);
            read += 1;
          }
      }
      tellCount(`events of ${folder} with a cause`, read);
    });

    it('shows most of the cases', () => {
      expect(seen.size).toBeGreaterThan(12);
    });
  });

suiteUnless(missingCorpus, 'containerd by itself', () => {
  /** By the beginning of the case's name in the capture. */
  const RUNTIME: readonly [RegExp, Answer][] = [
    [/^private anonymous/, ['unauthorized-or-repo-missing', false]],
    [/^strict anonymous/, ['unauthorized-bad-pull-secret', false]],
    [/^private wrong password/, ['unauthorized-bad-pull-secret', false]],
    [/not found \(authorised\)$/, ['image-not-found', true]],
    [/^no matching platform/, ['platform-mismatch-os', false]],
    [/^DNS failure/, ['dns-nxdomain', false]],
    [/^connection refused/, ['connection-timeout', true]],
    [/^TLS /, ['tls-unknown-authority', true]],
    [/^server 500/, ['registry-5xx', true]],
    [/^server 429/, ['rate-limited-429', true]],
    [/^http to https/, ['registry-plain-http', true]],
    [/^invalid reference/, ['image-name-invalid', true]],
  ];
  it.each(['1.6.20', '2.1.9'])('%s', (version) => {
    const { results } = JSON.parse(corpusFile(`containerd/cri-containerd-${version}.json`)) as {
      results: Record<string, { details?: string }>;
    };
    const refused = Object.entries(results).filter(([, { details }]) => details !== undefined);
    expect(refused.length).toBeGreaterThan(10);
    for (const [name, { details = '' }] of refused)
      for (const message of [
        details,
        `Failed to pull image "x": rpc error: code = Unknown desc = ${details}`,
        `Back-off pulling image "x": ErrImagePull: ${details}`,
      ]) {
        const [explanation] = explainText(message);
        expect([name, explanation?.causes[0]?.id, explanation?.determined]).toEqual([
          name,
          ...(RUNTIME.find(([pattern]) => pattern.test(name))?.[1] ?? []),
        ]);
      }
  });
});
