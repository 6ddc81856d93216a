/** What Azure answered once, the simulator answers too, from the state that the answer implies. */
import { beforeAll, expect, it } from '@jest/globals';
import { suiteUnless } from '../skip.js';
import { missingRecordings, tellCount } from './recordings.js';
import { differences } from './support/compare.js';
import type { Difference } from './support/compare.js';
import { holdSection, table } from './support/document.js';
import { explain, EXPLANATIONS, FORMS, isFormOnly } from './support/explained.js';
import type { Explanation } from './support/explained.js';
import { impliedRoutes } from './support/implied-state.js';
import { interactions } from './support/interactions.js';
import { replay } from './support/replay.js';
import type { Replayed } from './support/replay.js';

interface Outcome {
  replayed: Replayed;
  explained: { difference: Difference; by: Explanation }[];
  unexplained: Difference[];
}

suiteUnless(missingRecordings, 'recorded traffic', () => {
  const recorded = interactions();
  const files = [...new Set(recorded.map(({ file }) => file))];
  let outcomes: Outcome[] = [];

  beforeAll(async () => {
    const { replayed } = await replay(recorded);
    outcomes = replayed.map(outcomeOf);
    tellCount('interactions, sent to the simulator', outcomes.filter(isHeld).length);
  }, 300_000);

  it.each(files)('%s: no unexplained difference', (file) => {
    const unexplained = outcomes
      .filter(({ replayed }) => replayed.interaction.file === file)
      .flatMap(({ replayed, unexplained: left }) =>
        left.map((difference) => ({ recording: replayed.interaction.id, ...difference })),
      );
    expect(unexplained).toEqual([]);
  });

  it('every explanation explains something', () => {
    const used = new Set(outcomes.flatMap(({ explained }) => explained.map(({ by }) => by)));
    expect(
      EXPLANATIONS.filter((one) => !used.has(one)).map(({ at, reason }) => `${String(at)}: ${reason}`),
    ).toEqual([]);
  });

  it('every form is needed, and every rule of what is implied', () => {
    const routes = new Set(outcomes.map(({ replayed }) => replayed.route?.name));
    expect(impliedRoutes.filter((name) => !routes.has(name))).toEqual([]);
    const needless = FORMS.filter(
      (form) =>
        !outcomes.some(
          ({ replayed }) =>
            'served' in replayed &&
            form.route.test(replayed.route.name) &&
            differences(replayed.interaction.response, replayed.served, () => false).some(({ at }) =>
              form.at.test(at),
            ),
        ),
    );
    expect(needless.map(({ at }) => String(at))).toEqual([]);
  });

  it('docs/conformance.md tells it all', () => {
    holdSection('recorded-traffic', section(outcomes));
  });
});

function outcomeOf(replayed: Replayed): Outcome {
  if (!('served' in replayed)) {
    const isForgotten = replayed.notModelled.startsWith('no rule says');
    const unexplained: Difference[] = isForgotten
      ? [{ at: replayed.route?.name ?? '', kind: 'missing', recorded: replayed.notModelled }]
      : [];
    return { replayed, explained: [], unexplained };
  }
  const { interaction, route, served } = replayed;
  const outcome: Outcome = { replayed, explained: [], unexplained: [] };
  for (const difference of differences(interaction.response, served, isFormOnly(route.name))) {
    // What isn't modelled is told by its status alone.
    if (served.status === 501 && difference.at !== 'status') continue;
    const by = explain(interaction, route.name, difference);
    if (by === undefined) outcome.unexplained.push(difference);
    else outcome.explained.push({ difference, by });
  }
  return outcome;
}

function isHeld({ replayed }: Outcome): boolean {
  return 'served' in replayed && replayed.served.status !== 501;
}

/** Counts and field names only: nothing of what was recorded. */
function section(outcomes: readonly Outcome[]): string {
  const rows = new Map<string, { agree: number; differ: number; not: number }>();
  const reasons = new Map<string, Set<string>>();
  const notModelled = new Map<string, number>();
  for (const outcome of outcomes) {
    const { interaction, route } = outcome.replayed;
    const what = route?.name ?? '(no route)';
    const key = `| \`${what}\` | ${interaction.file} |`;
    const row = rows.get(key) ?? { agree: 0, differ: 0, not: 0 };
    rows.set(key, row);
    if (!isHeld(outcome)) {
      row.not += 1;
      const why = 'notModelled' in outcome.replayed ? outcome.replayed.notModelled : 'the request';
      const reason = outcome.explained[0]?.by.reason.replace('not modelled: ', '') ?? why;
      const asked = `${interaction.request.method} …/${lastWords(interaction.request.url.pathname)}`;
      const line = route === undefined ? `no route: \`${asked}\`` : `\`${route.name}\`: ${reason}`;
      notModelled.set(line, (notModelled.get(line) ?? 0) + 1);
      continue;
    }
    if (outcome.explained.length === 0) row.agree += 1;
    else row.differ += 1;
    for (const { difference, by } of outcome.explained) {
      const places = reasons.get(by.reason) ?? new Set<string>();
      places.add(`\`${difference.at.replace(/^(\/value\/\*)?\//, '').replace(/^tags\/.*/, 'tags/*')}\``);
      reasons.set(by.reason, places);
    }
  }
  const total = (pick: 'agree' | 'differ' | 'not'): number =>
    [...rows.values()].reduce((sum, row) => sum + row[pick], 0);
  return [
    `${outcomes.length} recorded interactions: ${total('agree')} agree in status, headers that matter and every field of the body; ${total('differ')} differ in places that are explained below; ${total('not')} ask for what is not modelled.`,
    table(
      ['route', 'recording', 'agreeing', 'differing, with a reason', 'not modelled'],
      [...rows]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, { agree, differ, not }]) => [
          ...key
            .split('|')
            .slice(1, 3)
            .map((cell) => cell.trim()),
          ...[agree, differ, not].map((count) => (count === 0 ? '' : String(count))),
        ]),
    ),
    '### Why they differ',
    table(
      ['reason', 'where'],
      [...reasons].sort(byFirst).map(([reason, places]) => [reason, [...places].sort().join(', ')]),
    ),
    '### What is not modelled',
    table(
      ['request', 'interactions'],
      [...notModelled].sort(byFirst).map(([line, count]) => [line, String(count)]),
    ),
  ].join('\n\n');
}

function byFirst([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

/** The types of a path, without the names of things. */
function lastWords(pathname: string): string {
  const [, provider, rest = ''] = /\/providers\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
  if (provider === undefined)
    return pathname.replace(/^\/v2\/.+\/(blobs\/uploads|manifests|referrers)(\/.*)?$/, 'v2/{repository}/$1');
  const types = rest.split('/').filter((_part, at) => at % 2 === 0);
  return `${provider}/${types.join('/')}`;
}
