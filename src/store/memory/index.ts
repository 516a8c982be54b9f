/** A store in memory: for tests, and for whoever needs nothing of it after a restart. */
import { RouterError } from '../../core/errors.ts';
import type { StoreDriver } from '../store.ts';
import { perform, type StoreCall, storeParts, type StoreTables } from '../store-calls.ts';
import { MemoryAudit } from './memory-audit.ts';
import { MemoryJobs } from './memory-jobs.ts';
import { MemoryKeyValues } from './memory-key-values.ts';
import { MemoryTraces } from './memory-traces.ts';
import { MemoryUsage } from './memory-usage.ts';

export const driver: StoreDriver = {
  kind: 'memory',
  async open({ now = Date.now }) {
    const tables: StoreTables = { jobs: new MemoryJobs(), kv: new MemoryKeyValues(), usage: new MemoryUsage(), audit: new MemoryAudit(), traces: new MemoryTraces() };
    let closed = false;
    const send = async <Value>(call: StoreCall): Promise<Value> => {
      if (closed) throw new RouterError('store_unavailable', 'The store is closed.');
      return perform(tables, call) as Value;
    };
    return {
      kind: 'memory',
      ...storeParts(send, now),
      async close() {
        closed = true;
      },
    };
  },
};
