/** The cause of a refused pull, held against real messages: those that tell alone, and those that must not be guessed at. */
import { expect, it } from '@jest/globals';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { explainPull } from '../../src/core/diagnosis/explain.js';
import type { PullFacts } from '../../src/core/diagnosis/explain.js';
import { suiteUnless } from '../skip.js';
import { corpusFile, missingCorpus, tellCount } from './recordings.js';

interface Message {
  id: string;
  kind: string;
  event_message?: string;
  cause: string;
  message_alone_sufficient: boolean;
}

/** What the corpus calls otherwise, or tells apart where the catalogue doesn't. */
const OURS: Record<string, CauseId> = {
  'tag-not-found': 'tag-not-found',
  'image-not-found': 'tag-not-found',
  'platform-mismatch-arch': 'platform-mismatch-arch',
  'platform-mismatch-os': 'platform-mismatch-arch',
  'dns-nxdomain': 'dns-nxdomain',
  'wrong-login-server': 'dns-nxdomain',
  'dns-timeout': 'dns-timeout',
  'connection-timeout': 'connection-timeout',
  'private-endpoint-unreachable': 'private-endpoint-unreachable',
  'proxy-error': 'proxy-error',
  'tls-unknown-authority': 'tls-unknown-authority',
  'storage-endpoint-blocked': 'storage-endpoint-blocked',
  'rate-limited-429': 'rate-limited-429',
  'rate-limited-429-dockerhub': 'rate-limited-429-dockerhub',
  'registry-5xx': 'registry-5xx',
  'firewall-403': 'firewall-403',
};

/** az's own sentence about its own sign-in: no node says it. */
const NOT_OF_A_NODE = ['H023'];

const ALLOWED: PullFacts = {
  access: true,
  ignoredRole: false,
  mode: 'LegacyRegistryPermissions',
  youngGrant: false,
  networkRestricted: false,
  imageSeen: 'unknown',
};

suiteUnless(missingCorpus, 'messages of refused pulls', () => {
  const messages = corpusFile('pull-failures.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Message)
    .filter(({ kind }) => kind === 'event' || kind === 'http');
  const clear = messages.filter(
    ({ id, cause, message_alone_sufficient }) =>
      message_alone_sufficient && cause in OURS && !NOT_OF_A_NODE.includes(id),
  );

  it.each(clear)('$id tells alone: $cause', ({ event_message = '', cause }) => {
    for (const access of [true, false, 'unknown'] as const)
      expect(explainPull(event_message, { ...ALLOWED, access })).toBe(OURS[cause]);
  });

  const refusals = messages.filter(
    ({ kind, event_message = '', message_alone_sufficient }) =>
      kind === 'event' &&
      !message_alone_sufficient &&
      /\b401\b|unauthorized|insufficient_scope/.test(event_message),
  );
  it.each(refusals)('$id is decided by what is known besides', ({ event_message = '' }) => {
    const by = (facts: Partial<PullFacts>): CauseId => explainPull(event_message, { ...ALLOWED, ...facts });
    expect(by({})).toBe('unauthorized-unresolved');
    expect(by({ youngGrant: true })).toBe('grant-not-effective-yet');
    expect(by({ access: false })).toBe('unauthorized-no-role');
    expect(by({ access: false, ignoredRole: true, mode: 'AbacRepositoryPermissions' })).toBe(
      'abac-wrong-role',
    );
    expect(by({ imageSeen: 'absent' })).toBe('tag-not-found');
    expect(by({ access: 'unknown' })).toBe('access-unknown');
  });

  const walls = messages.filter(
    ({ kind, cause, event_message = '' }) =>
      kind === 'event' && cause === 'firewall-403' && /403/.test(event_message),
  );
  it.each(walls)('$id is the firewall where the registry has one', ({ event_message = '' }) => {
    expect(explainPull(event_message, { ...ALLOWED, networkRestricted: true })).toBe('firewall-403');
    expect(explainPull(event_message, ALLOWED)).toBe('unauthorized-unresolved');
  });

  it('are read in some number, and none crashes', () => {
    for (const { event_message = '' } of messages) explainPull(event_message, ALLOWED);
    expect([clear.length, refusals.length, walls.length].every((count) => count >= 2)).toBe(true);
    tellCount('messages of refused pulls', messages.length);
  });
});

suiteUnless(missingCorpus, 'errors of real containerds', () => {
  const CASES: [RegExp, CauseId][] = [
    [/^private anonymous|^strict anonymous|^private wrong password/, 'unauthorized-unresolved'],
    [/not found \(authorised\)$/, 'tag-not-found'],
    [/^no matching platform/, 'platform-mismatch-arch'],
    [/^DNS failure/, 'dns-nxdomain'],
    [/^connection refused/, 'connection-timeout'],
    [/^TLS /, 'tls-unknown-authority'],
    [/^server 500/, 'registry-5xx'],
    [/^server 429/, 'rate-limited-429'],
    [/^http to https/, 'registry-plain-http'],
    [/^invalid reference/, 'image-name-invalid'],
  ];
  it.each(['1.6.20', '2.1.9'])('%s', (version) => {
    const file = corpusFile(`containerd/cri-containerd-${version}.json`);
    const { results } = JSON.parse(file === '' ? '{"results":{}}' : file) as {
      results: Record<string, { details?: string }>;
    };
    const refused = Object.entries(results).filter(([, { details }]) => details !== undefined);
    expect(refused.length).toBeGreaterThan(10);
    for (const [name, { details = '' }] of refused) {
      const cause = CASES.find(([pattern]) => pattern.test(name))?.[1];
      expect([
        name,
        explainPull(`Failed to pull image "x": rpc error: code = Unknown desc = ${details}`, ALLOWED),
      ]).toEqual([name, cause]);
    }
    tellCount(`errors of containerd ${version}`, refused.length);
  });
});
