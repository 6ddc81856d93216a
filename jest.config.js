import { availableParallelism } from 'node:os';

/** Jest runs the sources as ES modules, through swc; `tsc --noEmit` checks the types. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  // What needs programs besides Node is a suite of its own: jest.clients.config.js.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/__tests__/real/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2022',
          experimental: { keepImportAttributes: true },
        },
      },
    ],
  },
  testSequencer: '<rootDir>/scripts/jest-order.js',
  reporters: ['default', '<rootDir>/scripts/jest-skips.js'],
  // Half of the tests' time is waiting, for children and for clouds: two workers for each processor keep it busy. As a
  // number: Jest takes a percentage above 100 for so many workers.
  maxWorkers: 2 * availableParallelism(),
  // What a file has loaded stays in its worker's memory.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 60_000,
};
