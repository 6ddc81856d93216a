/**
 * Routes as data: one row for each, by which requests are dispatched and from which documents are made. A path is a template:
 * `{name}` stands for one part, `{+name}` for any number of them, slashes and all.
 */

/** A route that is modelled. */
export interface RouteRow {
  /** For the request log. */
  name: string;
  /** Upper-case. */
  method: string;
  path: string;
  /** The oldest api-version that is answered; absent where requests name none. */
  since?: string;
  /** What the answers are held against: a recording, a capture, or a page of documentation. */
  source: string;
}

/** A route with the service it belongs to. */
export interface ModelledRoute extends RouteRow {
  service: string;
}

/** The rows of a service, without what answers them. */
export function modelledRoutes(service: string, rows: readonly RouteRow[]): ModelledRoute[] {
  return rows.map(({ name, method, path, since, source }) => ({
    service,
    name,
    method,
    path,
    ...(since === undefined ? {} : { since }),
    source,
  }));
}

/** The parameters of a path that fits a template; undefined for one that doesn't. */
export function matchPath(
  template: string,
  path: string,
  options: { ignoreCase?: boolean } = {},
): Record<string, string> | undefined {
  const match = patternOf(template, options.ignoreCase === true).exec(path);
  return match === null ? undefined : { ...match.groups };
}

/** The first row that fits, with the parameters of the path. */
export function findRoute<Row extends Pick<RouteRow, 'method' | 'path'>>(
  rows: readonly Row[],
  method: string,
  path: string,
  options: { ignoreCase?: boolean } = {},
): { row: Row; parameters: Record<string, string> } | undefined {
  for (const row of rows) {
    const parameters = row.method === method ? matchPath(row.path, path, options) : undefined;
    if (parameters !== undefined) return { row, parameters };
  }
  return undefined;
}

const patterns = new Map<string, RegExp>();

function patternOf(template: string, ignoreCase: boolean): RegExp {
  const key = `${ignoreCase ? 'i' : ''} ${template}`;
  const known = patterns.get(key);
  if (known !== undefined) return known;
  const source = template
    .split(/(\{\+?\w+\})/)
    .map((part) => {
      const [, many = '', name = ''] = /^\{(\+?)(\w+)\}$/.exec(part) ?? [];
      if (name === '') return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return `(?<${name}>${many === '' ? '[^/]+' : '.*'})`;
    })
    .join('');
  const pattern = new RegExp(`^${source}$`, ignoreCase ? 'i' : '');
  patterns.set(key, pattern);
  return pattern;
}
