/** Every recorded interaction with Azure, one by one, in one form. */
import { readdirSync } from 'node:fs';
import { FOLDER, itemsOf, missingRecordings } from '../recordings.js';

/** One recorded request with its answer. */
export interface Interaction {
  /** `<file>#<index>`: how tables name it. */
  id: string;
  file: string;
  request: { method: string; url: URL; body: string };
  response: {
    status: number;
    /** Lower-case names. Absent where only the body was kept. */
    headers: Record<string, string> | undefined;
    body: string;
  };
}

type Json = Record<string, unknown>;

/** Not traffic: bodies quoted in public pages. */
const QUOTED = 'errors.quoted-in-public-docs.json';
const SUBSCRIPTION = '00000000-0000-0000-0000-000000000000';

/** All interactions of all recordings; none when the recordings are missing. */
export function interactions(): Interaction[] {
  if (missingRecordings !== undefined) return [];
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json') && file !== QUOTED)
    .sort()
    .flatMap((file) => itemsOf(file).map((item, at) => read(file, at, item)));
}

function read(file: string, at: number, item: Json): Interaction {
  const id = `${file}#${at}`;
  if (item.request === undefined) return readDefinition(id, file, item);
  const request = item.request as Json;
  const response = item.response as Json;
  const headers = Object.entries((response.headers ?? {}) as Record<string, string | string[]>);
  return {
    id,
    file,
    request: {
      method: String(request.method),
      // Some clients wrote no host, and two slashes before the path.
      url: withOwnName(
        new URL(String(request.url).replace(/^\/\//, 'https://management.azure.com//')),
        `${JSON.stringify(response.headers)} ${String(request.body)}`,
      ),
      body: typeof request.body === 'string' ? request.body : '',
    },
    response: {
      status: Number(response.status),
      headers: Object.fromEntries(
        headers.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]),
      ),
      body: typeof response.body === 'string' ? response.body : '',
    },
  };
}

/**
 * Recorders put another name for a registry into addresses, but not into bodies and headers: the registry's own is there,
 * as the realm of a challenge or as the service of a request.
 */
function withOwnName(url: URL, elsewhere: string): URL {
  const own = /realm=\\?"https:\/\/([\w.-]+)\/|service=([\w.-]+)/.exec(elsewhere);
  const host = own?.[1] ?? own?.[2];
  if (host?.endsWith('.azurecr.io') === true) {
    url.hostname = host;
    if (url.searchParams.has('service')) url.searchParams.set('service', host);
  }
  return url;
}

/** Role definitions were kept as bodies alone: each is what a GET by its id is answered. */
function readDefinition(id: string, file: string, item: Json): Interaction {
  const body = item.body as Json;
  const version = /api-version=([\w-]+)/.exec(JSON.stringify(item.source))?.[1] ?? '2022-04-01';
  const path = String(body.id).startsWith('/subscriptions/')
    ? String(body.id)
    : `/subscriptions/${SUBSCRIPTION}${String(body.id)}`;
  return {
    id,
    file,
    request: {
      method: 'GET',
      url: new URL(`https://management.azure.com${path}?api-version=${version}`),
      body: '',
    },
    response: { status: 200, headers: undefined, body: JSON.stringify(body) },
  };
}
