/** Which proxy a request takes, by the customary variables of an environment. */

/** A proxy is named, but in a form that can't be used. Holds no secret. */
export class UnusableProxy extends Error {
  override readonly name = 'UnusableProxy';
}

/** A proxy: where it is, and what it is shown. */
export interface Proxy {
  /** `http://host:port`, without user and password. */
  origin: string;
  /** Value of Proxy-Authorization, when the address holds a user: a secret. */
  authorization?: string;
}

/**
 * The proxy for a url, or undefined when the request goes straight. Lower-case variables win, as in curl
 * (https://everything.curl.dev/usingcurl/proxies/env.html). NO_PROXY holds host names that also cover what is below
 * them, `*`, and optional ports. Link-local addresses are never proxied: what answers there is this machine's own.
 *
 * @throws {UnusableProxy} when the variable holds something that isn't the address of an HTTP proxy
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): Proxy | undefined {
  if (isLinkLocal(url.hostname) || excepted(url, variable(environment, 'no_proxy') ?? '')) return undefined;
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const value = variable(environment, name);
  return value === undefined ? undefined : parseProxy(value, name.toUpperCase());
}

/** 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291), as a url's hostname has them. */
export function isLinkLocal(hostname: string): boolean {
  return /^169\.254\.\d{1,3}\.\d{1,3}$/.test(hostname) || /^\[fe[89ab][0-9a-f]:/i.test(hostname);
}

function variable(environment: NodeJS.ProcessEnv, lowerCase: string): string | undefined {
  const value = environment[lowerCase] ?? environment[lowerCase.toUpperCase()];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function excepted(url: URL, list: string): boolean {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, host = entry, entryPort] = /^(.*?):(\d+)$/.exec(entry.includes('::') ? '' : entry) ?? [];
      const name = host.replace(/^\*?\./, '');
      if (name === '' || (entryPort !== undefined && entryPort !== port)) return false;
      return hostname === name || hostname.endsWith(`.${name}`);
    });
}

/**
 * A proxy by its address.
 *
 * @param variableName what holds the address, for people
 * @throws {UnusableProxy} when it isn't the address of an HTTP proxy
 */
export function parseProxy(value: string, variableName: string): Proxy {
  // "proxy:3128" is customary too, and would parse as a url with the scheme "proxy:".
  const address = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (address === null) throw new UnusableProxy(`${variableName} is not an address`);
  if (address.protocol !== 'http:' && address.protocol !== 'https:') {
    throw new UnusableProxy(
      `${variableName} names a ${address.protocol.slice(0, -1)} proxy; only http and https proxies can be used`,
    );
  }
  const { username, password } = address;
  if (username === '') return { origin: address.origin };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    origin: address.origin,
    authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`,
  };
}
