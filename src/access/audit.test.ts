import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import { driver } from '../store/memory/index.ts';
import type { AuditStore } from '../store/store.ts';
import { silentLog } from '../telemetry/log.ts';
import type { AuditEntry } from './access.ts';
import { AuditTrail } from './audit.ts';

type Entry = Omit<AuditEntry, 'id'>;
/** When the clock of the tests begins. */
const begin = new FakeClock().now();
const action: Entry = { at: begin, event: 'admin_access_audit', outcome: 'success', reason: 'key_added', method: 'POST', path: '/v1/admin/access/keys', remoteIp: '203.0.113.7', principal: 'admin:01234567', plane: 'admin', requestId: 'req_1', target: 'alice', versionBefore: 1, versionAfter: 2 };
const attempt = (remoteIp: string, more: Partial<Entry> = {}): Entry => ({ at: begin, event: 'plane_access_denied', outcome: 'denied', reason: 'invalid_api_key', method: 'GET', path: '/v1/jobs', remoteIp, principal: 'anonymous', plane: 'standalone', requestId: 'req_2', ...more });

async function bed(more: { readonly enabled?: boolean; readonly store?: AuditStore } = {}) {
  const clock = new FakeClock();
  const lines: { readonly level: string; readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];
  const say = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string): void => void lines.push({ level, fields, message });
  const store = more.store ?? (await driver.open({})).audit;
  const ids = Array.from({ length: 1000 }, (_, index) => `audit_${index + 1}`).values();
  const audit = new AuditTrail({ clock, store, enabled: true, log: { ...silentLog, info: say('info'), warn: say('warn'), error: say('error') }, newId: () => String(ids.next().value), ...more });
  return { clock, lines, store, audit };
}

test('an admin action is one line at once, and within a second a row', async () => {
  const { clock, lines, store, audit } = await bed();
  audit.record(action);
  const { at: _at, ...fields } = action;
  expect(lines).toEqual([{ level: 'info', message: 'admin access audit', fields: { ...fields, auditId: 'audit_1' } }]);
  await clock.advanceAsync(1000);
  expect(await store.list({ limit: 10 })).toEqual([{ id: 'audit_1', ...action }]);
  expect(clock.pending).toBe(0);
});

test('a page shows what was recorded a moment ago, newest first', async () => {
  const { audit } = await bed();
  for (const target of ['a', 'b', 'c']) audit.record({ ...action, target });
  const first = await audit.page({ limit: 2 });
  expect(first.map(({ target }) => target)).toEqual(['c', 'b']);
  expect((await audit.page({ limit: 2, before: first[1]!.id })).map(({ target }) => target)).toEqual(['a']);
  audit.record({ ...action, target: 'd' });
  expect((await audit.page({ limit: 1 }))[0]?.target).toBe('d');
});

test('denied attempts are warnings; of one address ten a minute are told, the rest as a number', async () => {
  const { clock, lines, audit } = await bed();
  for (let tries = 0; tries < 500; tries += 1) audit.denied(attempt('203.0.113.1'));
  audit.denied(attempt('203.0.113.2'));
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(Array.from({ length: 11 }, () => 'warn plane access denied'));
  await clock.advanceAsync(60_000);
  expect(lines).toHaveLength(12);
  expect(lines[11]?.fields).toMatchObject({ event: 'plane_access_denied', remoteIp: '203.0.113.1', count: 490 });
  audit.denied(attempt('203.0.113.1'));
  expect(lines).toHaveLength(13);
  await audit.stop();
  expect(await audit.page({ limit: 500 })).toHaveLength(13);
});

test('an attacker with many addresses cannot fill the disk', async () => {
  const { clock, lines, audit } = await bed();
  for (let tries = 0; tries < 100_000; tries += 1) audit.denied(attempt(`2001:db8::${tries.toString(16)}`));
  await clock.advanceAsync(60_000);
  expect(lines.length).toBeLessThan(700);
  expect(lines.reduce((sum, { fields }) => sum + Number(fields['count'] ?? 1), 0)).toBe(100_000);
});

test('a key in a wrong place is in no line and no row', async () => {
  const { lines, audit } = await bed();
  const secret = `oar_${'s3cr3t'.repeat(7)}`;
  audit.record({ ...action, path: `/v1/admin/access/keys/${secret}`, target: secret, outcome: 'failure', reason: `API key '${secret}' not found` });
  audit.denied(attempt('203.0.113.1', { path: `/v1/jobs/${secret}/${'x'.repeat(5000)}` }));
  const rows = await audit.page({ limit: 10 });
  expect(JSON.stringify([lines, rows])).not.toContain('s3cr3t');
  expect(JSON.stringify(rows).length).toBeLessThan(2000);
  expect(rows[1]).toMatchObject({ reason: "API key 'oar_[redacted]' not found" });
});

test('switched off, nothing is recorded', async () => {
  const { clock, lines, audit } = await bed({ enabled: false });
  audit.record(action);
  audit.denied(attempt('203.0.113.1'));
  expect([lines, await audit.page({ limit: 10 }), clock.pending]).toEqual([[], [], 0]);
});

test('a store that is out of order gets its rows later, once each and in order; it is told once', async () => {
  const { audit: working } = await driver.open({});
  let broken = true;
  const store: AuditStore = {
    ...working,
    async add(entries) {
      // What it says it did not take may have arrived all the same.
      await working.add(entries);
      if (broken) throw new RouterError('store_unavailable', 'The disk is full.');
    },
  };
  const { clock, lines, audit } = await bed({ store });
  audit.record({ ...action, target: 'a' });
  await clock.advanceAsync(20_000);
  audit.record({ ...action, target: 'b' });
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  broken = false;
  await clock.advanceAsync(20_000);
  expect((await store.list({ limit: 10 })).map(({ target }) => target)).toEqual(['b', 'a']);
  expect(clock.pending).toBe(0);
});

test('at the end what is held back is told and written, and what the store will not take is told', async () => {
  const { clock, lines, store, audit } = await bed();
  for (let tries = 0; tries < 12; tries += 1) audit.denied(attempt('203.0.113.1'));
  await audit.stop();
  expect((await store.list({ limit: 1 }))[0]).toMatchObject({ count: 2 });
  expect([clock.pending, lines.some(({ level }) => level === 'error')]).toEqual([0, false]);
  const broken = await bed({ store: { ...store, add: () => Promise.reject(new RouterError('store_unavailable', 'no')) } });
  broken.audit.record(action);
  await broken.audit.stop();
  expect(broken.lines.at(-1)).toMatchObject({ level: 'error', fields: { rows: 1 } });
  expect(broken.clock.pending).toBe(0);
});

test('rows go after ninety days', async () => {
  const { clock, store, audit } = await bed();
  const day = 86_400_000;
  await store.add([{ id: 'old', ...action, at: clock.now() - 91 * day }, { id: 'young', ...action, at: clock.now() - 89 * day }]);
  audit.start();
  await settled();
  expect((await store.list({ limit: 10 })).map(({ id }) => id)).toEqual(['young']);
  clock.advance(2 * day);
  audit.record({ ...action, at: clock.now() });
  await clock.advanceAsync(1000);
  await settled();
  expect((await store.list({ limit: 10 })).map(({ id }) => id)).toEqual(['audit_1']);
});
