/** Azure Resource Manager, as plain requests: what to read, and errors that say what was attempted on what. */
import type { Credential } from '../ports.js';
import type { Sender, TextResponse } from '../http/sender.js';
import { asText, at, parseJson } from '../json.js';
import type { Cloud } from './clouds.js';

/** ARM answered, and it was no success. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  constructor(
    /** "read cluster shop": completes "could not …". */
    readonly attempted: string,
    readonly status: number,
    /** ARM's error code, such as AuthorizationFailed; empty when the body holds none. */
    readonly code: string,
    /** ARM's own words. */
    readonly said: string,
  ) {
    super(`could not ${attempted}: HTTP ${status}${code === '' ? '' : ` ${code}`}: ${said}`);
  }
}

/** What an AuthorizationFailed says about who lacked which right where. */
export interface MissingRight {
  action: string;
  scope: string;
  callerObjectId: string;
  /**
   * The caller has the right, but under a condition that this call doesn't meet. The older wording, "does not have
   * authorization or an ABAC condition not fulfilled", doesn't say so: it counts as a right that is missing.
   */
  conditional: boolean;
}

/**
 * The missing right that an AuthorizationFailed names; undefined when it is another error.
 * Shape: recording roleAssignments.403.AuthorizationFailed.json and, with a condition, errors.quoted-in-public-docs.json.
 */
export function missingRight(error: unknown): MissingRight | undefined {
  if (!(error instanceof ArmError) || error.status !== 403) return undefined;
  const parts = /object id '([^']*)'.*?perform action '([^']*)'.*?over scope '([^']*)'/s.exec(error.said);
  if (parts === null) return undefined;
  const [, callerObjectId = '', action = '', scope = ''] = parts;
  // What is quoted are names that others chose: they may hold any word.
  const sentence = error.said.replace(/'[^']*'/g, "''");
  const conditional = /\bcondition\b/i.test(sentence) && !/does not have authorization/i.test(sentence);
  return { action, scope, callerObjectId, conditional };
}

/**
 * Code and message of an error body. ARM wraps them in "error"; resource providers don't always
 * (recording: errors.404-500.mc-acr.json); what is no JSON is quoted as it is, shortened.
 */
export function readArmError(text: string): { code: string; message: string } {
  const body = parseJson(text);
  for (const candidate of [at(body, 'error'), body]) {
    const code = asText(at(candidate, 'code'));
    const message = asText(at(candidate, 'message'));
    if (code !== undefined || message !== undefined)
      return { code: code ?? '', message: message ?? '(no message)' };
  }
  const quoted = text.replace(/\s+/g, ' ').trim().slice(0, 300);
  return { code: '', message: quoted === '' ? '(empty answer)' : quoted };
}

/** No list is followed for more pages than this. */
export const MOST_PAGES = 200;

export class Arm {
  constructor(
    private readonly sender: Sender,
    private readonly credential: Credential,
    readonly cloud: Cloud,
  ) {}

  /**
   * GET of one resource.
   *
   * @param attempted completes "could not …"
   * @throws {ArmError} when ARM refuses, or answers with what is no JSON object
   */
  async get(path: string, apiVersion: string, attempted: string): Promise<unknown> {
    return this.#json('GET', this.#url(path, apiVersion), attempted);
  }

  /** GET of a list, all pages. A nextLink on another host gets no token: the sender refuses. */
  async list(path: string, apiVersion: string, attempted: string): Promise<unknown[]> {
    const items: unknown[] = [];
    let url: string | undefined = this.#url(path, apiVersion);
    for (let pages = 0; url !== undefined; pages++) {
      if (pages === MOST_PAGES)
        throw new ArmError(attempted, 200, '', `the list has more than ${MOST_PAGES} pages`);
      const body: unknown = await this.#json('GET', url, attempted);
      const page = at(body, 'value');
      // "Could not list" must never read as "there is none".
      if (!Array.isArray(page)) throw new ArmError(attempted, 200, '', 'the answer holds no list');
      items.push(...(page as unknown[]));
      url = asText(at(body, 'nextLink'));
      if (url !== undefined && !URL.canParse(url))
        throw new ArmError(attempted, 200, '', "the list's nextLink is no address");
    }
    return items;
  }

  /** POST that only reads, so it may be repeated. */
  async post(path: string, apiVersion: string, body: unknown, attempted: string): Promise<unknown> {
    return this.#json('POST', this.#url(path, apiVersion), attempted, body);
  }

  #url(path: string, apiVersion: string): string {
    return `${this.cloud.resourceManager}${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`;
  }

  async #json(method: string, url: string, attempted: string, body?: unknown): Promise<unknown> {
    const { token } = await this.credential.token(this.cloud.resourceManagerScope);
    const response: TextResponse = await this.sender.exchange({
      method,
      url,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      carries: 'arm-token',
      repeatable: true,
    });
    if (response.status !== 200) {
      const { code, message } = readArmError(response.text);
      throw new ArmError(attempted, response.status, code, message);
    }
    const parsed = parseJson(response.text);
    if (typeof parsed !== 'object' || parsed === null) {
      throw new ArmError(
        attempted,
        response.status,
        '',
        // Not quoted: cut off, it may still hold the beginning of a kubeconfig.
        `the answer is no JSON object${/^\s*</.test(response.text) ? ' but a page, as proxies and networks put in the place of answers' : ''}`,
      );
    }
    return parsed;
  }
}
