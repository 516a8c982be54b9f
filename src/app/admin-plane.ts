/** The admin plane: the API that changes keys and policy, the audit, and when keys were used. */
import { randomBytes } from 'node:crypto';
import { AccessDocument } from '../access/access-document.ts';
import { AuditTrail } from '../access/audit.ts';
import type { AccessParts } from '../access/create-access.ts';
import { LastUsed } from '../access/last-used.ts';
import type { ManagedFile } from '../access/managed-file.ts';
import type { Config } from '../config/config.ts';
import { checkKey, checkPolicy } from '../config/managed-policy.ts';
import type { Clock } from '../core/clock.ts';
import { adminRoutes } from '../http/admin.ts';
import type { Route } from '../http/http.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Part } from './lifecycle.ts';
import { pooledSource, randomId } from './random-id.ts';

export interface AdminPlaneSources {
  readonly config: Pick<Config, 'access'>;
  readonly store: Pick<Store, 'audit' | 'kv'>;
  /** Null: the policy cannot change, and there is no API for it. */
  readonly file: ManagedFile | null;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AdminPlane extends Part {
  readonly audit: AuditTrail;
  readonly routes: readonly Route[];
  readonly denied: AccessParts['denied'];
  readonly used: AccessParts['used'];
}

const bytes = pooledSource((count) => randomBytes(count));

/** Starts after the store, and stops before it. */
export function createAdminPlane({ config, store, file, clock, log }: AdminPlaneSources): AdminPlane {
  const audit = new AuditTrail({ clock, log, store: store.audit, enabled: config.access?.admin.auditLog ?? true, newId: () => `audit_${randomId(16, bytes)}` });
  const lastUsed = new LastUsed(clock, store.kv, log);
  const checks = { policy: checkPolicy, key: checkKey };
  return {
    name: 'admin plane',
    audit,
    routes: file === null ? [] : adminRoutes({ audit, access: new AccessDocument({ file, checks, lastUsed, random: randomBytes }) }),
    denied: (entry) => audit.denied(entry),
    used: (keyId, at) => lastUsed.used(keyId, at),
    start: () => audit.start(),
    async stop() {
      await Promise.all([audit.stop(), lastUsed.stop()]);
    },
  };
}
