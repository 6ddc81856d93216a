import { describe, expect, it } from '@jest/globals';
import { serverSideApply } from '../../../src/simulator/kubernetes/patch/apply.js';
import { jsonMerge, jsonPatch } from '../../../src/simulator/kubernetes/patch/json-merge.js';
import { strategicMerge } from '../../../src/simulator/kubernetes/patch/strategic-merge.js';
import { message } from '../../../src/simulator/kubernetes/schema/schema.js';

describe('a strategic merge patch', () => {
  const pod = message('Pod');
  const live = {
    metadata: { finalizers: ['a'], labels: { x: '1' } },
    spec: {
      containers: [
        { name: 'web', image: 'a', env: [{ name: 'A', value: '1' }] },
        { name: 'side', image: 's' },
      ],
      tolerations: [{ key: 'a' }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  };
  const patched = (patch: object) => strategicMerge(pod, live, patch as Record<string, unknown>);

  it.each([
    [
      'merges lists by their key and deletes items',
      {
        spec: {
          containers: [{ name: 'web', image: 'b' }, { name: 'side', $patch: 'delete' }, { name: 'new' }],
        },
      },
      {
        spec: {
          containers: [{ name: 'web', image: 'b', env: [{ name: 'A', value: '1' }] }, { name: 'new' }],
        },
      },
    ],
    [
      'puts items into the order it gives',
      {
        spec: {
          $setElementOrder_containers: [{ name: 'side' }, { name: 'web' }],
          containers: [{ name: 'web', tty: true }],
        },
      },
      { spec: { containers: [{ name: 'side' }, { name: 'web', tty: true }] } },
    ],
    [
      'replaces lists without a key',
      { spec: { tolerations: [{ key: 'b' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
    ],
    ['adds to sets', { metadata: { finalizers: ['b'] } }, { metadata: { finalizers: ['a', 'b'] } }],
    [
      'takes from sets',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: [] } },
    ],
    [
      'retains only the keys it names',
      { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] } },
      { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } },
    ],
    [
      'replaces maps',
      { metadata: { labels: { $patch: 'replace', y: '2' } } },
      { metadata: { labels: { y: '2' } } },
    ],
  ])('%s', (_what, patch, expected) => {
    const directive = JSON.parse(
      JSON.stringify(patch).replace('$setElementOrder_', '$setElementOrder/'),
    ) as object;
    const result = patched(directive);
    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toContain('$');
  });

  it('removes by null', () => {
    expect(patched({ metadata: { labels: null } })['metadata']).toEqual({ finalizers: ['a'] });
  });

  it('refuses an item without its key', () => {
    expect(() => patched({ spec: { containers: [{ image: 'x' }] } })).toThrow(
      'does not contain declared merge key: name',
    );
  });
});

describe('JSON patches', () => {
  it.each([
    ['add', [{ op: 'add', path: '/a/-', value: 3 }], { a: [1, 2, 3], 'b/c': 1 }],
    ['insert', [{ op: 'add', path: '/a/0', value: 0 }], { a: [0, 1, 2], 'b/c': 1 }],
    ['replace', [{ op: 'replace', path: '/b~1c', value: 2 }], { a: [1, 2], 'b/c': 2 }],
    ['remove', [{ op: 'remove', path: '/a/0' }], { a: [2], 'b/c': 1 }],
    ['move', [{ op: 'move', from: '/b~1c', path: '/d' }], { a: [1, 2], d: 1 }],
    ['copy', [{ op: 'copy', from: '/a', path: '/d' }], { a: [1, 2], 'b/c': 1, d: [1, 2] }],
    ['test', [{ op: 'test', path: '/a', value: [1, 2] }], { a: [1, 2], 'b/c': 1 }],
  ])('%s', (_op, operations, expected) => {
    expect(jsonPatch({ a: [1, 2], 'b/c': 1 }, operations)).toEqual(expected);
  });

  it.each([
    [{ op: 'test', path: '/a', value: 2 }, 'testing value /a failed'],
    [{ op: 'remove', path: '/x' }, 'remove operation does not apply'],
    [{ op: 'replace', path: '/x', value: 1 }, 'replace operation does not apply'],
    [{ op: 'add', path: '/x/y', value: 1 }, 'add operation does not apply'],
    [{ op: 'mend', path: '/a' }, 'Unexpected kind: mend'],
  ])('%j is refused', (operation, words) => {
    expect(() => jsonPatch({ a: 1 }, [operation])).toThrow(words);
  });

  it('merges by RFC 7386', () => {
    expect(jsonMerge({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null, e: { f: null } }, d: [2] })).toEqual({
      a: { c: 2, e: {} },
      d: [2],
    });
  });
});

describe('server-side apply', () => {
  const pod = message('Pod');
  const config = (image: string, ...env: string[]) => ({
    spec: { containers: [{ name: 'web', image, env: env.map((name) => ({ name, value: name })) }] },
  });

  it('takes away what its applier gave and gives no more, and nothing else', () => {
    const first = serverSideApply(pod, undefined, config('a', 'A', 'B'), 'one', new Map());
    const live = { ...first.object, metadata: { labels: { other: 'yes' } } };
    const second = serverSideApply(pod, live, config('b', 'B'), 'one', first.owners);
    expect(second.conflicts).toEqual([]);
    expect(second.object).toEqual({ ...config('b', 'B'), metadata: { labels: { other: 'yes' } } });
  });

  it('shares what two want alike, and finds where they differ', () => {
    const first = serverSideApply(pod, undefined, config('a', 'A'), 'one', new Map());
    const same = serverSideApply(pod, first.object, config('a'), 'two', first.owners);
    expect(same.conflicts).toEqual([]);
    // Not taken away: the other one still wants it.
    const left = serverSideApply(
      pod,
      same.object,
      { spec: { containers: [{ name: 'web' }] } },
      'one',
      same.owners,
    );
    expect(left.object).toEqual({ spec: { containers: [{ name: 'web', image: 'a' }] } });
    const other = serverSideApply(pod, same.object, config('b'), 'three', same.owners);
    const path = '.spec.containers[name="web"].image';
    expect(other.conflicts).toEqual([
      { manager: 'one', path },
      { manager: 'two', path },
    ]);
    // Forced: the field has a new owner, and who had it doesn't take it away again.
    const after = serverSideApply(
      pod,
      other.object,
      { spec: { containers: [{ name: 'web' }] } },
      'one',
      other.owners,
    );
    expect(after.object).toEqual({ spec: { containers: [{ name: 'web', image: 'b' }] } });
  });
});
