import { describe, expect, it } from '@jest/globals';
import { KubeconfigError, parseKubeconfig } from '../../../src/core/kubernetes/kubeconfig.js';

const SECRET = 'do-not-print-me';
const PEM = `-----BEGIN CERTIFICATE-----\n${SECRET}\n-----END CERTIFICATE-----\n`;
const b64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  cluster?: string[];
  user?: string[];
  current?: string;
}

function kubeconfig({ cluster, user, current = 'shop' }: Parts = {}): string {
  const lines = (given: string[]): string => given.map((line) => `    ${line}`).join('\n');
  return `apiVersion: v1
kind: Config
current-context: ${current}
contexts:
- name: other
  context: {cluster: other, user: other}
- name: shop
  context: {cluster: shop, user: clusterUser_rg_shop}
clusters:
- name: shop
  cluster:
${lines(cluster ?? ['server: https://shop-dns.hcp.westeurope.azmk8s.io:443', `certificate-authority-data: ${b64(PEM)}`])}
users:
- name: clusterUser_rg_shop
  user:
${lines(user ?? [`client-certificate-data: ${b64(PEM)}`, `client-key-data: ${b64(PEM)}`, `token: ${SECRET}`])}
`;
}

function problem(text: string): string {
  try {
    parseKubeconfig(text);
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    // A cause would be printed as well.
    expect(error.cause).toBeUndefined();
    return error.message;
  }
  throw new Error('it was accepted');
}

describe('parseKubeconfig', () => {
  it('reads the server, its authority and the client certificate of the current context', () => {
    expect(parseKubeconfig(kubeconfig())).toEqual({
      server: 'https://shop-dns.hcp.westeurope.azmk8s.io',
      ca: PEM,
      credential: { kind: 'certificate', certificate: PEM, key: PEM },
    });
  });

  it('keeps a port and a path of the server', () => {
    const text = kubeconfig({ cluster: ['server: https://rancher.example:8443/k8s/clusters/c-1/'] });
    expect(parseKubeconfig(text)).toMatchObject({ server: 'https://rancher.example:8443/k8s/clusters/c-1' });
    expect(parseKubeconfig(text)).not.toHaveProperty('ca');
  });

  it.each([
    ['a token', [`token: ${SECRET}`], { kind: 'token', token: SECRET }],
    ['a plugin', ['exec: {command: kubelogin, args: [get-token]}'], { kind: 'exec' }],
    ['the former Entra login', ['auth-provider: {name: azure}'], { kind: 'exec' }],
    ['nothing', ['username: ignored'], { kind: 'none' }],
  ])('reads a user with %s', (_name, user, credential) => {
    expect(parseKubeconfig(kubeconfig({ user })).credential).toEqual(credential);
  });

  it.each([
    ['no YAML', 'users: [\n  - token: do-not-print-me: :', 'not valid YAML'],
    ['not a kubeconfig', 'hello', 'no current-context'],
    ['an unknown context', kubeconfig({ current: SECRET }), 'current-context names an entry'],
    ['no server', kubeconfig({ cluster: ['foo: bar'] }), 'has no server'],
    ['a server that is no URL', kubeconfig({ cluster: [`server: ${SECRET}`] }), 'is not a URL'],
    ['plain http', kubeconfig({ cluster: [`server: http://${SECRET}`] }), 'is not https'],
    [
      'a login in the server',
      kubeconfig({ cluster: [`server: https://u:${SECRET}@host`] }),
      'user name or password',
    ],
    [
      'unverified TLS',
      kubeconfig({ cluster: ['server: https://host', 'insecure-skip-tls-verify: true'] }),
      'insecure-skip-tls-verify',
    ],
    [
      'a CA in a file',
      kubeconfig({ cluster: ['server: https://host', `certificate-authority: /${SECRET}`] }),
      'names a file',
    ],
    ['a token in a file', kubeconfig({ user: [`tokenFile: /${SECRET}`] }), 'names a file'],
    ['no key', kubeconfig({ user: [`client-certificate-data: ${b64(PEM)}`] }), 'no client-key-data'],
    ['no certificate', kubeconfig({ user: [`client-key-data: ${b64(PEM)}`] }), 'no client-certificate-data'],
    [
      'a CA that is no PEM',
      kubeconfig({ cluster: ['server: https://host', `certificate-authority-data: ${b64(SECRET)}`] }),
      'PEM',
    ],
    ['an endless text', 'x'.repeat(1_000_001), 'larger than'],
  ])('refuses %s, naming it and quoting nothing', (_name, text, words) => {
    const said = problem(text);
    expect(said).toContain(words);
    expect(said).not.toContain(SECRET);
  });
});
