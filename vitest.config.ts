import { defineConfig } from 'vitest/config';

// What comes about in the end may take its time on a busy machine; what has to be quick says so itself.
const patient = { testTimeout: 30_000, expect: { poll: { timeout: 10_000 } } };

// One project per tier (docs/decisions); scripts/test.mjs chooses among them.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'ui/src/**/*.test.ts', 'test/conformance/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 10_000 } },
      { test: { name: 'flow', include: ['test/flow/**/*.test.ts'], pool: 'forks', ...patient, hookTimeout: 30_000 } },
      { test: { name: 'ui', include: ['test/ui/**/*.test.ts'], pool: 'forks', fileParallelism: false, ...patient, hookTimeout: 60_000 } },
      { test: { name: 'real', include: ['test/e2e/**/*.test.ts'], pool: 'forks', fileParallelism: false, ...patient, testTimeout: 180_000, hookTimeout: 900_000 } },
      { test: { name: 'long', include: ['test/long/**/*.test.ts'], pool: 'forks', fileParallelism: false, ...patient, testTimeout: 900_000, hookTimeout: 120_000 } },
    ],
  },
});
