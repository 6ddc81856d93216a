/** Where a served answer differs from a recorded one: status, headers that matter, and each place of the body. */

/** A whole answer. */
export interface Compared {
  status: number;
  /** Lower-case names; absent where none were kept. */
  headers: Record<string, string> | undefined;
  body: string;
}

export interface Difference {
  /** `status`, `header <name>`, `layout`, or a JSON pointer into the body with `*` for each place of a list. */
  at: string;
  /** `missing`: recorded and not served; `extra`: served and not recorded. */
  kind: 'missing' | 'extra' | 'type' | 'value';
  recorded?: unknown;
  served?: unknown;
}

/** How a header is held: its value, its form (numbers and ids aside), or only that it is there. */
const HEADERS: Readonly<Record<string, 'value' | 'form' | 'presence'>> = {
  'content-type': 'value',
  'www-authenticate': 'value',
  'x-ms-failure-cause': 'value',
  'retry-after': 'value',
  link: 'value',
  etag: 'value',
  range: 'value',
  location: 'form',
  'azure-asyncoperation': 'form',
  'docker-content-digest': 'value',
  'docker-distribution-api-version': 'value',
  'docker-upload-uuid': 'form',
  'access-control-expose-headers': 'value',
  'cache-control': 'value',
  pragma: 'value',
  'x-content-type-options': 'value',
  'api-supported-versions': 'presence',
  'x-ms-user-quota-remaining': 'form',
  'x-ms-user-quota-resets-after': 'form',
  'x-ms-ratelimit-remaining-tenant-resource-requests': 'form',
  'x-ms-ratelimit-remaining-calls-per-second': 'presence',
};

/** Which of a caller's buckets is told has changed over the years: held is that one is told, or none. */
const BUCKETS = /^x-ms-ratelimit-remaining-subscription-/;

/** Every difference. `form` says for which places of the body only the form of a text is held, not its value. */
export function differences(
  recorded: Compared,
  served: Compared,
  form: (at: string) => boolean,
): Difference[] {
  const found: Difference[] = [];
  if (recorded.status !== served.status)
    found.push({ at: 'status', kind: 'value', recorded: recorded.status, served: served.status });
  if (recorded.headers !== undefined) compareHeaders(recorded.headers, served.headers ?? {}, found);
  const [one, other] = [parsed(recorded.body), parsed(served.body)];
  if (one === undefined || other === undefined) {
    if (formOf(recorded.body) !== formOf(served.body))
      found.push({ at: 'text', kind: 'value', recorded: recorded.body, served: served.body });
    return found;
  }
  if (recorded.headers !== undefined && layoutOf(recorded.body) !== layoutOf(served.body))
    found.push({
      at: 'layout',
      kind: 'value',
      recorded: layoutOf(recorded.body),
      served: layoutOf(served.body),
    });
  compareValues('', one, other, form, found);
  return found;
}

function compareHeaders(
  recorded: Record<string, string>,
  served: Record<string, string>,
  found: Difference[],
): void {
  for (const [name, held] of Object.entries(HEADERS)) {
    const [one, other] = [recorded[name], served[name]];
    const at = `header ${name}`;
    if (one === undefined && other === undefined) continue;
    if (one === undefined) found.push({ at, kind: 'extra', served: other });
    else if (other === undefined) found.push({ at, kind: 'missing', recorded: one });
    else if (held === 'value' ? one !== other : held === 'form' && formOf(one) !== formOf(other))
      found.push({ at, kind: 'value', recorded: one, served: other });
  }
  const tells = (headers: object): boolean => Object.keys(headers).some((name) => BUCKETS.test(name));
  if (tells(recorded) !== tells(served))
    found.push({ at: 'header x-ms-ratelimit-*', kind: tells(recorded) ? 'missing' : 'extra' });
}

function compareValues(
  at: string,
  recorded: unknown,
  served: unknown,
  form: (at: string) => boolean,
  found: Difference[],
): void {
  if (typeOf(recorded) !== typeOf(served)) {
    found.push({ at, kind: 'type', recorded, served });
  } else if (Array.isArray(recorded) && Array.isArray(served)) {
    if (recorded.length !== served.length && !form(`${at}/length`))
      found.push({ at: `${at}/length`, kind: 'value', recorded: recorded.length, served: served.length });
    for (let i = 0; i < Math.min(recorded.length, served.length); i++)
      compareValues(`${at}/*`, recorded[i], served[i], form, found);
  } else if (isRecord(recorded) && isRecord(served)) {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(served)])) {
      const place = `${at}/${name}`;
      if (!(name in served)) found.push({ at: place, kind: 'missing', recorded: recorded[name] });
      else if (!(name in recorded)) found.push({ at: place, kind: 'extra', served: served[name] });
      else compareValues(place, recorded[name], served[name], form, found);
    }
  } else if (recorded !== served) {
    const [claims, other] = [unpacked(recorded), unpacked(served)];
    if (claims !== undefined && other !== undefined)
      compareValues(`${at}/unpacked`, claims, other, form, found);
    else if (!form(at) || formOf(recorded) !== formOf(served))
      found.push({ at, kind: 'value', recorded, served });
  }
}

/** Header and payload of a JSON web token; the lines of a kubeconfig without the secrets in it. */
function unpacked(value: unknown): unknown {
  if (typeof value !== 'string') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  if (text.startsWith('apiVersion: v1\n'))
    return text.split('\n').map((line) => line.replace(/^( +(?:[\w-]+-data|token): ).+/, '$1<secret>'));
  const [header, payload, signature] = value.split('.');
  if (header === undefined || payload === undefined || signature === undefined || !value.startsWith('eyJ'))
    return undefined;
  const part = (text: string): unknown => parsed(Buffer.from(text, 'base64url').toString('utf8'));
  return { header: part(header), payload: part(payload) };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `compact`, or how the first place is indented. */
function layoutOf(text: string): string {
  const indentation = /^[{[](\r?\n)( *)/.exec(text);
  if (indentation === null) return 'compact';
  const [, newline = '', blanks = ''] = indentation;
  return `${newline === '\n' ? '' : 'CRLF, '}indented by ${blanks.length}`;
}

/** A text with what changes from call to call replaced by its kind; a number by its type. */
function formOf(value: unknown): string {
  if (typeof value !== 'string') return typeof value;
  return value
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<guid>')
    .replace(/\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d{1,7})?/g, '<time>')
    .replace(/\b[0-9a-f]{24,}\b/gi, '<hex>')
    .replace(/[A-Z2-7]{4}(:[A-Z2-7]{4}){11}/, '<key id>')
    .replace(/\d+/g, '<n>');
}
