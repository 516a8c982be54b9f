/** Everything that one database file holds. */
import type { StoreTables } from '../store-calls.ts';
import { AuditTable } from './audit-table.ts';
import type { Database } from './database.ts';
import { JobTable } from './job-table.ts';
import { KeyValueTable } from './key-value-table.ts';
import { TraceTable } from './trace-table.ts';
import { UsageTable } from './usage-table.ts';

export function tablesOf(database: Database): StoreTables {
  return { jobs: new JobTable(database), kv: new KeyValueTable(database), usage: new UsageTable(database), audit: new AuditTable(database), traces: new TraceTable(database) };
}
