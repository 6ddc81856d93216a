import { describe, expect, it } from '@jest/globals';
import { isLinkLocal, proxyFor, UnusableProxy } from '../../src/host/proxy.js';

const ARM = new URL('https://management.azure.com/subscriptions');

describe('proxyFor', () => {
  it('takes HTTPS_PROXY for https and HTTP_PROXY for http, lower case first', () => {
    const environment = {
      HTTPS_PROXY: 'http://upper:1',
      https_proxy: 'http://lower:2',
      HTTP_PROXY: 'http://plain:3',
    };
    expect(proxyFor(ARM, environment)).toEqual({ origin: 'http://lower:2' });
    expect(proxyFor(new URL('http://example.com'), environment)).toEqual({ origin: 'http://plain:3' });
    expect(proxyFor(ARM, { HTTP_PROXY: 'http://plain:3' })).toBeUndefined();
    expect(proxyFor(ARM, { HTTPS_PROXY: ' ' })).toBeUndefined();
  });

  it('understands an address without a scheme, and keeps user and password out of the origin', () => {
    expect(proxyFor(ARM, { HTTPS_PROXY: 'proxy.contoso.com:3128' })).toEqual({
      origin: 'http://proxy.contoso.com:3128',
    });
    expect(proxyFor(ARM, { HTTPS_PROXY: 'http://us%40er:p%3Ass@proxy:3128' })).toEqual({
      origin: 'http://proxy:3128',
      authorization: `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`,
    });
  });

  it.each([
    ['management.azure.com', false],
    ['azure.com', false],
    ['.azure.com', false],
    ['*.azure.com', false],
    ['*', false],
    ['example.com, AZURE.com', false],
    ['azure.com:443', false],
    ['azure.com:8443', true],
    ['ent.azure.com', true],
    ['', true],
  ])('reads NO_PROXY=%s', (list, proxied) => {
    expect(proxyFor(ARM, { HTTPS_PROXY: 'http://p:1', NO_PROXY: list }) !== undefined).toBe(proxied);
  });

  it('never proxies link-local addresses', () => {
    const environment = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' };
    expect(proxyFor(new URL('http://169.254.169.254/metadata'), environment)).toBeUndefined();
    expect(proxyFor(new URL('http://[fe80::1]/'), environment)).toBeUndefined();
    expect(proxyFor(new URL('http://[febf::1]/'), environment)).toBeUndefined();
    expect(proxyFor(new URL('http://[fec0::1]/'), environment)).toBeDefined();
    expect(proxyFor(new URL('http://169.25.4.1/'), environment)).toBeDefined();
    expect(isLinkLocal('169.254.example.com')).toBe(false);
  });

  it('refuses what is no HTTP proxy, without quoting its secret', () => {
    for (const value of ['socks5://user:hunter2@p:1', 'http://user:hunter2@']) {
      const attempt = (): unknown => proxyFor(ARM, { HTTPS_PROXY: value });
      expect(attempt).toThrow(UnusableProxy);
      expect(attempt).not.toThrow(/hunter2/);
    }
  });
});
