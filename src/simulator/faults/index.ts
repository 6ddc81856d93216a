/** Faults on demand: what strikes a connection or a request, and what is then done about it. */
import type { Answer } from '../net/exchange.js';
import { faultAnswer, loginPage } from './answers.js';
import type { FaultKind } from './kinds.js';
import { stageOf } from './kinds.js';
import { NoAnswer } from './no-answer.js';
import type { Asked, RuleBook } from './rules.js';
import type { FaultRule } from './schema.js';
import { stalled, TAMPERING } from './tampering.js';
import type { Tools } from './tampering.js';

export { NoAnswer } from './no-answer.js';
export { createRuleBook } from './rules.js';
export type { Asked, Origin } from './rules.js';
export type { FaultRule } from './schema.js';
export type { FaultKind } from './kinds.js';

/** What keeps a connection from being made, and which certificate is shown. */
export type LookUpFault = 'dns' | 'refused';
export type CertificateFault =
  'certificate-expired' | 'certificate-wrong-name' | 'certificate-unknown-authority';

/** A fault that has struck a request. */
export interface Struck {
  /** For the request log. */
  name: string;
  /** True when the request must not be carried out: `answer` has no use for one. */
  instead: boolean;
  /** What the client gets. @throws {NoAnswer} when that is nothing */
  answer(given: Answer | undefined, gone: AbortSignal): Promise<Answer>;
}

/** The faults of a running simulator. */
export interface Faults {
  lookUp(asked: Asked): LookUpFault | undefined;
  certificate(asked: Asked): CertificateFault | undefined;
  /** Asked when a request has come, and again when its route is known. */
  request(asked: Asked): Struck | undefined;
}

const STATUSES = {
  throttled: 429,
  'server-error': 500,
  'bad-gateway': 502,
  unavailable: 503,
  'gateway-timeout': 504,
} as const;

export function createFaults(book: RuleBook, tools: Omit<Tools, 'gone'>): Faults {
  return {
    lookUp(asked) {
      const { fault } = book.strikes(['look-up'], asked) ?? {};
      return fault === 'dns' || fault === 'refused' ? fault : undefined;
    },
    certificate(asked) {
      const { fault } = book.strikes(['handshake'], asked) ?? {};
      return fault !== undefined && isCertificateFault(fault) ? fault : undefined;
    },
    request(asked) {
      const rule = book.strikes(['request', 'answer'], asked);
      if (rule === undefined) return undefined;
      const instead = stageOf(rule.fault) === 'request';
      return {
        name: nameOf(rule),
        instead,
        answer: async (given, gone) =>
          given === undefined || instead
            ? inPlace(rule, asked, tools.now(), gone)
            : ((await TAMPERING[rule.fault]?.(given, rule, { ...tools, gone })) ?? given),
      };
    },
  };
}

function isCertificateFault(kind: FaultKind): kind is CertificateFault {
  return stageOf(kind) === 'handshake';
}

/** What a client gets from a service that was never asked. */
async function inPlace(rule: FaultRule, asked: Asked, now: number, gone: AbortSignal): Promise<Answer> {
  const { fault, retryAfter, retryAfterForm } = rule;
  const { service = '', method = 'GET', path = '/' } = asked;
  if (fault === 'stall') return stalled(gone);
  if (fault === 'login-page') return loginPage();
  if (fault in STATUSES) {
    return faultAnswer(STATUSES[fault as keyof typeof STATUSES], {
      service,
      method,
      path: path.split('?', 1)[0] ?? '',
      retryAfter,
      retryAfterForm,
      now,
    });
  }
  throw new NoAnswer('the connection ends before anything is done');
}

/** The kind, with what it was set to. */
function nameOf({ fault, retryAfter, retryAfterForm, by, lag, over }: FaultRule): string {
  const ms = retryAfter ?? by ?? lag ?? over;
  return ms === undefined
    ? fault
    : `${fault} (${ms / 1000} s${retryAfterForm === undefined ? '' : `, ${retryAfterForm}`})`;
}
