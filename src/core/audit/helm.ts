/**
 * Helm's releases as it keeps them in a cluster: a Secret `sh.helm.release.v1.<name>.v<revision>` whose `release` is
 * base64 of base64 of a gzipped JSON (helm/helm, pkg/storage/driver/util.go).
 */
import { gunzipSync } from 'node:zlib';
import { asText, at, parseJson } from '../json.js';
import { textAt } from '../kubernetes/json.js';
import { parseDocuments } from '../deployables/documents.js';
import type { KubernetesObject } from '../deployables/documents.js';
import { accountIn, usesIn } from '../deployables/workloads.js';
import type { HeldCredential } from './docker-config.js';
import { heldCredentials, hostOf, isFor } from './docker-config.js';
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

/** What of a release has to do with pull secrets: in its values, the chart's own among them, and in its manifest. */
export interface Release extends ObjectName {
  chart: string;
  /** Texts under keys such as `imagePullSecrets`, which may be Secrets' names, with their place in the values. */
  named: { path: string; name: string }[];
  /** Names of pull secrets that workloads and service accounts of its manifest name. */
  inManifest: string[];
  /** A user name with its password, beside a registry's host; in the values, or in a Secret that the manifest makes. */
  credentials: (HeldCredential & ({ path: string } | { manifest: string }))[];
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
    inManifest: [],
    credentials: [],
  };
  look(merged(at(body, 'chart', 'values'), at(body, 'config'), 0), '', false, 0, release, loginServer);
  readManifest(asText(at(body, 'manifest')) ?? '', release, loginServer);
  return release;
}

/** A chart's own values with those of a release over them; null takes one away (helm/helm, pkg/chartutil/coalesce.go). */
function merged(own: unknown, over: unknown, depth: number): unknown {
  if (over === undefined) return own;
  if (!isMap(own) || !isMap(over) || depth > DEEPEST) return over;
  const all = new Map<string, unknown>(Object.entries(own) as [string, unknown][]);
  for (const [key, value] of Object.entries(over) as [string, unknown][])
    all.set(key, merged(all.get(key), value, depth + 1));
  return Object.fromEntries([...all].filter(([, value]) => value !== null));
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a manifest's document must hold to be of interest: reading YAML takes time, and most of them don't. */
const OF_INTEREST = /imagePullSecrets|kubernetes\.io\/docker(configjson|cfg)/;

function readManifest(manifest: string, into: Release, loginServer: string): void {
  const documents = manifest.split(/^---.*$/m).filter((document) => OF_INTEREST.test(document));
  for (const object of documents.flatMap((document) => parseDocuments(document).objects)) {
    const nowhere = (): { file: string } => ({ file: '' });
    const namedHere = [
      ...usesIn(object, nowhere).map(({ workload }) => workload.pullSecrets),
      accountIn(object, nowhere)?.pullSecrets ?? [],
    ].flat();
    into.inManifest.push(
      ...namedHere.map(({ name }) => name).filter((name) => !into.inManifest.includes(name)),
    );
    for (const held of heldIn(object)) {
      const known = into.credentials.some(
        ({ host, username, password }) =>
          host === held.host && username === held.username && password.reveal() === held.password.reveal(),
      );
      if (isFor(held.host, loginServer) && !known)
        into.credentials.push({ ...held, manifest: asText(at(object.value, 'metadata', 'name')) ?? '' });
    }
  }
}

/** Credentials of a Secret as a chart writes it: in `data`, or plain in `stringData`, which counts more (Kubernetes API, Secret). */
function heldIn({ kind, value }: KubernetesObject): HeldCredential[] {
  if (kind !== 'Secret') return [];
  const plain = at(value, 'stringData');
  const encoded = Object.entries(isMap(plain) ? plain : {}).flatMap(([key, text]) =>
    typeof text === 'string' ? [[key, Buffer.from(text).toString('base64')] as const] : [],
  );
  const data = at(value, 'data');
  const all = { ...(isMap(data) ? data : {}), ...Object.fromEntries(encoded) };
  return heldCredentials({ type: at(value, 'type'), data: all }) ?? [];
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
