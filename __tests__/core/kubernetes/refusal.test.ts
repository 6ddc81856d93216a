import { describe, expect, it } from '@jest/globals';
import { waitingMayCure } from '../../../src/core/kubernetes/refusal.js';

const IMAGE = 'contoso.azurecr.io/team/app:v1';
const PREFIX = `failed to pull and unpack image "${IMAGE}": failed to resolve image: `;
const TOKEN =
  'https://contoso.azurecr.io/oauth2/token?scope=repository%3Ateam%2Fapp%3Apull&service=contoso.azurecr.io';

describe('waitingMayCure', () => {
  it.each([
    `${PREFIX}failed to authorize: failed to fetch oauth token: unexpected status from GET request to ${TOKEN}: 401 Unauthorized`,
    `rpc error: code = Unknown desc = ${PREFIX}failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden`,
    `${PREFIX}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    `${PREFIX}unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/v1: 403 Forbidden`,
    'Error response from daemon: Get https://contoso.azurecr.io/v2/team/app/manifests/v1: unauthorized: authentication required',
  ])('%s: a new grant may cure it', (message) => {
    expect(waitingMayCure(message)).toBe(true);
  });

  it.each([
    `rpc error: code = NotFound desc = ${PREFIX}${IMAGE}: not found`,
    `rpc error: code = NotFound desc = failed to pull and unpack image "${IMAGE}": no match for platform in manifest: not found`,
    `[rpc error: code = NotFound desc = no match for platform in manifest: not found, ${PREFIX}failed to authorize: 401 Unauthorized]`,
    `[rpc error: code = NotFound desc = ${IMAGE}: not found, ${PREFIX}failed to fetch anonymous token: 401 Unauthorized]`,
    `${PREFIX}failed to do request: Head "https://contoso.azurecr.io/v2/": dial tcp: lookup contoso.azurecr.io on 168.63.129.16:53: no such host`,
    `${PREFIX}failed to do request: Head "https://contoso.azurecr.io/v2/": dial tcp 10.0.0.4:443: connect: connection refused`,
    `${PREFIX}failed to authorize: failed to fetch oauth token: Post "${TOKEN}": dial tcp 10.0.0.4:443: i/o timeout`,
    `${PREFIX}failed to do request: Head "https://contoso.azurecr.io/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    `${PREFIX}unexpected status from HEAD request to https://contoso.azurecr.io/v2/team/app/manifests/v1: 429 Too Many Requests`,
    `${PREFIX}failed to authorize: failed to fetch oauth token: unexpected status from GET request to ${TOKEN}: 503 Service Unavailable`,
    `denied: {"errors":[{"code":"DENIED","message":"client with IP '20.1.2.3' is not allowed access. Refer https://aka.ms/acr/firewall"}]}: denied: client with IP 20.1.2.3 is not allowed access`,
    `failed to pull and unpack image "${IMAGE}": failed to copy: httpReadSeeker: failed open: unexpected status code https://x.blob.core.windows.net/: 403 Forbidden`,
    'pull QPS exceeded',
    'Failed to apply default image tag "X": invalid reference format',
    '',
  ])('%s: it has another reason', (message) => {
    expect(waitingMayCure(message)).toBe(false);
  });

  it('is not misled by names: a repository called denied, a tag 403', () => {
    expect(waitingMayCure('failed to pull "contoso.azurecr.io/denied:403": something new')).toBe(false);
    expect(
      waitingMayCure('Get https://contoso.azurecr.io/v2/unauthorized/manifests/401: something new'),
    ).toBe(false);
    expect(
      waitingMayCure(
        'failed to resolve image "contoso.azurecr.io/x509/tls:eof": failed to authorize: 401 Unauthorized',
      ),
    ).toBe(true);
  });
});
