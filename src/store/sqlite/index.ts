/** Jobs in one SQLite file, written by a thread of its own; what it has confirmed survives `kill -9` and a power cut. */
import { resolve } from 'node:path';
import type { StoreDriver } from '../store.ts';
import { RemoteJobs } from './remote-jobs.ts';
import { startThread } from './start-thread.ts';

export const driver: StoreDriver = {
  kind: 'sqlite',
  async open({ path }) {
    if (!path) throw new Error('The sqlite store needs a file: set store.path, or set store.kind to memory.');
    const jobs = new RemoteJobs(await startThread(resolve(path)));
    await jobs.opened();
    return { kind: 'sqlite', jobs, close: () => jobs.close() };
  },
};
