import { describe, expect, it } from '@jest/globals';
import { loadScenario } from '../../../src/simulator/cloud/scenario.js';
import { createTokenIssuer } from '../../../src/simulator/entra/tokens.js';

const ARM = 'https://management.azure.com';

async function issuer() {
  let time = Date.parse('2026-03-01T12:00:00Z');
  const { state } = loadScenario('name: x\nidentities: [{ name: ada }]', time);
  const tokens = await createTokenIssuer(state, () => time);
  const [ada] = state.principals;
  if (ada === undefined) throw new Error('The scenario has no ada.');
  return { tokens, ada, state, wait: (ms: number) => (time += ms) };
}

describe('an access token', () => {
  it('is known again, for its audience with or without a slash', async () => {
    const { tokens, ada } = await issuer();
    const token = tokens.issue(ada, `${ARM}/`);
    for (const audience of [ARM, `${ARM}/`])
      expect(tokens.verify(token, ['other', audience])).toMatchObject({
        claims: { oid: ada.objectId, appid: ada.clientId, groups: [] },
      });
  });

  it('is refused for another audience, after its time, and when it is no token', async () => {
    const { tokens, ada, wait } = await issuer();
    const token = tokens.issue(ada, ARM, 60);
    expect(tokens.verify(token, ['https://containerregistry.azure.net'])).toMatchObject({ kind: 'audience' });
    expect(tokens.verify('a.b', [ARM])).toMatchObject({ kind: 'malformed' });
    expect(tokens.verify('', [ARM])).toMatchObject({ kind: 'malformed' });
    wait(60_000);
    expect(tokens.verify(token, [ARM])).toMatchObject({ kind: 'expired' });
  });

  it('is refused when another directory signed it, when it was changed, and when it claims no signature', async () => {
    const [mine, other] = await Promise.all([issuer(), issuer()]);
    const token = other.tokens.issue(other.ada, ARM);
    expect(mine.tokens.verify(token, [ARM])).toMatchObject({ kind: 'signature' });
    const [header = '', payload = '', signature = ''] = mine.tokens.issue(mine.ada, ARM).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, oid: 'someone' })).toString('base64url');
    expect(mine.tokens.verify(`${header}.${changed}.${signature}`, [ARM])).toMatchObject({
      kind: 'signature',
    });
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(mine.tokens.verify(`${none}.${payload}.`, [ARM])).toMatchObject({ kind: 'signature' });
  });
});
