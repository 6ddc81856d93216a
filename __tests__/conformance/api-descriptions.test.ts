/** Requests that the core makes, and answers that the simulator gives, are as Azure's own API descriptions say. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RawInputs } from '../../src/core/inputs.js';
import { matchPath } from '../../src/simulator/routes.js';
import type { ModelledRoute } from '../../src/simulator/routes.js';
import { suiteUnless } from '../skip.js';
import { missingRecordings, tellCount } from './recordings.js';
import { add, coreExchanges, sweptExchanges } from './support/arm-exchanges.js';
import { missingDescriptions, openDescriptions } from './support/arm-openapi.js';
import type { ArmExchange, Descriptions, Held } from './support/arm-openapi.js';
import { DEVIATIONS, deviationOf, isListedUndescribed, UNDESCRIBED } from './support/deviations.js';
import type { Deviation } from './support/deviations.js';
import { holdSection, table } from './support/document.js';
import { interactions } from './support/interactions.js';
import { replay } from './support/replay.js';

/** Which of the exchanges: by who made them. */
type Origin = 'core' | 'sweep' | 'recorded';

interface Checked {
  origin: Origin;
  exchange: ArmExchange;
  held: Held;
}

const CONNECTED: RawInputs[] = [
  { mode: 'connect' },
  { mode: 'check' },
  { mode: 'plan' },
  { mode: 'disconnect' },
];
const ACCESS: RawInputs[] = CONNECTED.map((one) => ({ ...one, verify: 'access' }));

suiteUnless(missingDescriptions ?? missingRecordings, "Azure's API descriptions", () => {
  let descriptions: Descriptions;
  let routes: readonly ModelledRoute[] = [];
  let results: string[] = [];
  const checked: Checked[] = [];
  afterAll(() => descriptions.close());

  beforeAll(async () => {
    descriptions = await openDescriptions();
    const check = async (origin: Origin, exchanges: readonly ArmExchange[]): Promise<void> => {
      for (const exchange of exchanges)
        checked.push({ origin, exchange, held: await descriptions.hold(exchange) });
    };
    for (const [scenario, runs] of [
      ['first-run', withVerify(CONNECTED, 'pull')],
      ['abac', ACCESS],
      ['abac-with-acrpull', ACCESS],
      ['no-rights', ACCESS],
    ] as const) {
      const run = await coreExchanges(scenario, runs);
      await check('core', run.exchanges);
      results = [...results, ...run.results.map((result) => `${scenario} ${result}`)];
    }
    const swept = await sweptExchanges((provider) => descriptions.versions(provider));
    routes = swept.routes;
    await check('sweep', swept.exchanges);
    const { replayed } = await replay(
      interactions().filter(({ request }) => request.url.hostname === 'management.azure.com'),
    );
    const recorded: ArmExchange[] = [];
    for (const one of replayed) {
      if (!('served' in one) || !isJson(one.interaction.request.body)) continue;
      add(recorded, {
        method: one.interaction.request.method,
        url: one.interaction.request.url.href.replace(/(?<!:)\/{2,}/g, '/'),
        requestText: one.interaction.request.body,
        status: one.served.status,
        headers: one.served.headers ?? {},
        responseText: one.served.body,
      });
    }
    await check('recorded', recorded);
    tellCount('descriptions held against exchanges', checked.length);
  }, 300_000);

  it('the runs did what they were to do', () => {
    expect(results).toEqual([
      'first-run connect: passed',
      'first-run check: passed',
      'first-run plan: passed',
      'first-run disconnect: passed',
      'abac connect: passed',
      'abac check: passed',
      'abac plan: passed',
      'abac disconnect: passed',
      'abac-with-acrpull connect: passed',
      'abac-with-acrpull check: passed',
      'abac-with-acrpull plan: passed',
      'abac-with-acrpull disconnect: passed',
      'no-rights connect: failed',
      'no-rights check: failed',
      'no-rights plan: passed',
      'no-rights disconnect: passed',
    ]);
    for (const origin of ['core', 'sweep', 'recorded'])
      expect(checked.filter((one) => one.origin === origin).length).toBeGreaterThan(20);
  });

  /** Issues that nothing explains, alike ones once, with one of their requests. */
  const issuesOf = (derived: boolean, origin: Origin): object[] => {
    const found = new Map<string, { versions: Set<string>; request: string; message: string }>();
    for (const { origin: from, exchange, held } of checked) {
      if (from !== origin || 'undescribed' in held || held.derived !== derived) continue;
      for (const issue of held.issues.filter((one) => deviationOf(held, one) === undefined)) {
        const places = new Set(issue.at.map((pointer) => pointer.replace(/\/\d+(?=\/|$)/g, '/*')));
        const key = `${held.operation} ${issue.side} ${issue.code} ${[...places].join(' ')}`;
        const request = `${exchange.method} ${exchange.url} -> ${exchange.status}`;
        const row = found.get(key) ?? { versions: new Set<string>(), request, message: issue.message };
        found.set(key, { ...row, versions: row.versions.add(held.used) });
      }
    }
    return [...found].map(([issue, row]) => ({ issue, ...row, versions: [...row.versions].join(' ') }));
  };

  it.each(['core', 'sweep', 'recorded'] as const)('exchanges of the %s have no issue', (origin) => {
    expect(issuesOf(false, origin)).toEqual([]);
  });

  it.each(['core', 'sweep', 'recorded'] as const)(
    'exchanges of the %s at versions whose descriptions are derived from older ones (weaker evidence) have no issue',
    (origin) => {
      expect(issuesOf(true, origin)).toEqual([]);
    },
  );

  it('what is described nowhere is listed, and what is listed is needed', () => {
    const undescribed = checked.flatMap(({ origin, exchange, held }) =>
      'undescribed' in held ? [{ origin, exchange }] : [],
    );
    const unlisted = undescribed.filter(
      ({ origin, exchange }) => !isListedUndescribed(exchange, origin === 'sweep'),
    );
    expect([...new Set(unlisted.map(({ exchange }) => `${exchange.method} ${exchange.url}`))]).toEqual([]);
    const needless = UNDESCRIBED.filter(
      ({ path }) => !undescribed.some(({ exchange }) => path.test(new URL(exchange.url).pathname)),
    );
    expect(needless.map(({ path }) => String(path))).toEqual([]);
  });

  it('every deviation of ours is needed', () => {
    const used = new Set<Deviation | undefined>(
      checked.flatMap(({ held }) =>
        'undescribed' in held ? [] : held.issues.map((issue) => deviationOf(held, issue)),
      ),
    );
    expect(DEVIATIONS.filter((one) => !used.has(one)).map(({ at }) => String(at))).toEqual([]);
  });

  it('docs/conformance.md tells what was exercised and what was not', () => {
    holdSection('api-descriptions', section(checked, routes, descriptions));
  });
});

function withVerify(runs: readonly RawInputs[], verify: string): RawInputs[] {
  return runs.map((one) => ({ ...one, verify, image: 'shop/web:1.4.2' }));
}

function isJson(text: string): boolean {
  try {
    return text === '' || JSON.parse(text) !== undefined;
  } catch {
    return false;
  }
}

function section(
  checked: readonly Checked[],
  routes: readonly ModelledRoute[],
  descriptions: Descriptions,
): string {
  const operations = new Map<
    string,
    Record<Origin, number> & { versions: Set<string>; derived: Set<string> }
  >();
  for (const { origin, held } of checked) {
    if ('undescribed' in held) continue;
    const row = operations.get(held.operation) ?? {
      core: 0,
      sweep: 0,
      recorded: 0,
      versions: new Set<string>(),
      derived: new Set<string>(),
    };
    row[origin] += 1;
    (held.derived ? row.derived : row.versions).add(held.used);
    operations.set(held.operation, row);
  }
  const yes = (count: number): string => (count === 0 ? '' : 'yes');
  const exercised = (route: ModelledRoute): boolean =>
    checked.some(
      ({ exchange }) =>
        exchange.method === route.method &&
        matchPath(route.path, decodeURIComponent(new URL(exchange.url).pathname), { ignoreCase: true }) !==
          undefined,
    );
  const never = routes.filter((route) => !exercised(route));
  const all = descriptions.operations();
  return [
    'Every request to the resource manager that the core makes in connect, check, plan and disconnect over the built-in scenarios, every read that the simulator models at every api-version that is described, and every answer to a recorded request are validated (oav), requests and answers alike. There is no issue but the known deviations of the real service and those listed here.',
    table(
      [
        'operation',
        "the core's runs",
        'sweep',
        'recorded requests',
        'versions',
        'versions by derived descriptions',
      ],
      [...operations]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([operation, row]) => [
          `\`${operation}\``,
          yes(row.core),
          yes(row.sweep),
          yes(row.recorded),
          [...row.versions].sort().join(', '),
          [...row.derived].sort().join(', '),
        ]),
    ),
    '### Deviations',
    table(
      ['where', 'why'],
      DEVIATIONS.map(({ operation, at, reason }) => [`\`${operation.source}\` \`${at.source}\``, reason]),
    ),
    '### Described nowhere',
    table(
      ['path', 'why'],
      UNDESCRIBED.map(({ path, reason }) => [
        `\`${path.source.replaceAll('\\/', '/').replaceAll('\\.', '.')}\``,
        reason,
      ]),
    ),
    '### Never exercised',
    never.length === 0
      ? 'Every modelled route of the resource manager was exercised.'
      : `Modelled routes: ${never.map(({ name }) => `\`${name}\``).join(', ')}.`,
    ...[...all].map(([provider, names]) => {
      const left = names.filter((name) => !operations.has(name));
      return `Described operations of ${provider}, which the simulator has no need of (${left.length} of ${names.length}): ${left.map((name) => `\`${name}\``).join(', ')}.`;
    }),
  ].join('\n\n');
}
