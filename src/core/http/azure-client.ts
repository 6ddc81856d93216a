/** Lets Azure's SDKs send through the guarded sender, so that one rule decides where their credentials go too. */
import { createHttpHeaders, RestError } from '@azure/core-rest-pipeline';
import type { HttpClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { HttpFault } from '../ports.js';
import type { Sender } from './sender.js';
import type { Carried } from './trust.js';

/**
 * An SDK's HTTP client on top of a {@link Sender}. Retries and redirects are the sender's business: give the SDK's client
 * {@link SENDER_DECIDES} too, so that it does neither itself.
 *
 * @param carried what the SDK's requests carry; those without a credential may go anywhere
 * @param options.repeatable every request may be sent again, POST too
 */
export function azureHttpClient(
  sender: Sender,
  carried: Carried,
  options: { repeatable?: true } = {},
): HttpClient {
  return {
    async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
      const headers = Object.fromEntries(
        Object.entries(request.headers.toJSON()).map(([k, v]) => [k.toLowerCase(), v]),
      );
      // The SDKs would unpack a compressed answer only in their own client.
      delete headers['accept-encoding'];
      const body = typeof request.body === 'string' ? request.body : undefined;
      if (body === undefined && request.body !== undefined && request.body !== null) {
        throw new RestError('only text is sent here', { request });
      }
      const holdsCredential = headers.authorization !== undefined || body !== undefined;
      try {
        const response = await sender.exchange({
          method: request.method,
          url: request.url,
          headers,
          ...(body === undefined ? {} : { body }),
          ...(holdsCredential ? { carries: carried } : {}),
          ...options,
          ...(request.abortSignal instanceof AbortSignal ? { signal: request.abortSignal } : {}),
        });
        return {
          request,
          status: response.status,
          headers: createHttpHeaders(response.headers),
          bodyAsText: response.text,
        };
      } catch (error) {
        // The SDKs pass a RestError on as it is; the fault itself stays its cause.
        if (error instanceof HttpFault) {
          const wrapped = new RestError(error.message, { code: RestError.REQUEST_SEND_ERROR, request });
          wrapped.cause = error;
          throw wrapped;
        }
        throw error;
      }
    },
  };
}

/** Options of every SDK client: no retry and no redirect of its own. */
export const SENDER_DECIDES = {
  retryOptions: { maxRetries: 0 },
  redirectOptions: { maxRetries: 0 },
} as const;
