/**
 * The host that blobs come from: a storage account or a dedicated data endpoint. A registry redirects to it with a
 * signed query; whoever shows that query gets the bytes.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RegistryHost } from '../cloud/model.js';
import type { Answer, Exchange } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { findRoute } from '../routes.js';
import type { RouteRow } from '../routes.js';

/** How long a signed address works (recording: acr.dataplane.json, 20 minutes). */
const ADDRESS_LIFETIME_MS = 20 * 60_000;

export const BLOB_ROUTES: readonly RouteRow[] = ['GET', 'HEAD'].map((method) => ({
  name: `${method} /{registry}/docker/registry/v2/blobs/{digest}/data`,
  method,
  // Two slashes after the container's name, as recorded.
  path: '/{container}//docker/registry/v2/blobs/sha256/{prefix}/{digest}/data',
  source: 'recording: acr.dataplane.json (the address)',
}));

export interface BlobStore {
  /** The signed address of one blob of a registry. */
  address(registry: RegistryHost, digest: string): string;
  /** Answers for a blob host. */
  answer(registries: readonly RegistryHost[], exchange: Exchange): Answer;
}

/** Makes a blob store with its own signing key. */
export function createBlobStore(now: () => number): BlobStore {
  const key = randomBytes(32);
  const registryKey = (registry: RegistryHost): string =>
    createHash('md5').update(registry.loginServer).digest('hex');
  const signature = (host: string, path: string, expiry: string): string =>
    createHmac('sha256', key).update(`${host}\n${path}\n${expiry}`).digest('base64');

  return {
    address(registry, digest) {
      const hex = digest.replace('sha256:', '');
      const path = `/${registryKey(registry)}-sim//docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
      const expiry = new Date(now() + ADDRESS_LIFETIME_MS).toISOString().replace(/\.\d+Z$/, 'Z');
      const query = new URLSearchParams({
        se: expiry,
        sig: signature(registry.blobHost, path, expiry),
        sp: 'r',
        spr: 'https',
        sr: 'b',
        sv: '2018-03-28',
        regid: registryKey(registry),
      });
      return `https://${registry.blobHost}${path}?${query.toString()}`;
    },

    answer(registries, exchange) {
      const { url, method } = exchange;
      const found = findRoute(BLOB_ROUTES, method, url.pathname);
      if (found === undefined) throw new NotModelled(`${method} ${url.pathname} on a blob host`);
      exchange.note.route = found.row.name;
      if (exchange.headers['authorization'] !== undefined) {
        // Assumption: the status and code that Azure Storage documents for an Authorization header it can't read
        // (learn.microsoft.com storage common-rest-api-error-codes); a dedicated data endpoint is taken to answer alike.
        exchange.note.verdict = 'refused: an Authorization header was forwarded';
        return storageError(
          400,
          'InvalidAuthenticationInfo',
          'Authentication information is not given in the correct format.',
        );
      }
      const expiry = url.searchParams.get('se') ?? '';
      const given = Buffer.from(url.searchParams.get('sig') ?? '', 'base64');
      const wanted = Buffer.from(signature(url.hostname, url.pathname, expiry), 'base64');
      const valid =
        given.length === wanted.length && timingSafeEqual(given, wanted) && Date.parse(expiry) > now();
      if (!valid) {
        exchange.note.verdict = 'refused: the signature is not valid';
        return storageError(403, 'AuthenticationFailed', 'Server failed to authenticate the request.');
      }
      const digest = `sha256:${/\/([0-9a-f]{64})\/data$/.exec(url.pathname)?.[1] ?? ''}`;
      const registry = registries.find((one) => registryKey(one) === url.searchParams.get('regid'));
      const blob = registry?.repositories
        .map((repository) => repository.blobs.get(digest))
        .find((one) => one !== undefined);
      if (blob === undefined) return storageError(404, 'BlobNotFound', 'The specified blob does not exist.');
      return {
        status: 200,
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(blob.length),
          'x-ms-blob-type': 'BlockBlob',
        },
        body: method === 'HEAD' ? '' : blob,
      };
    },
  };
}

function storageError(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}
