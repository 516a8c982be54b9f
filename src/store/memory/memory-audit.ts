/** The audit store's rules over a Map, oldest first. */
import type { AuditEntry } from '../../access/access.ts';
import type { AuditPage } from '../store.ts';
import type { AuditCalls } from '../store-calls.ts';

/** Synchronous; see `AuditStore` for what each call promises. */
export class MemoryAudit implements AuditCalls {
  readonly #entries = new Map<string, AuditEntry>();

  add(entries: readonly AuditEntry[]): void {
    for (const entry of entries) if (!this.#entries.has(entry.id)) this.#entries.set(entry.id, { ...entry });
  }

  list({ limit, before }: AuditPage): AuditEntry[] {
    const all = [...this.#entries.values()];
    const end = before === undefined ? all.length : all.findIndex(({ id }) => id === before);
    return all.slice(0, Math.max(0, end)).reverse().slice(0, limit);
  }

  sweep(since: number, most: number): number {
    const old = [...this.#entries.values()].filter(({ at }) => at < since);
    for (const { id } of old) this.#entries.delete(id);
    const left = [...this.#entries.values()];
    const inOrder = [...left.filter(({ outcome }) => outcome === 'denied'), ...left.filter(({ outcome }) => outcome !== 'denied')];
    const over = inOrder.slice(0, Math.max(0, left.length - most));
    for (const { id } of over) this.#entries.delete(id);
    return old.length + over.length;
  }
}
