/** What messages tell, held against real ones: the corpus's causes, and its captures of clusters and runtimes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { CAUSES, isCause } from '../../src/core/diagnosis/causes.js';
import type { Cause } from '../../src/core/diagnosis/cause.js';
import { CANDIDATES } from '../../src/core/diagnosis/ranking/candidates.js';
import type { Candidate } from '../../src/core/diagnosis/ranking/candidates.js';
import type { Facts } from '../../src/core/diagnosis/ranking/facts.js';
import { rank } from '../../src/core/diagnosis/ranking/rank.js';
import type { Verdict } from '../../src/core/diagnosis/ranking/rank.js';
import { parseSymptom } from '../../src/core/diagnosis/symptoms/parse.js';
import { RULES } from '../../src/core/diagnosis/symptoms/rules.js';
import { oneLine, withoutNames } from '../../src/core/diagnosis/symptoms/words.js';
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
    for (const kind of [records, enough, short]) {
      const of = (right: readonly PullRecord[]): number =>
        share(
          right.filter((record) => kind.includes(record)),
          kind,
        );
      expect(of(whole) - of(others)).toBeLessThanOrEqual(10);
    }
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

/** What a mark matches: each of its wordings by itself. */
function wordings({ source, flags }: RegExp): RegExp[] {
  const parts = [''];
  let depth = 0;
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]])*\]|[^]/g)) {
    depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    if (token === '|' && depth === 0) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts.map((part) => new RegExp(part, flags));
}

/** Their programs' sources, pages and threads show more than the messages that were kept of them. */
const SHOW_MORE = [
  'aks-canipull',
  'docs: rest/api/authorization common errors',
  'Azure/acr#695',
  'Azure/azure-cli#16490',
];

suiteUnless(missingCorpus, 'leaving a source out', () => {
  const records = pullRecords();
  const said = new Map<string, string[]>();
  for (const { source, event_message } of records) {
    const name = sourceName(source);
    said.set(name, [...(said.get(name) ?? []), withoutNames(oneLine(event_message)).words]);
  }
  const shows = (source: string, mark: RegExp): boolean =>
    (said.get(source) ?? []).some((words) => mark.test(words));

  it('takes away what it alone taught, and nothing else', () => {
    expect(taughtWithout(['a'], 'a')).toBe(false);
    expect(taughtWithout(['a', 'b'], 'a')).toBe(true);
    expect(wordings(/a|b(c|d)|[|]\|/i).map(({ source }) => source)).toEqual(['a', 'b(c|d)', '[|]\\|']);
  });

  it.each(RULES)('$sign $mark: each source that is named shows it', ({ mark, learntFrom }) => {
    const silent = learntFrom.filter((source) => said.has(source) && !shows(source, mark));
    expect(silent.filter((source) => !SHOW_MORE.includes(source))).toEqual([]);
  });

  it.each(RULES)('$sign $mark: no source vouches for what another taught', ({ mark, learntFrom }) => {
    const kept = learntFrom.filter((source) => said.has(source));
    // A program's own source, a page or a capture holds each of its wordings.
    if (kept.length < learntFrom.length || kept.some((source) => SHOW_MORE.includes(source))) return;
    for (const wording of wordings(mark)) {
      const teachers = [...said.keys()].filter((source) => shows(source, wording));
      for (const source of teachers)
        expect([wording.source, teachers.length > 1 || kept.every((one) => one === source)]).toEqual([
          wording.source,
          true,
        ]);
    }
  });
});
