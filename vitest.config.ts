import { defineConfig } from 'vitest/config';

// One project per tier (docs/decisions); scripts/test.mjs chooses among them.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'ui/src/**/*.test.ts', 'test/conformance/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 10_000 } },
      { test: { name: 'flow', include: ['test/flow/**/*.test.ts'], pool: 'forks', testTimeout: 30_000, hookTimeout: 30_000 } },
      { test: { name: 'ui', include: ['test/ui/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 30_000, hookTimeout: 60_000 } },
      { test: { name: 'real', include: ['test/e2e/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 180_000, hookTimeout: 900_000 } },
      { test: { name: 'long', include: ['test/long/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 900_000, hookTimeout: 120_000 } },
    ],
  },
});
