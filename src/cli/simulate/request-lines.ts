/** A request of the simulated cloud, as it is shown. */
import { forLog } from '../../render/escape.js';
import type { RequestRecord } from '../../simulator/index.js';
import type { Lines, Style } from '../terminal.js';

/** Widths of the columns that others stand below; a longer text pushes what follows it. */
const ROUTE = 48;
const CALLER = 18;

/**
 * Two lines: status, method, route, caller and what the access rule said, under one another for all requests; below, what
 * was asked for in full.
 */
export function requestLines(record: RequestRecord, out: Pick<Lines, 'style'>): [string, string] {
  const { method, host, path, status, caller, durationMs } = record;
  const route = routeOf(record);
  const columns = [
    out.style(status === 0 ? '---' : String(status), ...styleOf(status)),
    method.padEnd(6),
    forLog(route).padEnd(ROUTE),
    forLog(caller ?? '-').padEnd(CALLER),
    [...notesOf(record).map((note) => forLog(note)), out.style(`${Math.round(durationMs)} ms`, 'dim')].join(
      '; ',
    ),
  ];
  return [columns.join(' '), `    ${out.style(forLog(`https://${host}${path}`), 'dim')}`];
}

function styleOf(status: number): Style[] {
  if (status === 0 || status >= 500) return ['red', 'bold'];
  return [status >= 400 ? 'yellow' : 'green'];
}

/** The route with its service, without the method, which has a column of its own. */
function routeOf({ service, route, method, modelled }: RequestRecord): string {
  if (!modelled) return 'NOT MODELLED';
  const named = route?.startsWith(`${method} `) === true ? route.slice(method.length + 1) : route;
  return [service, named].filter((part) => part !== undefined).join(' ');
}

function notesOf({ status, verdict, fault }: RequestRecord): string[] {
  return [
    ...(verdict === undefined ? [] : [withShortIds(verdict)]),
    ...(fault === undefined ? [] : [`fault: ${fault}`]),
    ...(status === 0 ? ['no answer'] : []),
  ];
}

/** ARM ids by their last type and name; in full they are longer than a line. */
function withShortIds(text: string): string {
  return text.replace(/\/subscriptions\/\S+?\/([^/\s]+\/[^/\s;,]+)(?=[\s;,)]|$)/g, '…/$1');
}
