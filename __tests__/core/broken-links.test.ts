import { describe, expect, it } from '@jest/globals';
import { brokenLinks, leadingLink, likeness, poolsOf } from '../../src/core/broken-links.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import type { Pull } from '../../src/core/report.js';
import { check, connection, pull } from '../render/reports.js';

const failing = (nodePool: string, cause: CauseId, more: Partial<Pull> = {}): Pull =>
  pull({
    nodePool,
    node: `aks-${nodePool}-0`,
    status: 'fail',
    proved: 'none',
    cause,
    message: `${cause} on ${nodePool}`,
    ...more,
  });
const failed = (parts: Parameters<typeof connection>[0]): ReturnType<typeof connection> =>
  connection({ result: 'failed', ...parts });
const causes = (parts: Parameters<typeof connection>[0]): (string | undefined)[] =>
  brokenLinks(failed(parts)).map(({ cause }) => cause);

describe('what is wrong', () => {
  it('is told once for pools that fail alike, whatever their words', () => {
    const [only, ...others] = brokenLinks(
      failed({ pulls: ['a', 'b', 'c'].map((name) => failing(name, 'dns-nxdomain')) }),
    );
    expect(others).toEqual([]);
    expect(only?.pulls).toHaveLength(3);
    expect(only?.title).toBe('node pools a, b and c can pull contoso.azurecr.io/team/app:1');
  });
  it('is told apart by its words where nothing explains them', () => {
    const pulls = [
      failing('a', 'undetermined', { message: 'one thing went wrong' }),
      failing('b', 'undetermined', { message: 'one thing went wrong' }),
      failing('c', 'undetermined', { message: 'another thing went wrong' }),
    ];
    expect(brokenLinks(failed({ pulls })).map((link) => link.pulls.length)).toEqual([2, 1]);
  });
  it('is one thing where a check and the pulls that follow from it have one cause', () => {
    const links = brokenLinks(
      failed({
        checks: [check({ id: 'access', status: 'fail', cause: 'unauthorized-no-role' })],
        pulls: [failing('a', 'unauthorized-no-role'), failing('b', 'unauthorized-no-role')],
      }),
    );
    expect(links.map((link) => [link.check, link.pulls.length])).toEqual([['access', 2]]);
  });
  it('is nothing in a connection that passed', () => {
    expect(brokenLinks(connection({ checks: [check({ status: 'fail' })] }))).toEqual([]);
  });
  it('names a node in a command without being another thing for it', () => {
    const fix = (node: string): Pull['fix'] => ({
      summary: 'Look.',
      commands: [`kubectl debug node/${node}`],
    });
    const [one, other] = ['a', 'b'].map((name) =>
      failing(name, 'dns-nxdomain', { fix: fix(`aks-${name}-0`) } as Partial<Pull>),
    );
    expect(likeness(one ?? pull())).toBe(likeness(other ?? pull()));
  });
});

describe('what to mend first', () => {
  it.each<[string, Parameters<typeof connection>[0], CauseId[]]>([
    [
      'a role before a firewall, which is met only with it',
      {
        checks: [check({ id: 'access', status: 'fail', cause: 'unauthorized-no-role' })],
        pulls: [failing('a', 'firewall-403')],
      },
      ['unauthorized-no-role', 'firewall-403'],
    ],
    [
      'who may pull before the way, the way before the image, the image before the node',
      {
        checks: [],
        pulls: [
          failing('a', 'disk-pressure'),
          failing('b', 'platform-mismatch-arch'),
          failing('c', 'dns-nxdomain'),
          failing('d', 'kubelet-identity-missing'),
        ],
      },
      ['kubelet-identity-missing', 'dns-nxdomain', 'platform-mismatch-arch', 'disk-pressure'],
    ],
    [
      'what keeps more pools from pulling, where nothing else counts',
      {
        checks: [],
        pulls: [
          failing('a', 'dns-nxdomain'),
          failing('b', 'connection-timeout'),
          failing('c', 'connection-timeout'),
        ],
      },
      ['connection-timeout', 'dns-nxdomain'],
    ],
    [
      'what is known before what nobody could tell',
      { checks: [], pulls: [failing('a', 'undetermined'), failing('b', 'platform-mismatch-arch')] },
      ['platform-mismatch-arch', 'undetermined'],
    ],
    [
      'a failure before what could not be told',
      {
        checks: [check({ id: 'access', status: 'unknown', cause: 'access-unknown' })],
        pulls: [failing('a', 'tag-not-found')],
      },
      ['tag-not-found', 'access-unknown'],
    ],
    [
      'what has a fix before the check that only follows from it',
      {
        checks: [check({ id: 'verdict', status: 'fail' })],
        pulls: [failing('a', 'tag-not-found', { fix: { summary: 'Push it.', commands: [] } })],
      },
      ['tag-not-found'],
    ],
  ])('%s', (_, parts, expected) => {
    expect(causes(parts).filter((cause) => cause !== undefined)).toEqual(expected);
  });
  it('of several connections: a failure before what could not be told', () => {
    const unknown = connection({
      result: 'unknown',
      checks: [check({ status: 'unknown', cause: 'arm-unreachable' })],
      pulls: [],
    });
    const broken = failed({ checks: [], pulls: [failing('a', 'tag-not-found')] });
    expect(leadingLink({ connections: [unknown, broken] })?.cause).toBe('tag-not-found');
    expect(leadingLink({ connections: [unknown] })?.cause).toBe('arm-unreachable');
    expect(leadingLink({ connections: [connection()] })).toBeUndefined();
  });
});

it('many pools are counted', () => {
  const pulls = Array.from({ length: 12 }, (_, index) => pull({ nodePool: `p${index}` }));
  expect(poolsOf(pulls)).toBe('12 node pools (p0, p1, p2, p3 and 8 more)');
  expect(poolsOf(pulls.slice(0, 1))).toBe('node pool p0');
});
