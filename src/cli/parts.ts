/** What commands load only when they run: the core for the modes, and the simulated Azure for those that need it. */
import type { demoCommand } from './demo.js';
import type { explainCommand } from './explain.js';
import type { knownFromAzure } from './known.js';
import type { preflightCommand } from './preflight.js';
import type { simulateCommand } from './simulate.js';

export interface Parts {
  preflight(): Promise<{ preflightCommand: typeof preflightCommand }>;
  explain(): Promise<{ explainCommand: typeof explainCommand }>;
  /** What Azure knows, for explain with --cluster or --registry. */
  known(): Promise<{ knownFromAzure: typeof knownFromAzure }>;
  /** Absent in the version that is one file. */
  simulation?: {
    demo(): Promise<{ demoCommand: typeof demoCommand }>;
    simulate(): Promise<{ simulateCommand: typeof simulateCommand }>;
  };
}

export const ALL_PARTS: Parts = {
  preflight: () => import('./preflight.js'),
  explain: () => import('./explain.js'),
  known: () => import('./known.js'),
  simulation: {
    demo: () => import('./demo.js'),
    simulate: () => import('./simulate.js'),
  },
};
