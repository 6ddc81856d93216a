import base from './jest.config.js';

/** The suite that runs real clients against the simulated cloud; it needs programs that `npm ci` doesn't install. */
export default {
  ...base,
  testMatch: ['<rootDir>/__tests__/real/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 180_000,
};
