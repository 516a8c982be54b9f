/** Keeps the audit: a line in the log at once, and soon after a row in the store, from where it can be read. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { AuditPage, AuditStore } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Audit, AuditEntry } from './access.ts';
import { DeniedAttempts } from './denied-attempts.ts';

export interface AuditParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: AuditStore;
  /** `access.admin.auditLog`; false: nothing is recorded, and what was can still be read. */
  readonly enabled: boolean;
  /** Different in every run of the router. */
  readonly newId: () => string;
}

const writeAfterMs = 500;
const retryMs = 5_000;
/** Rows in one write, and rows that wait for a store that is out of order. */
const batchRows = 500;
const mostPending = 10_000;
const keptMs = 90 * 86_400_000;
const keptRows = 100_000;
const sweepEveryMs = 3_600_000;
const longestText = 200;

export class AuditTrail implements Audit {
  readonly #parts: AuditParts;
  readonly #denied: DeniedAttempts;
  #pending: AuditEntry[] = [];
  #writing: Promise<boolean> | null = null;
  #cancel: CancelTimer | null = null;
  #failing = false;
  #lost = 0;
  #nextSweepAt = 0;

  constructor(parts: AuditParts) {
    this.#parts = parts;
    this.#denied = new DeniedAttempts(parts.clock, (attempt) => this.record(attempt));
  }

  /** Lets go of what is too old. */
  start(): void {
    void this.#sweep();
  }

  record(entry: Omit<AuditEntry, 'id'>): void {
    const { enabled, newId } = this.#parts;
    if (!enabled) return;
    const kept: AuditEntry = { id: newId(), ...entry, path: harmless(entry.path), reason: harmless(entry.reason), ...(entry.target === undefined ? {} : { target: harmless(entry.target) }) };
    this.#logLine(kept);
    this.#pending.push(kept);
    if (this.#pending.length > mostPending) {
      this.#pending.shift();
      this.#lost += 1;
    }
    this.#flushAfter(writeAfterMs);
  }

  /** As `record`; of many from one address only some are told one by one. */
  denied(entry: Omit<AuditEntry, 'id'>): void {
    if (this.#parts.enabled) this.#denied.add(entry);
  }

  async page(page: AuditPage): Promise<readonly AuditEntry[]> {
    await this.flush();
    return this.#parts.store.list(page);
  }

  /** True when the store has all that was recorded before; false when it does not take it now. */
  async flush(): Promise<boolean> {
    while (this.#pending.length > 0) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
      if (!(await this.#writing)) return false;
    }
    return true;
  }

  async stop(): Promise<void> {
    this.#denied.close();
    const written = await this.flush();
    this.#cancel?.();
    this.#lost += this.#pending.length;
    if (!written || this.#lost > 0) this.#parts.log.error({ rows: this.#lost }, 'rows of the audit are in the log alone: the store did not take them');
  }

  #flushAfter(delayMs: number): void {
    this.#cancel ??= this.#parts.clock.after(delayMs, () => {
      this.#cancel = null;
      void this.flush();
    });
  }

  /** Again when the store did not take them, as they were: it knows them by their ids. */
  async #write(): Promise<boolean> {
    const { clock, log, store } = this.#parts;
    this.#cancel?.();
    this.#cancel = null;
    const batch = this.#pending.slice(0, batchRows);
    try {
      await store.add(batch);
    } catch (err) {
      if (!this.#failing) log.warn({ err }, 'the audit cannot be written to the store now; it is kept in memory and tried again');
      this.#failing = true;
      this.#flushAfter(retryMs);
      return false;
    }
    this.#failing = false;
    const written = new Set(batch);
    this.#pending = this.#pending.filter((entry) => !written.has(entry));
    if (clock.now() >= this.#nextSweepAt) await this.#sweep();
    return true;
  }

  async #sweep(): Promise<void> {
    const { clock, log, store } = this.#parts;
    this.#nextSweepAt = clock.now() + sweepEveryMs;
    await store.sweep(clock.now() - keptMs, keptRows).catch((err: unknown) => log.warn({ err }, 'old rows of the audit could not be removed'));
  }

  #logLine({ id, at: _at, event, ...rest }: AuditEntry): void {
    const { log } = this.#parts;
    if (event === 'plane_access_denied') log.warn({ event, ...rest, auditId: id }, 'plane access denied');
    else log.info({ event, ...rest, auditId: id }, 'admin access audit');
  }
}

/** Somebody may put a key where a name belongs. */
function harmless(text: string): string {
  return text.replace(/oar_[\w-]{8,}/g, 'oar_[redacted]').slice(0, longestText);
}
