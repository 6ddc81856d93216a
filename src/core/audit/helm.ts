/**
 * Helm's releases as it keeps them in a cluster: a Secret `sh.helm.release.v1.<name>.v<revision>` whose `release` is
 * base64 of base64 of a gzipped JSON (helm/helm, pkg/storage/driver/util.go).
 */
import { gunzipSync } from 'node:zlib';
import { asText, at, parseJson } from '../json.js';
import { textAt } from '../kubernetes/json.js';
import type { HeldCredential } from './docker-config.js';
import { hostOf, isFor } from './docker-config.js';
import { Hidden } from './hidden.js';
import type { ObjectName } from './model.js';
import { releaseName } from './objects.js';

/** How its Secrets are listed; revisions that later ones took the place of are left out. */
export const RELEASE_QUERY = {
  fieldSelector: 'type=helm.sh/release.v1',
  labelSelector: 'owner=helm,status!=superseded',
  // Each may have 1 MiB (https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size).
  limit: '10',
} as const;

/** Far above any chart's values; a small text may unpack to a very large one. */
const LARGEST = 32 * 1024 * 1024;
/** How deep values are looked at. */
const DEEPEST = 20;

/** Values of a release that have to do with pull secrets. */
export interface Release extends ObjectName {
  chart: string;
  /** Texts under keys such as `imagePullSecrets`, which may be Secrets' names, with their place in the values. */
  named: { path: string; name: string }[];
  /** A user name with its password, beside a registry's host. */
  credentials: (HeldCredential & { path: string })[];
}

/** A release out of its Secret; undefined for what can't be read as one. */
export function asRelease(secret: unknown, loginServer: string): Release | undefined {
  const body = unpacked(asText(at(secret, 'data', 'release')) ?? '');
  const name = releaseName(at(body, 'name'));
  const namespace = textAt(secret, 'metadata', 'namespace');
  if (name === undefined || namespace === undefined) return undefined;
  const release: Release = {
    kind: 'HelmRelease',
    namespace,
    name,
    chart: textAt(body, 'chart', 'metadata', 'name') ?? '',
    named: [],
    credentials: [],
  };
  look(at(body, 'config'), '', false, 0, release, loginServer);
  return release;
}

function unpacked(data: string): unknown {
  try {
    const text = Buffer.from(data, 'base64').toString('latin1');
    return parseJson(gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: LARGEST }).toString('utf8'));
  } catch {
    return undefined;
  }
}

const PULL_SECRETS = /pull-?secrets?$/i;
const HOST_KEYS = ['registry', 'server', 'host', 'url', 'loginServer'];

/** Walks through the values; `within`: under a key that names pull secrets. */
function look(
  value: unknown,
  path: string,
  within: boolean,
  depth: number,
  into: Release,
  loginServer: string,
): void {
  if (typeof value === 'string') {
    if (within && value !== '') into.named.push({ path, name: value });
    return;
  }
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return;
  const username = asText(at(value, 'username')) ?? asText(at(value, 'user'));
  const password = asText(at(value, 'password'));
  const host = HOST_KEYS.map((key) => asText(at(value, key))).find(
    (text) => text !== undefined && isFor(hostOf(text), loginServer),
  );
  if (username !== undefined && password !== undefined && host !== undefined)
    into.credentials.push({ host: hostOf(host), username, password: new Hidden(password), path });
  for (const [key, held] of Object.entries(value)) {
    // An element's place is written as helm's --set has it.
    const place = Array.isArray(value)
      ? `${path}[${key}]`
      : `${path === '' ? '' : `${path}.`}${key.replaceAll(/([.,=\\[\]])/g, '\\$1')}`;
    look(held, place, within || PULL_SECRETS.test(key), depth + 1, into, loginServer);
  }
}
