import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCondition } from '../../../src/core/azure/condition-syntax.js';
import {
  coversRepository,
  distinctRepositories,
  readRepositoryCondition,
  repositoryCondition,
} from '../../../src/core/azure/condition.js';
import { conditionMet } from '../../../src/simulator/cloud/condition.js';

const CONTENT = 'Microsoft.ContainerRegistry/registries/repositories/content/read';
const METADATA = 'Microsoft.ContainerRegistry/registries/repositories/metadata/read';
const NAME = 'Microsoft.ContainerRegistry/registries/repositories:name';
const GUARD = `(!(ActionMatches{'${CONTENT}'}) AND !(ActionMatches{'${METADATA}'}))`;

/** Whether Azure, as it is simulated, lets a repository through. */
const lets = (condition: string, repository: string, action = CONTENT): boolean =>
  conditionMet(condition, { action, attributes: { [NAME]: repository } });

const part = fc.stringMatching(/^[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?$/);
const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const pattern = fc.oneof(
  name,
  name.map((prefix) => `${prefix}/*`),
);

describe('the condition', () => {
  it('is the documented one for one repository and for a prefix', () => {
    expect(repositoryCondition(['hello-world'])).toBe(
      `(${GUARD} OR (@Request[${NAME}] StringEqualsIgnoreCase 'hello-world'))`,
    );
    expect(repositoryCondition(['backend/*'])).toBe(
      `(${GUARD} OR (@Request[${NAME}] StringStartsWithIgnoreCase 'backend/'))`,
    );
  });

  it('groups three and more by parentheses, two by two', () => {
    const one = (text: string): string => `@Request[${NAME}] StringEqualsIgnoreCase '${text}'`;
    expect(repositoryCondition(['c', 'a', 'b'])).toBe(
      `(${GUARD} OR ((${one('a')} OR ${one('b')}) OR ${one('c')}))`,
    );
  });

  it('does not depend on order or repetition, and leaves out what another one covers', () => {
    expect(repositoryCondition(['team/app', 'b', 'team/*', 'B'])).toBe(repositoryCondition(['b', 'team/*']));
  });

  it.each([`it's`, 'a\\b', 'a*', '${x}', 'a b', 'A\nb', "x') OR (1 == 1", '', '/*', '*'])(
    'is refused for %j, which is no repository',
    (text) => {
      expect(() => repositoryCondition([text])).toThrow('is no repository');
    },
  );

  it('is refused for none at all', () => {
    expect(() => repositoryCondition([])).toThrow('at least one');
  });

  it('lets through exactly what is asked, and every other action', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 6 }), name, (patterns, repository) => {
        const condition = repositoryCondition(patterns);
        for (const action of [CONTENT, METADATA])
          expect(lets(condition, repository, action)).toBe(coversRepository(patterns, repository));
        for (const own of patterns.filter((one) => !one.endsWith('/*')))
          expect(lets(condition, own)).toBe(true);
        for (const own of patterns.filter((one) => one.endsWith('/*'))) {
          expect(lets(condition, `${own.slice(0, -1)}below`)).toBe(true);
        }
        expect(lets(condition, repository, 'Microsoft.ContainerRegistry/registries/catalog/read')).toBe(true);
      }),
    );
  });
});

describe('reading a condition back', () => {
  it('gives what was written, whatever blanks and casing others put into it', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 6 }), (patterns) => {
        const condition = repositoryCondition(patterns);
        expect(readRepositoryCondition(condition)).toEqual(distinctRepositories(patterns));
        const spread = condition.replaceAll('(', '\n ( ').replaceAll(' OR ', '\r\n\tor\n');
        expect(readRepositoryCondition(spread)).toEqual(distinctRepositories(patterns));
      }),
    );
  });

  const ONE = `@Request[${NAME}] StringEqualsIgnoreCase 'a'`;
  it.each([
    ['nothing', ''],
    ['another attribute', `(${GUARD} OR (@Request[x:name] StringEqualsIgnoreCase 'a'))`],
    ['the early form with @Resource', `(${GUARD} OR (@Resource[${NAME}] StringEqualsIgnoreCase 'a'))`],
    ['another operator', `(${GUARD} OR (@Request[${NAME}] StringNotEqualsIgnoreCase 'a'))`],
    ['a prefix without its slash', `(${GUARD} OR (@Request[${NAME}] StringStartsWithIgnoreCase 'team'))`],
    ['a name that ends in a slash', `(${GUARD} OR (@Request[${NAME}] StringEqualsIgnoreCase 'team/'))`],
    ['a name with a blank', `(${GUARD} OR (@Request[${NAME}] StringEqualsIgnoreCase 'a b'))`],
    ['two joined by AND', `(${GUARD} OR (${ONE} AND ${ONE}))`],
    ['a negation', `(${GUARD} OR (!(${ONE})))`],
    ['two side by side', `(${GUARD} OR (${ONE} ${ONE}))`],
    ['more after it', `(${GUARD} OR (${ONE})) AND (${ONE})`],
    ['a guard of one action', `((!(ActionMatches{'${CONTENT}'})) OR (${ONE}))`],
    ['no comparison', `(${GUARD} OR ())`],
    ['our own sign in its place', `(${GUARD} OR (#))`],
    ['a quote that has no other', `(${GUARD} OR (@Request[${NAME}] StringEqualsIgnoreCase 'a))`],
  ])('is given up for %s', (_what, condition) => {
    expect(readRepositoryCondition(condition)).toBeUndefined();
  });
});

it('quotes within an attribute make it unreadable: what follows would get the texts of others', () => {
  expect(parseCondition("@Request[a''] StringEquals 'c'")).toBeUndefined();
  expect(parseCondition("@Request[a] StringEquals 'c'")).toMatchObject({ right: { values: ['c'] } });
});

describe('what covers what', () => {
  it.each([
    [['a'], 'a', true],
    [['a'], 'A', true],
    [['a'], 'a/b', false],
    [['team/*'], 'team/a/b', true],
    [['team/*'], 'team/*', true],
    [['team/*'], 'team/sub/*', true],
    [['team/*'], 'team', false],
    [['team/*'], 'teams/a', false],
    [['team/a'], 'team/*', false],
    [[], 'a', false],
  ])('%j and %s: %s', (patterns, repository, covered) => {
    expect(coversRepository(patterns, repository)).toBe(covered);
  });
});
