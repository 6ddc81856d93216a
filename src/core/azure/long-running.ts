/** ARM operations that go on after their first answer: ordered by one POST, then asked for until they have ended. */
import { askedWait } from '../http/sender.js';
import type { Sender, TextResponse } from '../http/sender.js';
import type { Clock, Credential } from '../ports.js';
import { ArmError } from './arm.js';
import type { Cloud } from './clouds.js';

/** Pauses between two looks where the answer asks for none; the last repeats. Most operations end within seconds. */
const PAUSES_MS = [1_000, 1_000, 2_000, 3_000, 5_000] as const;
const LONGEST_PAUSE_MS = 15_000;
/** No operation is waited for longer than this. */
export const OPERATION_LIMIT_MS = 180_000;

/** What an operation is sent with and waited by. */
export interface OperationPorts {
  sender: Sender;
  credential: Credential;
  cloud: Cloud;
  clock: Clock;
}

export interface Operation<T> {
  /** Completes "could not …". */
  attempted: string;
  /** Path below Resource Manager, with no query. */
  path: string;
  apiVersion: string;
  body: unknown;
  /**
   * What an answer says: the operation's result, or undefined while it goes on.
   *
   * @param ordered the operation was taken: what is asked about is its result
   * @throws whatever the answer is an error of
   */
  read: (answer: TextResponse, ordered: boolean) => T | undefined;
  /** The error of an operation without an end. */
  late: (answer: TextResponse) => Error;
}

/**
 * Orders an operation and waits for its end. The order is sent again after a fault on the way, so it must bear being
 * carried out twice. Where the result will be is said in `location`, when to ask in `retry-after`
 * (Azure/azure-resource-manager-rpc, v1.0/async-api-reference.md).
 *
 * @throws {ArmError} when the answer doesn't say where the result will be
 * @throws {HttpFault} when there is no answer @throws {CredentialWithheld} @throws whatever `read` and `late` give
 */
export async function runOperation<T>(
  { sender, credential, cloud, clock }: OperationPorts,
  { attempted, path, apiVersion, body, read, late }: Operation<T>,
  signal: AbortSignal,
): Promise<T> {
  const until = clock.now() + OPERATION_LIMIT_MS;
  const exchange = async (url: string, order?: string): Promise<TextResponse> => {
    const { token } = await credential.token(cloud.resourceManagerScope, signal);
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    return sender.exchange({
      url,
      ...(order === undefined
        ? { method: 'GET', headers }
        : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: order }),
      carries: 'arm-token',
      repeatable: true,
      signal,
    });
  };

  let answer = await exchange(
    `${cloud.resourceManager}${path}?api-version=${apiVersion}`,
    JSON.stringify(body),
  );
  let place: string | undefined;
  for (let looks = 0; ; looks += 1) {
    const result = read(answer, place !== undefined);
    if (result !== undefined) return result;
    place = answer.headers.location ?? place;
    if (place === undefined || !URL.canParse(place))
      throw new ArmError(attempted, answer.status, '', 'the answer does not say where the result will be');
    if (clock.now() >= until) throw late(answer);
    await clock.sleep(pause(answer, looks, clock.now()), signal);
    answer = await exchange(place);
  }
}

function pause({ headers, text }: TextResponse, looks: number, now: number): number {
  const asked = askedWait(headers['retry-after'], text, now) ?? 0;
  if (asked > 0) return Math.min(asked, LONGEST_PAUSE_MS);
  return PAUSES_MS[Math.min(looks, PAUSES_MS.length - 1)] ?? LONGEST_PAUSE_MS;
}
