/** Exit codes of the command (docs/contract.md, "Outputs"). */
import type { Result } from '../core/report.js';

export const EXIT = {
  passed: 0,
  failed: 1,
  /** Unusable input, or refused: nothing was called. */
  unusable: 2,
  unknown: 3,
  /** As shells report a program that SIGINT ended: 128 + 2. */
  interrupted: 130,
} as const satisfies Record<Result | 'unusable' | 'interrupted', number>;
