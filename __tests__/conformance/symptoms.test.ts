/** What messages tell, held against real ones: the corpus's causes, and its captures of clusters and runtimes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CAUSES, isCause } from '../../src/core/diagnosis/causes.js';
import type { Cause } from '../../src/core/diagnosis/causes.js';
import { CANDIDATES } from '../../src/core/diagnosis/ranking/candidates.js';
import type { Candidate } from '../../src/core/diagnosis/ranking/candidates.js';
import type { Facts } from '../../src/core/diagnosis/ranking/facts.js';
import { rank } from '../../src/core/diagnosis/ranking/rank.js';
import type { Verdict } from '../../src/core/diagnosis/ranking/rank.js';
import { parseSymptom } from '../../src/core/diagnosis/symptoms/parse.js';
import { RULES } from '../../src/core/diagnosis/symptoms/rules.js';
import { suiteUnless } from '../skip.js';
import { FACTS, pullRecords, sourceName } from './pull-corpus.js';
import type { PullRecord } from './pull-corpus.js';
import { missingCorpus, tellCount } from './recordings.js';

const PAGE = fileURLToPath(new URL('../../docs/messages.md', import.meta.url));

/** Whether something still stands once a source is left out. */
const taughtWithout = (sources: readonly string[] | undefined, left: string | undefined): boolean =>
  left === undefined || sources === undefined || sources.some((source) => source !== left);

/** The verdict on a message, by what the other sources taught. */
function verdictWithout(message: string, facts: Facts, left?: string): Verdict {
  const candidates = Object.fromEntries(
    Object.entries(CANDIDATES).map(([sign, offered]) => [
      sign,
      offered.filter(({ cause }: Candidate) =>
        taughtWithout((CAUSES as Record<string, Cause>)[cause]?.sources, left),
      ),
    ]),
  );
  const rules = RULES.filter(({ learntFrom }) => taughtWithout(learntFrom, left));
  return rank(parseSymptom(message, rules), facts, candidates);
}

/** Right: first where the words suffice; else undetermined, and among those offered. */
function isRight({ cause, message_alone_sufficient }: PullRecord, { determined, causes }: Verdict): boolean {
  if (message_alone_sufficient) return causes[0]?.id === cause;
  return !determined && causes.some(({ id }) => id === cause);
}

suiteUnless(missingCorpus, 'messages with a known cause', () => {
  const records = pullRecords();
  const enough = records.filter(({ message_alone_sufficient }) => message_alone_sufficient);
  const short = records.filter(({ message_alone_sufficient }) => !message_alone_sufficient);
  const share = (part: readonly unknown[], whole: readonly unknown[]): number =>
    (100 * part.length) / whole.length;

  it('have causes of the catalogue', () => {
    expect(records.filter(({ cause }) => !isCause(cause))).toEqual([]);
  });

  it('that suffice: the right cause first for at least 95 %, and no wrong one is sure', () => {
    const verdicts = enough.map((record) => ({ ...record, ...verdictWithout(record.event_message, {}) }));
    const wrong = verdicts.filter((one) => !isRight(one, one));
    expect(wrong.filter(({ determined }) => determined).map(({ id, causes }) => [id, causes[0]?.id])).toEqual(
      [],
    );
    const right = verdicts.filter((one) => isRight(one, one));
    tellCount(
      `messages that suffice: ${right.length} right, ${right.filter(({ determined }) => determined).length} of them sure; not right: ${wrong.map(({ id }) => id).join(' ')}`,
      enough.length,
    );
    expect(share(right, enough)).toBeGreaterThanOrEqual(95);
  });

  it('that do not suffice: all undetermined, with the right cause among those offered', () => {
    const wrong = short.filter((record) => !isRight(record, verdictWithout(record.event_message, {})));
    expect(
      wrong.map(({ id, cause, event_message }) => [
        id,
        cause,
        verdictWithout(event_message, {}).causes.map((one) => one.id),
      ]),
    ).toEqual([]);
    tellCount('messages that do not suffice', short.length);
  });

  it.each(short.filter(({ id }) => id in FACTS))(
    '$id is decided by what its thread tells besides',
    ({ id, cause, event_message }) => {
      const { determined, causes } = verdictWithout(event_message, FACTS[id] ?? {});
      expect({ determined, first: causes[0]?.id }).toEqual({ determined: true, first: cause });
    },
  );

  it('are judged nearly as well by what the other sources taught', () => {
    const whole = records.filter((record) => isRight(record, verdictWithout(record.event_message, {})));
    const others = records.filter((record) =>
      isRight(record, verdictWithout(record.event_message, {}, sourceName(record.source))),
    );
    const lost = whole.filter((record) => !others.includes(record)).map(({ id }) => id);
    tellCount(`messages each judged without its own source; lost: ${lost.join(' ')}`, records.length);
    expect(share(whole, records) - share(others, records)).toBeLessThanOrEqual(10);
    // None of what is lost may turn into a sure error.
    const sure = records.filter((record) => {
      const { determined, causes } = verdictWithout(record.event_message, {}, sourceName(record.source));
      return determined && causes[0]?.id !== record.cause;
    });
    expect(sure.map(({ id }) => id)).toEqual([]);
  });
});

suiteUnless(missingCorpus, 'the table of scores', () => {
  it('is what was measured', () => {
    const records = pullRecords();
    const kinds: readonly [string, string, (record: PullRecord) => boolean, (record: PullRecord) => Facts][] =
      [
        ['the words suffice', 'the right cause first', (one) => one.message_alone_sufficient, () => ({})],
        [
          "the words don't suffice",
          'undetermined, with the right cause among those offered',
          (one) => !one.message_alone_sufficient,
          () => ({}),
        ],
        [
          "the words don't suffice, with what the thread tells besides",
          'determined, and the right cause',
          ({ id }) => id in FACTS,
          ({ id }) => FACTS[id] ?? {},
        ],
      ];
    const rows = kinds.map(([messages, right, belongs, factsOf]) => {
      const all = records.filter(belongs);
      const score = (left: (record: PullRecord) => string | undefined): string => {
        const verdicts = all.map((record) => ({
          record,
          verdict: verdictWithout(record.event_message, factsOf(record), left(record)),
        }));
        const good = verdicts.filter(({ record, verdict }) =>
          right.startsWith('determined')
            ? verdict.determined && verdict.causes[0]?.id === record.cause
            : isRight(record, verdict),
        );
        const lies = verdicts.filter(
          ({ record, verdict }) => verdict.determined && verdict.causes[0]?.id !== record.cause,
        );
        return `${good.length} (${((100 * good.length) / all.length).toFixed(1)} %); ${lies.length} surely wrong`;
      };
      return [
        messages,
        `${all.length}`,
        right,
        score(() => undefined),
        score(({ source }) => sourceName(source)),
      ];
    });
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    const head = ['messages', 'number', 'right is', 'by all sources', 'each without its own source'];
    const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
    const told = readFileSync(PAGE, 'utf8');
    const wanted = told.replace(
      /(<!-- scores:begin -->\n)[^]*?(<!-- scores:end -->)/,
      (_all, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, wanted);
    expect(readFileSync(PAGE, 'utf8')).toBe(wanted);
  });
});

describe('leaving sources out', () => {
  it('leaves out what they alone taught', () => {
    const lonely = RULES.filter(({ learntFrom }) => learntFrom.every((source) => source === learntFrom[0]));
    for (const { learntFrom } of lonely) expect(taughtWithout(learntFrom, learntFrom[0])).toBe(false);
    expect(taughtWithout(['a', 'b'], 'a')).toBe(true);
  });
});
