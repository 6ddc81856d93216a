/** Whether a found credential still works: the registry that it is for is asked, and nobody else. */
import type { Sender } from '../http/sender.js';
import { asText, at, parseJson } from '../json.js';
import { HttpFault } from '../ports.js';
import type { HeldCredential } from './docker-config.js';

export interface Asked {
  works: boolean | 'unknown';
  because: string;
}

/**
 * Asks the registry's token endpoint for a token without any scope, as `docker login` does (distribution/distribution,
 * docs/content/spec/auth/token.md): it signs in and gives no right to anything. The credential goes over the core's one
 * rule of trust, to this login server as ARM named it. What the registry answers is never quoted, and the token that it
 * gives is let go.
 */
export async function askRegistry(
  sender: Sender,
  loginServer: string,
  { username, password }: Pick<HeldCredential, 'username' | 'password'>,
): Promise<Asked> {
  const basic = Buffer.from(`${username}:${password.reveal()}`).toString('base64');
  try {
    const { status, text } = await sender.exchange({
      method: 'GET',
      url: `https://${loginServer}/oauth2/token?service=${encodeURIComponent(loginServer)}`,
      headers: { authorization: `Basic ${basic}` },
      carries: 'registry-token',
    });
    const answer = parseJson(text);
    const token = asText(at(answer, 'access_token')) ?? asText(at(answer, 'token'));
    if (status === 200 && token !== undefined) return { works: true, because: 'the registry takes it' };
    if (status === 401) return { works: false, because: 'the registry refuses it (HTTP 401)' };
    return { works: 'unknown', because: `the registry answered HTTP ${status}` };
  } catch (error) {
    if (!(error instanceof HttpFault) || error.kind === 'aborted') throw error;
    return { works: 'unknown', because: `${loginServer} gave no answer (${error.kind})` };
  }
}
