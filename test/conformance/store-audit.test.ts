/** What the audit of every store driver must do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/access/access.ts';
import { drivers } from '../../src/store/index.gen.ts';
import type { AuditStore } from '../../src/store/store.ts';
import { withStore } from './store-bed.ts';

function entry(id: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return { id, at: 1_000, event: 'admin_access_audit', outcome: 'success', reason: 'key_added', method: 'POST', path: '/v1/admin/access/keys', remoteIp: '203.0.113.7', principal: 'admin:01234567', plane: 'admin', requestId: 'req_1', target: 'alice', versionBefore: 1, versionAfter: 2, ...more };
}

const idsOf = (entries: readonly AuditEntry[]): string[] => entries.map(({ id }) => id);
const added = fc.record({ id: fc.nat(30).map((number) => `e${number}`), at: fc.nat(20), outcome: fc.constantFrom('success' as const, 'denied' as const) });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ call: fc.constant('add' as const), entries: fc.array(added, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('sweep' as const), since: fc.nat(20), most: fc.nat(12) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is kept, oldest first. */
function after(kept: readonly AuditEntry[], asked: Step): AuditEntry[] {
  if (asked.call === 'add') {
    const all = [...kept];
    for (const one of asked.entries) if (!all.some(({ id }) => id === one.id)) all.push(entry(one.id, one));
    return all;
  }
  let left = kept.filter(({ at }) => at >= asked.since);
  while (left.length > asked.most) {
    const victim = left.find(({ outcome }) => outcome === 'denied') ?? left[0];
    left = left.filter((one) => one !== victim);
  }
  return left;
}

async function take(audit: AuditStore, kept: readonly AuditEntry[], asked: Step): Promise<AuditEntry[]> {
  const next = after(kept, asked);
  if (asked.call === 'add') await audit.add(asked.entries.map((one) => entry(one.id, one)));
  else expect(await audit.sweep(asked.since, asked.most)).toBe(kept.length - next.length);
  return next;
}

describe.each(drivers.map((driver) => [driver.kind, driver] as const))('%s', (_kind, driver) => {
  test('any sequence of calls does what the contract says, read in pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20, size: 'max' }), fc.integer({ min: 1, max: 7 }), (steps, limit) =>
        withStore(driver, async ({ audit }) => {
          let kept: AuditEntry[] = [];
          for (const asked of steps) kept = await take(audit, kept, asked);
          const read: AuditEntry[] = [];
          for (let page = await audit.list({ limit }); page.length > 0; page = await audit.list({ limit, before: page.at(-1)!.id })) read.push(...page);
          expect(read).toEqual(kept.reverse());
        })),
      { numRuns: 40 },
    );
  });

  test('those who are turned away do not wash out what was done', () =>
    withStore(driver, async ({ audit }) => {
      await audit.add([entry('done')]);
      await audit.add(Array.from({ length: 20 }, (_, index) => entry(`denied${index}`, { outcome: 'denied' })));
      expect(await audit.sweep(0, 5)).toBe(16);
      expect(idsOf(await audit.list({ limit: 100 }))).toEqual(['denied19', 'denied18', 'denied17', 'denied16', 'done']);
    }));

  test('a page after an unknown id is empty', () =>
    withStore(driver, async ({ audit }) => {
      await audit.add([entry('a')]);
      expect(await audit.list({ limit: 5, before: 'nobody' })).toEqual([]);
    }));

  test('a closed store rejects and says so', async () => {
    const { audit } = await withStore(driver, async (open) => open);
    await expect(audit.add([entry('a')])).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(audit.list({ limit: 1 })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
