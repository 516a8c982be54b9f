/** `jobs` and `store`: work accepted for later, and where it is kept. */
import { z } from 'zod';
import { filePath, positiveCount, positiveMilliseconds, size } from './values.ts';

export const jobs = z
  .strictObject({
    store: z.enum(['memory', 'sqlite']).optional().describe('Where jobs are kept; absent: as `store.kind`. With memory, a restart loses them.'),
    path: filePath.optional().describe('Database of the jobs alone; absent: `store.path`. `~` is the home folder; relative to the configuration file.'),
    resultTtlSeconds: positiveCount.default(86_400).describe('How long a finished job is kept, counted from its end.'),
    maxAttempts: positiveCount.default(2).describe('Tries of a job that fails for a passing reason.'),
    cleanupIntervalMs: positiveMilliseconds.default(60_000).describe('Time between two clean-ups.'),
    maxRetainedJobs: positiveCount.default(10_000).describe('Finished jobs kept at most; the oldest go first.'),
    maxRetainedBytes: size.prefault('512mb').describe('Bytes of requests and results kept at most.'),
  })
  .prefault({})
  .describe('Asynchronous jobs.');

/** `~` is expanded, and XDG_DATA_HOME put in place of `~/.local/share`, by whoever loads the file. */
export const defaultStorePath = '~/.local/share/ollama-agent-router/router.db';

export const store = z
  .strictObject({
    kind: z.enum(['sqlite', 'memory']).default('sqlite').describe('A database file, or memory that a restart loses.'),
    path: filePath.default(defaultStorePath).describe('The database file. `~` is the home folder; XDG_DATA_HOME is honoured by the default; relative to the configuration file.'),
  })
  .prefault({})
  .describe('Where the router keeps what must survive a restart.');
