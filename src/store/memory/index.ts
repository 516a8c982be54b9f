/** Jobs in memory: for tests, and for whoever does not need them after a restart. */
import { RouterError } from '../../core/errors.ts';
import type { JobStore, StoreDriver } from '../store.ts';
import { MemoryJobs } from './memory-jobs.ts';

export const driver: StoreDriver = {
  kind: 'memory',
  async open() {
    const kept = new MemoryJobs();
    let closed = false;
    const call = async <T>(run: (jobs: MemoryJobs) => T): Promise<T> => {
      if (closed) throw new RouterError('store_unavailable', 'The job store is closed.');
      return run(kept);
    };
    const jobs: JobStore = {
      add: (job) => call((store) => store.add(job)),
      get: (id) => call((store) => store.get(id)),
      list: (page) => call((store) => store.list(page)),
      start: (id, at) => call((store) => store.start(id, at)),
      finish: (id, outcome) => call((store) => store.finish(id, outcome)),
      requeue: (id, notBefore, error) => call((store) => store.requeue(id, notBefore, error)),
      recover: () => call((store) => store.recover()),
      sweep: (now, limits) => call((store) => store.sweep(now, limits)),
      counts: () => call((store) => store.counts()),
    };
    return {
      kind: 'memory',
      jobs,
      async close() {
        closed = true;
      },
    };
  },
};
