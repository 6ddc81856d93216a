/** Jest runs the sources as ES modules, through swc; `tsc --noEmit` checks the types. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  // What needs programs besides Node is a suite of its own: jest.clients.config.js.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/__tests__/real/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }],
  },
  reporters: ['default', '<rootDir>/scripts/jest-skips.js'],
  // Half of the tests' time goes into children and waiting: a worker for each processor keeps them busy.
  maxWorkers: '100%',
  testTimeout: 60_000,
};
