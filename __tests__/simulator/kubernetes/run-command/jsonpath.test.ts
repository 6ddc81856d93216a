import { describe, expect, it } from '@jest/globals';
import { NotModelled } from '../../../../src/simulator/net/exchange.js';
import { fillTemplate } from '../../../../src/simulator/kubernetes/run-command/kubectl/jsonpath.js';

const OBJECT = {
  metadata: { name: 'x', labels: { 'a.b/c': 'd', e: '<f>' } },
  items: [
    { name: 'one', count: 1, ready: true },
    { name: 'two', count: 2, ready: false, more: null },
  ],
};

describe('a JSONPath of kubectl', () => {
  it.each([
    ['{.metadata.name}', 'x'],
    ['.metadata.name', 'x'],
    ['{$.metadata.name}!', 'x!'],
    ['{.metadata.labels}', '{"a.b/c":"d","e":"\\u003cf\\u003e"}'],
    ["{.metadata.labels['a.b/c']}", 'd'],
    ['{.metadata.labels.a\\.b/c}', undefined],
    ['{.items[*].name}', 'one two'],
    ['{.items[1].count}', '2'],
    ['{.items[-1].name}', 'two'],
    ['{.items[?(@.count==2)].name}', 'two'],
    ['{.items[?(@.name!="two")].name}', 'one'],
    ['{.items[?(@.ready==true)].name}', 'one'],
    ['{.items[1].more}', 'null'],
    ['{.nothing.at.all}', ''],
    ['{range .items[*]}{.name}={.count}{"\\n"}{end}', 'one=1\ntwo=2\n'],
    ['{range .items[*]}{.name}', undefined],
    ['{.items[0:1]}', undefined],
    ['{..name}', undefined],
    ['{.items[?(@.count>1)]}', undefined],
    ['{', undefined],
  ])('%s gives %j', (template, text) => {
    if (text === undefined) expect(() => fillTemplate(template, OBJECT)).toThrow(NotModelled);
    else expect(fillTemplate(template, OBJECT)).toBe(text);
  });
});
