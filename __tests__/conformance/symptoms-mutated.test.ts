/**
 * Messages as they are met in the wild: cut, doubled, wrapped, of other hosts and names. Nothing may crash or lie; that none
 * takes long is held by __tests__/core/diagnosis/symptoms/work.test.ts.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rank } from '../../src/core/diagnosis/ranking/rank.js';
import { parseSymptom } from '../../src/core/diagnosis/symptoms/parse.js';
import { familyOf } from '../../src/core/diagnosis/causes.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { suiteUnless } from '../skip.js';
import { pullRecords } from './pull-corpus.js';
import { missingCorpus, tellCount } from './recordings.js';

const SEED = 20_261_124;
const RUNS = 20_000;

/** Names that hold words of every rule: others choose names, so they must mislead nobody. */
const HOSTS = [
  'evil.azurecr.io',
  'unauthorized.azurecr.io',
  'no-such-host.azurecr.io:5000',
  'x509.azurecr.cn',
  '10.0.0.4:5000',
];
const REPOSITORIES = [
  'team/not-found',
  'connection-refused/timeout',
  'a/your-cluster-can-pull-images',
  'aadsts7000215/scopelocked',
  'b/too-many-requests',
];
const TAGS = ['403', '503', 'x509', 'no-such-host', 'not-found'];

type Mutation = (message: string, number: number) => string;
const pick = (all: readonly string[], number: number): string => all[number % all.length] ?? '';
/** What leaves the failure what it is. */
const KEEPING: readonly Mutation[] = [
  (message) => `${message}\n${message}`,
  (message) => `${message}, ${message}`,
  (message) => `[${message}, ${message}]`,
  (message) => `Back-off pulling image "a.azurecr.io/b:1": ErrImagePull: ${message}`,
  (message) => `Failed to pull image "a.azurecr.io/b:1": rpc error: code = Unknown desc = ${message}`,
  (message) => `Error response from daemon: ${message}`,
  (message) => JSON.stringify(message),
  (message) => message.replace(/\s+/g, '\n  '),
  (message) => message.replace(/ /g, '\u00a0 '),
  (message, number) =>
    message.replace(
      /(?<=\/\/|")[\w<>*-]+(\.[\w<>*-]+)*\.azurecr\.io(?=\/)/g,
      pick(HOSTS.slice(0, 3), number),
    ),
  (message, number) =>
    message.replace(
      /(azurecr\.io)\/[\w./-]+?(:[\w.-]+)?"/g,
      `$1/${pick(REPOSITORIES, number)}:${pick(TAGS, number)}"`,
    ),
  (message, number) => `pod ${pick(REPOSITORIES, number)}: ${message}`,
  (message) => `\u001b[31m${message}\u001b[0m`,
];
/** What may take the failure's words away. */
const CUTTING: readonly Mutation[] = [
  (message, number) => message.slice(0, number % (message.length + 1)),
  (message, number) => message.slice(number % (message.length + 1)),
  (message, number) =>
    message.slice(0, number % (message.length + 1)) + message.slice((number * 7) % (message.length + 1)),
  (message, number) => `${message.slice(0, number % (message.length + 1))}…`,
  (message, number) => message.repeat(1 + (number % 12)),
];
const ALL = [...KEEPING, ...CUTTING];

suiteUnless(missingCorpus, 'mutated messages', () => {
  const records = pullRecords();
  const number = fc.nat(1_000_000);
  const mutation = fc.record({
    of: fc.nat(Math.max(records.length - 1, 0)),
    steps: fc.array(fc.record({ by: fc.nat(ALL.length - 1), number }), { minLength: 1, maxLength: 3 }),
  });

  it(`${RUNS} of them never crash, and never turn a refusal into a pass or a sure error`, () => {
    let refusals = 0;
    fc.assert(
      fc.property(mutation, ({ of, steps }) => {
        const record = records[of];
        if (record === undefined) return;
        const text = steps.reduce(
          (message, step) => ALL[step.by]?.(message, step.number) ?? message,
          record.event_message,
        );
        const verdict = rank(parseSymptom(text));
        const [first] = verdict.causes;
        const told = (what: string): Error => new Error(`${record.id}: ${what}: ${text}`);
        if (record.cause !== 'check-ok' && first?.id === 'check-ok') throw told('a pass');
        if (familyOf(record.cause as CauseId) !== 'access' || record.message_alone_sufficient) return;
        refusals += 1;
        if (verdict.determined) throw told(`surely ${first?.id ?? ''}`);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    tellCount('refusals mutated', refusals);
    expect(refusals).toBeGreaterThan(1_000);
  });

  it('that keep their words keep their cause', () => {
    fc.assert(
      fc.property(fc.nat(records.length - 1), fc.nat(KEEPING.length - 1), number, (of, by, given) => {
        const record = records[of];
        if (record === undefined) return;
        const before = rank(parseSymptom(record.event_message));
        const after = rank(parseSymptom(KEEPING[by]?.(record.event_message, given) ?? ''));
        expect([record.id, by, after.causes[0]?.id, after.determined]).toEqual([
          record.id,
          by,
          before.causes[0]?.id,
          before.determined,
        ]);
      }),
      { seed: SEED, numRuns: 4_000 },
    );
  });
});
