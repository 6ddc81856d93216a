import { describe, expect, it } from '@jest/globals';
import { loadScenario, ScenarioError } from '../../../src/simulator/cloud/scenario.js';
import { createRuleBook } from '../../../src/simulator/faults/index.js';
import type { Asked } from '../../../src/simulator/faults/index.js';

const ASKED: Asked = {
  from: 'clients',
  host: 'management.azure.com',
  service: 'arm',
  method: 'GET',
  path: '/subscriptions/1/providers/Microsoft.X/things/a?api-version=1',
};

/** Which of so many like requests a rule strikes. */
function struck(
  rule: string,
  requests: readonly Partial<Asked>[],
  { seed = 1, now = () => 0 } = {},
): number[] {
  const { faults } = loadScenario(`{name: test, faults: [{fault: reset, ${rule}}]}`, 0);
  const book = createRuleBook(faults, seed, now);
  return requests.flatMap((more, index) =>
    book.strikes(['request', 'answer'], { ...ASKED, ...more }) === undefined ? [] : [index + 1],
  );
}
const times = (count: number): Partial<Asked>[] => Array.from({ length: count }, () => ({}));

describe('a rule strikes', () => {
  it.each([
    ['service: arm', true],
    ['service: acr', false],
    ['host: "*.azure.com"', true],
    ['host: "*.azurecr.io"', false],
    ['method: GET', true],
    ['method: PUT', false],
    ['path: "/SUBSCRIPTIONS/*/providers/**"', true],
    ['path: "/subscriptions/*"', false],
    ['path: "/subscriptions/1/providers/Microsoft.X/things/a"', true],
    ['from: nodes', false],
    ['from: all', true],
  ])('by %s: %s', (rule, expected) => {
    expect(struck(rule, times(1))).toEqual(expected ? [1] : []);
  });

  it('by its route only once that is named, and by no route only before', () => {
    expect(struck('route: GET thing', [{}, { route: 'GET thing' }, { route: 'GET other' }])).toEqual([2]);
    expect(struck('service: arm', [{}, { route: 'GET thing' }])).toEqual([1]);
  });

  it('the nth, several, the first ones', () => {
    expect(struck('nth: 2', times(4))).toEqual([2]);
    expect(struck('nth: [1, 3]', times(4))).toEqual([1, 3]);
    expect(struck('first: 2', times(4))).toEqual([1, 2]);
    // Only what fits is counted.
    expect(struck('nth: 2, method: PUT', [{ method: 'PUT' }, {}, { method: 'PUT' }])).toEqual([3]);
  });

  it('between two times since the start', () => {
    let at = 0;
    const { faults } = loadScenario('{name: test, faults: [{fault: reset, after: 10s, until: 20s}]}', 0);
    const book = createRuleBook(faults, 1, () => at);
    const when = [0, 9_999, 10_000, 19_999, 20_000].filter((time) => {
      at = time;
      return book.strikes(['request'], ASKED) !== undefined;
    });
    expect(when).toEqual([10_000, 19_999]);
  });

  it('with a probability, by the seed: the same each time, another with another seed', () => {
    const some = struck('percent: 30', times(200));
    expect(some.length).toBeGreaterThan(30);
    expect(some.length).toBeLessThan(90);
    expect(struck('percent: 30', times(200))).toEqual(some);
    expect(struck('percent: 30', times(200), { seed: 2 })).not.toEqual(some);
    expect(struck('percent: 100', times(5))).toEqual([1, 2, 3, 4, 5]);
  });

  it('alone: the rules after it are neither asked nor counted', () => {
    const { faults } = loadScenario(
      '{name: test, faults: [{fault: reset, first: 1}, {fault: stall, first: 1}]}',
      0,
    );
    const book = createRuleBook(faults, 1, () => 0);
    const kinds = times(3).map(() => book.strikes(['request'], ASKED)?.fault);
    expect(kinds).toEqual(['reset', 'stall', undefined]);
    const withdraw = book.add({ ...book.strikes(['request'], ASKED), ...(faults[0] ?? raise()) });
    expect(book.strikes(['request'], ASKED)?.fault).toBe('reset');
    withdraw();
    expect(book.strikes(['request'], ASKED)).toBeUndefined();
  });
});

describe('an unusable rule', () => {
  it('is refused with all that is wrong, each with its path', () => {
    const problems = (): string[] => {
      try {
        loadScenario(
          `{name: test, faults: [
            {fault: throttled, retryAfterForm: date},
            {fault: clock-ahead, lag: 1s},
            {fault: dns, method: GET},
            {fault: reset, after: 2s, until: 1s, nth: 0, percent: 101},
            {fault: throttled, service: acr, retryAfter: 1s, retryAfterForm: body},
            {fault: nothing}]}`,
          0,
        );
      } catch (error) {
        if (error instanceof ScenarioError) return error.problems.map(({ path }) => path);
        throw error;
      }
      return [];
    };
    expect(problems().sort()).toEqual([
      'faults[0].retryAfter',
      'faults[1].by',
      'faults[1].lag',
      'faults[2].method',
      'faults[3].nth',
      'faults[3].percent',
      'faults[3].until',
      'faults[4].retryAfterForm',
      'faults[5].fault',
    ]);
  });
});

function raise(): never {
  throw new Error('there is no rule');
}
