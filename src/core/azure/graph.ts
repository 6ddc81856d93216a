/** Microsoft Graph, as far as it is asked who is who. Few logins may ask, so a refusal is an answer and never an error. */
import { readText } from '../http/sender.js';
import type { Sender } from '../http/sender.js';
import { asText, at, parseJson } from '../json.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Credential } from '../ports.js';
import type { Cloud } from './clouds.js';

/** What the directory says about a service principal, which a managed identity is too. */
export type Looked =
  | { outcome: 'found'; objectId: string }
  /** This tenant's directory has none. */
  | { outcome: 'none' }
  /** This login may not ask, or there was no answer. */
  | { outcome: 'unseen'; because: string };

/** By which of its two ids; both are GUIDs. */
type Key = { applicationId: string } | { objectId: string };

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Milliseconds until the head of the answer: what is asked here is never worth a long wait. */
const PATIENCE_MS = 10_000;

export class Graph {
  constructor(
    private readonly sender: Sender,
    private readonly credential: Credential,
    private readonly cloud: Cloud,
  ) {}

  /**
   * Looks a service principal up, with one request. Requests and answers:
   * https://learn.microsoft.com/graph/api/serviceprincipal-get (v1.0; by `appId` as an alternate key); refusals:
   * https://learn.microsoft.com/graph/resolve-auth-errors.
   *
   * @throws {HttpFault} only because the run ends
   */
  async servicePrincipal(key: Key): Promise<Looked> {
    const id = 'objectId' in key ? key.objectId : key.applicationId;
    // An id out of ARM's answer becomes part of an address: nothing but a GUID may.
    if (!GUID.test(id)) return { outcome: 'unseen', because: `${JSON.stringify(id)} is no id` };
    const which = 'objectId' in key ? `/${id}` : `(appId='${id}')`;
    try {
      const { token } = await this.credential.token(this.cloud.microsoftGraphScope);
      const { status, body } = await this.sender.open({
        method: 'GET',
        url: `${this.cloud.microsoftGraph}/v1.0/servicePrincipals${which}?$select=id`,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        carries: 'graph-token',
        timeoutMs: PATIENCE_MS,
      });
      return read(status, parseJson(await readText(body, new URL(this.cloud.microsoftGraph).host)));
    } catch (error) {
      if (error instanceof HttpFault ? error.kind === 'aborted' : !(error instanceof SignInError))
        throw error;
      return { outcome: 'unseen', because: error instanceof Error ? error.message : '' };
    }
  }
}

function read(status: number, body: unknown): Looked {
  const objectId = asText(at(body, 'id'));
  if (status === 200 && objectId !== undefined && GUID.test(objectId))
    return { outcome: 'found', objectId: objectId.toLowerCase() };
  const code = asText(at(body, 'error', 'code')) ?? '';
  // A proxy's page for an unknown name is a 404 too: only Graph's own code says that there is none.
  if (status === 404 && code === 'Request_ResourceNotFound') return { outcome: 'none' };
  return {
    outcome: 'unseen',
    because: `Microsoft Graph answered HTTP ${status}${code === '' ? '' : ` ${code}`}`,
  };
}
