import base from './jest.config.js';

/** The suite that runs real clients against the simulated cloud; it needs programs that `npm ci` doesn't install. */
export default {
  ...base,
  testMatch: ['<rootDir>/__tests__/real/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // These programs are heavy, and a node's runtime wants a processor for itself.
  maxWorkers: '100%',
  testTimeout: 180_000,
};
