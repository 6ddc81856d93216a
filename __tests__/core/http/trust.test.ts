import { describe, expect, it } from '@jest/globals';
import { AZURE_CLOUD } from '../../../src/core/azure/clouds.js';
import { CredentialWithheld, Trust } from '../../../src/core/http/trust.js';
import type { Carried } from '../../../src/core/http/trust.js';

/** A trust as it is in the midst of a run: everything was admitted. */
function trust(): Trust {
  const made = new Trust(AZURE_CLOUD);
  made.admitLoginServer('Contoso.azurecr.io');
  made.admitApiServer('Shop-1.hcp.westeurope.azmk8s.io');
  made.admitTokenService('https://token.actions.githubusercontent.com/abc?api-version=2.0');
  return made;
}

const GOOD: Record<Carried, string> = {
  'entra-assertion': 'login.microsoftonline.com',
  'arm-token': 'management.azure.com',
  'graph-token': 'graph.microsoft.com',
  'registry-token': 'contoso.azurecr.io',
  'cluster-credential': 'shop-1.hcp.westeurope.azmk8s.io',
  'ci-token': 'token.actions.githubusercontent.com',
};
const KINDS = Object.keys(GOOD) as Carried[];

describe.each(KINDS)('%s', (carried) => {
  const host = GOOD[carried];
  const may = (url: string): (() => void) => {
    return () => trust().mayCarry(carried, new URL(url));
  };

  it('goes to its own host, in any casing, with the port said or not', () => {
    expect(may(`https://${host}/path?query`)).not.toThrow();
    expect(may(`https://${host.toUpperCase()}/`)).not.toThrow();
    expect(may(`https://${host}:443/`)).not.toThrow();
  });

  it.each([
    ['another host', `https://evil.example/`],
    ['a sub-domain of it', `https://x.${host}/`],
    ['it as a sub-domain', `https://${host}.evil.example/`],
    ['a longer name', `https://x${host}/`],
    ['its parent domain', `https://${host.slice(host.indexOf('.') + 1)}/`],
    ['a trailing dot', `https://${host}./`],
    ['another port', `https://${host}:8443/`],
    ['http', `http://${host}/`],
    ['http on the https port', `http://${host}:443/`],
    ['it as a user name', `https://${host}@evil.example/`],
    ['it as a user name and password', `https://${host}:443@evil.example/`],
    ['a user name in front of it', `https://user@${host}/`],
    ['it behind a backslash', `https://evil.example\\@${host}/`],
    ['it in the path', `https://evil.example/${host}`],
    ['an address', 'https://169.254.169.254/'],
  ])('is withheld from %s', (_what, url) => {
    expect(may(url)).toThrow(CredentialWithheld);
  });

  it.each(KINDS.filter((other) => other !== carried))('is withheld from the host of %s', (other) => {
    expect(may(`https://${GOOD[other]}/`)).toThrow(CredentialWithheld);
  });
});

it('admits nothing beyond the cloud table by itself', () => {
  const fresh = new Trust(AZURE_CLOUD);
  for (const carried of ['registry-token', 'cluster-credential', 'ci-token'] as const) {
    expect(() => fresh.mayCarry(carried, new URL(`https://${GOOD[carried]}/`))).toThrow(CredentialWithheld);
  }
});

it.each([
  'contoso.azurecr.io@evil.example',
  'evil.example/contoso.azurecr.io',
  'evil.example#',
  'evil.example:8443/',
])('a login server that is no host name (%s) opens no door', (loginServer) => {
  const fooled = new Trust(AZURE_CLOUD);
  fooled.admitLoginServer(loginServer);
  expect(() => fooled.mayCarry('registry-token', new URL(`https://${loginServer}/oauth2/exchange`))).toThrow(
    CredentialWithheld,
  );
});

it('says what was withheld from whom, and never a user name or password', () => {
  const attempt = (): void =>
    trust().mayCarry('registry-token', new URL('https://me:hunter2@contoso.azurecr.io/'));
  expect(attempt).toThrow(/withheld the registry token from contoso\.azurecr\.io/);
  expect(attempt).not.toThrow(/hunter2/);
});
