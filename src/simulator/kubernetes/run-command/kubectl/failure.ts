/** Failures in kubectl's words (kubernetes/kubectl pkg/cmd/util/helpers.go, checkErr and StandardErrorMessage; all exit with 1). */
import type { ApiAnswer } from '../api-client.js';

/** A failure that kubectl prints: whole lines without the last newline. */
export class KubectlFailure extends Error {
  override readonly name = 'KubectlFailure';
}

/** What the API server refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly details: StatusDetails = {},
  ) {
    super(message);
  }
}

interface StatusDetails {
  name?: string;
  kind?: string;
  causes?: { field?: string; message?: string }[];
}

/** The object of an answer. Throws {@link Refusal} for a failure. */
export function read<T>({ status, text }: Pick<ApiAnswer, 'status' | 'text'>): T {
  if (status < 400) return JSON.parse(text) as T;
  const {
    reason = '',
    message = '',
    details,
  } = JSON.parse(text) as {
    reason?: string;
    message?: string;
    details?: StatusDetails;
  };
  throw new Refusal(status, reason, message, details);
}

/** An error as kubectl ends with it. Errors that aren't kubectl's own are thrown again. */
export function failureText(error: unknown): string {
  if (error instanceof KubectlFailure) return error.message;
  if (!(error instanceof Refusal)) throw error;
  const { reason, message, details } = error;
  if (reason === 'Unauthorized') return `error: You must be logged in to the server (${message})`;
  if (reason === 'Invalid' && details.causes !== undefined) {
    const causes = details.causes.map(({ field = '', message: why = '' }) => `${field}: ${why}`);
    const subject = `The ${details.kind} ${JSON.stringify(details.name ?? '')} is invalid: `;
    return causes.length === 1
      ? `${subject}${causes[0]}`
      : `${subject}\n${causes.map((one) => `* ${one}`).join('\n')}`;
  }
  return reason === '' ? `Error from server: ${message}` : `Error from server (${reason}): ${message}`;
}

/** A refusal with what was being done put before its message, as `error when creating "job.yaml"`. */
export function during(doing: string, error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  return new Refusal(error.status, error.reason, `${doing}: ${error.message}`, error.details);
}
