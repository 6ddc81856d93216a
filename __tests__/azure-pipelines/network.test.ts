import { describe, expect, it } from '@jest/globals';
import { withAgentAuthorities, withAgentProxy } from '../../src/azure-pipelines/network.js';
import { proxyFor } from '../../src/host/proxy.js';
import { fakeAgent } from './support.js';

const ARM = new URL('https://management.azure.com/');
const variables = {
  'Agent.ProxyUrl': 'http://proxy.contoso.com:3128',
  'Agent.ProxyUsername': 'agent',
  'Agent.ProxyPassword': 'p@ss/word',
  'Agent.ProxyBypassList': JSON.stringify(['contoso\\.azurecr\\.io', '.*\\.internal$', '^[a-z]+-[0-9]{2}$']),
};

describe('withAgentProxy', () => {
  it("leads through the agent's proxy, but for hosts that it lists", () => {
    const environment = withAgentProxy({ PATH: '/bin' }, fakeAgent({ variables }));
    expect(environment.PATH).toBe('/bin');
    expect(proxyFor(ARM, environment)).toEqual({
      origin: 'http://proxy.contoso.com:3128',
      authorization: `Basic ${Buffer.from('agent:p@ss/word').toString('base64')}`,
    });
    expect(proxyFor(new URL('https://contoso.azurecr.io/v2/'), environment)).toBeUndefined();
    expect(proxyFor(new URL('https://api.internal/'), environment)).toBeUndefined();
  });

  it.each([{ no_proxy: 'here.local' }, { NO_PROXY: 'here.local' }, { NO_PROXY: '', no_proxy: 'here.local' }])(
    "adds its exceptions to the machine's: %j",
    (own) => {
      const environment = withAgentProxy(own, fakeAgent({ variables }));
      for (const host of ['here.local', 'contoso.azurecr.io', 'api.internal'])
        expect(proxyFor(new URL(`https://${host}/`), environment)).toBeUndefined();
      expect(proxyFor(ARM, environment)).toBeDefined();
    },
  );

  it('leaves an environment alone that has a proxy of its own, or whose agent has none', () => {
    const own = { HTTPS_PROXY: 'http://other:1' };
    expect(withAgentProxy(own, fakeAgent({ variables }))).toBe(own);
    expect(withAgentProxy(own, fakeAgent())).toBe(own);
    const none = {};
    expect(withAgentProxy(none, fakeAgent())).toBe(none);
  });
});

describe('withAgentAuthorities', () => {
  const file = '/etc/ssl/contoso.pem';
  const configured = fakeAgent({ variables: { 'Agent.CAInfo': file } });

  it("trusts the agent's own authorities besides", () => {
    expect(withAgentAuthorities({ PATH: '/bin' }, configured)).toEqual({ PATH: '/bin', SSL_CERT_FILE: file });
  });

  it('leaves an environment alone that names some itself, or whose agent has none', () => {
    const own = { SSL_CERT_FILE: '/other.pem' };
    expect(withAgentAuthorities(own, configured)).toBe(own);
    const none = {};
    expect(withAgentAuthorities(none, fakeAgent())).toBe(none);
  });
});
