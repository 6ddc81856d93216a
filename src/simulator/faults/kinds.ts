/** The kinds of faults, each once: when it strikes, and which settings it has. */

/**
 * When a fault strikes: as a name is looked up, as the TLS connection is made, before the service does what is asked
 * (which is then never done), or after it was done.
 */
export type Stage = 'look-up' | 'handshake' | 'request' | 'answer';

/** Settings of single kinds. */
export type Setting = 'retryAfter' | 'retryAfterForm' | 'by' | 'lag' | 'over';

interface Kind {
  stage: Stage;
  may?: readonly Setting[];
  must?: readonly Setting[];
}

export const KINDS = {
  /** The name is not found. */
  dns: { stage: 'look-up' },
  /** Nothing listens. */
  refused: { stage: 'look-up' },
  'certificate-expired': { stage: 'handshake' },
  'certificate-wrong-name': { stage: 'handshake' },
  'certificate-unknown-authority': { stage: 'handshake' },

  /** 429; without `retryAfter` it doesn't say for how long. */
  throttled: { stage: 'request', may: ['retryAfter', 'retryAfterForm'] },
  'server-error': { stage: 'request' },
  'bad-gateway': { stage: 'request' },
  unavailable: { stage: 'request', may: ['retryAfter', 'retryAfterForm'] },
  'gateway-timeout': { stage: 'request' },
  /** The connection ends before anything was done. */
  reset: { stage: 'request' },
  /** Nothing is done and nothing answered until the client gives up. */
  stall: { stage: 'request' },
  /** 200 with a page to sign in to the network, as a captive portal has it. */
  'login-page': { stage: 'request' },

  /** Done, but the connection ends before the answer. */
  'reset-after': { stage: 'answer' },
  /** Done, but never answered. */
  'stall-after': { stage: 'answer' },
  /** Done; the connection ends in the middle of the body. */
  'reset-in-body': { stage: 'answer' },
  /** Done; the body ends in the middle, and its length says so too. */
  truncated: { stage: 'answer' },
  /** Done; a chunked body whose last chunks never come. */
  'truncated-chunks': { stage: 'answer' },
  /** Done; the body isn't JSON although its type says so. */
  malformed: { stage: 'answer' },
  /** Done; the body takes as long as `over` says. */
  'slow-body': { stage: 'answer', must: ['over'] },
  /** An access token of the directory that had expired when it was handed out. */
  'expired-token': { stage: 'answer' },
  /** An access token of the directory for another audience than was asked for. */
  'wrong-audience': { stage: 'answer' },
  /** The service's clock is ahead or behind: its Date header, and all times in the directory's tokens. */
  'clock-ahead': { stage: 'answer', must: ['by'] },
  'clock-behind': { stage: 'answer', must: ['by'] },
  /** A list of ARM's leaves out what was made less than `lag` ago. */
  'list-lag': { stage: 'answer', must: ['lag'] },
} as const satisfies Record<string, Kind>;

export type FaultKind = keyof typeof KINDS;

export function isFaultKind(word: string): word is FaultKind {
  return Object.hasOwn(KINDS, word);
}

export function stageOf(kind: FaultKind): Stage {
  return KINDS[kind].stage;
}

/** Whether a kind may have a setting, and whether it must. */
export function settingOf(kind: FaultKind, setting: Setting): 'may' | 'must' | undefined {
  const { may = [], must = [] }: Kind = KINDS[kind];
  if (must.includes(setting)) return 'must';
  return may.includes(setting) ? 'may' : undefined;
}
