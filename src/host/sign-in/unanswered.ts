/** The error for a sign-in that got no answer. */
import { CredentialWithheld } from '../../core/http/trust.js';
import { HttpFault, SignInError } from '../../core/ports.js';

/**
 * What to throw when a sign-in ended without an answer. What may not be sent, and what was given up, stays what it is.
 *
 * @param what was attempted, such as "get an OIDC token from GitHub"
 */
export function unanswered(what: string, error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof HttpFault ? error.cause : error;
  if (cause instanceof SignInError || cause instanceof CredentialWithheld) return cause;
  if (cause instanceof HttpFault && cause.kind === 'aborted') return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new SignInError(
    `attempted to ${what}: ${said}`,
    'Look at the network of this machine: its name resolution, its firewall, and HTTPS_PROXY.',
    'sign-in-unreachable',
    { cause },
  );
}
