/** Real traffic with Azure, beside the project; never copied into it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const FOLDER = fileURLToPath(new URL('../../../shared/recordings/', import.meta.url));
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));

export const missingRecordings = existsSync(FOLDER)
  ? undefined
  : '../shared/recordings is not beside the project';
export const missingCorpus = existsSync(CORPUS) ? undefined : '../shared/corpus is not beside the project';

export interface Exchange {
  method: string;
  url: string;
  requestBody: string;
  status: number;
  headers: Record<string, string>;
  /** As it came: text. */
  body: string;
}

type Json = Record<string, unknown>;

/** Items of a recording as they are; none when the recordings are missing, so that a skipped suite can be declared. */
export function itemsOf(file: string): Json[] {
  if (missingRecordings !== undefined) return [];
  return (JSON.parse(readFileSync(FOLDER + file, 'utf8')) as { items: Json[] }).items;
}

/** The exchanges of a recording. */
export function exchangesOf(file: string): Exchange[] {
  return itemsOf(file).map((item) => {
    const request = item.request as Json;
    const response = item.response as Json;
    const headers = Object.entries(response.headers as Record<string, string | string[]>);
    return {
      method: String(request.method),
      url: String(request.url),
      requestBody: typeof request.body === 'string' ? request.body : '',
      status: Number(response.status),
      headers: Object.fromEntries(
        headers.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
      ),
      body: String(response.body),
    };
  });
}

/** The parsed body; a recorded body of these files always is JSON. */
export function jsonOf(exchange: Exchange): Json {
  return JSON.parse(exchange.body) as Json;
}

/** The items of a recorded list. */
export function valuesOf(exchange: Exchange): Json[] {
  return jsonOf(exchange).value as Json[];
}

/** A file of the corpus as text; empty when it is missing. */
export function corpusFile(path: string): string {
  return missingCorpus === undefined ? readFileSync(CORPUS + path, 'utf8') : '';
}

/** Says how much was read, so that a suite that reads nothing is seen. */
export function tellCount(what: string, count: number): void {
  process.stdout.write(`conformance: read ${count} recorded ${what}\n`);
}
