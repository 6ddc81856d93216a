import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asBoolean, asList, asNumber, asText, at, optional, parseJson } from '../../src/core/json.js';

describe('at', () => {
  it('walks objects and stops at anything else', () => {
    expect(at({ a: { b: 1 } }, 'a', 'b')).toBe(1);
    expect(at({ a: { b: 1 } }, 'a', 'c', 'd')).toBeUndefined();
    expect(at({ a: [{ b: 1 }] }, 'a', '1', 'b')).toBeUndefined();
    expect(at({}, 'constructor')).toBeUndefined();
    expect(at({ a: {} }, 'a', '__proto__')).toBeUndefined();
    expect(at(null, 'a')).toBeUndefined();
    expect(at('text', 'length')).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.string()), (value, path) => {
        at(value, ...path);
      }),
    );
  });
});

it('takes values only for what they are', () => {
  expect([asText('x'), asText(''), asText(1), asText(null)]).toEqual(['x', undefined, undefined, undefined]);
  expect([asBoolean(false), asBoolean('false'), asBoolean(0)]).toEqual([false, undefined, undefined]);
  expect([asNumber(0), asNumber('0'), asNumber(Number.NaN)]).toEqual([0, undefined, undefined]);
  expect([asList([1]), asList({ 0: 1 }), asList(undefined)]).toEqual([[1], [], []]);
  expect([parseJson('{"a":1}'), parseJson('<html>'), parseJson('')]).toEqual([
    { a: 1 },
    undefined,
    undefined,
  ]);
  expect([optional('a', 0), optional('a', undefined)]).toEqual([{ a: 0 }, {}]);
});
