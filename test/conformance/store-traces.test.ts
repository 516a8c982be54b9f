/** What the traces of every store driver must do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Trace } from '../../src/core/trace.ts';
import { drivers } from '../../src/store/index.gen.ts';
import type { TraceFilter, TraceLimits, TracePage, TraceStore } from '../../src/store/store.ts';
import { attemptOn, refusedTrace, traceOf } from '../fakes/traces.ts';
import { withStore } from './store-bed.ts';

const hour = 3_600_000;
const day = 24 * hour;
const names = ['a:1b', 'b:1b', '<script>alert(1)</script>', "x' OR 1=1 --", '%', ''];
const idsOf = (traces: readonly Trace[]): string[] => traces.map(({ requestId }) => requestId);
const keepAll: TraceLimits = { before: 0, most: 1_000_000, atOnce: 1_000, hoursBefore: 0, daysBefore: 0 };

const one = fc
  .record({
    number: fc.nat(12), at: fc.nat(40), model: fc.constantFrom(...names), asked: fc.constantFrom(...names), nodeId: fc.constantFrom('n1', 'n2', "n'"), principalId: fc.constantFrom('ada', 'bob'),
    plane: fc.constantFrom('standalone' as const, 'runtimeAgent' as const), address: fc.constantFrom(undefined, '::1', '203.0.113.7'), user: fc.constantFrom(undefined, 'u', 'v'), tags: fc.constantFrom(undefined, ['t'], ['t', 'user:u'], ['%'], ['t', 't']),
    outcome: fc.constantFrom('succeeded' as const, 'failed' as const, 'cancelled' as const), task: fc.constantFrom('chat' as const, 'image' as const), jobId: fc.constantFrom(undefined, 'job_1'),
  })
  .map(({ number, at, model, asked, ...rest }): Trace => traceOf(`req_${number}`, { receivedAt: at, totalMs: 10, servedModel: model, requestedModel: asked, attempts: [attemptOn('east', { model })], ...rest }));
const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });
const filter: fc.Arbitrary<TraceFilter> = fc.record({
  since: optional(fc.nat(50)), until: optional(fc.nat(60)), model: optional(fc.constantFrom(...names)), node: optional(fc.constantFrom('n1', "n'", 'none')), backend: optional(fc.constantFrom('east', 'west')),
  principal: optional(fc.constantFrom('ada', 'bob')), plane: optional(fc.constantFrom('standalone' as const, 'runtimeAgent' as const)), address: optional(fc.constantFrom('::1', '*')), user: optional(fc.constantFrom('u', 'v')), tag: optional(fc.constantFrom('t', '%', 'user:u')),
  outcome: optional(fc.constantFrom('succeeded' as const, 'failed' as const, 'accepted' as const)), status: optional(fc.constantFrom(200, 503)), id: optional(fc.constantFrom('req_1', '_', '%', 'job', '')), tasks: optional(fc.constantFrom(['image' as const], ['chat' as const, 'image' as const], [])),
});

/** The filter in words of its own. */
function wanted(trace: Trace, { since, until, tag, tasks, id, model, ...equal }: TraceFilter): boolean {
  const end = trace.receivedAt + trace.totalMs;
  const own = { node: trace.nodeId, backend: trace.backendId, principal: trace.principalId, address: trace.address, plane: trace.plane, user: trace.user, outcome: trace.outcome, status: trace.status };
  if (since !== undefined && end < since) return false;
  if (until !== undefined && end >= until) return false;
  if (tag !== undefined && trace.tags?.includes(tag) !== true) return false;
  if (tasks !== undefined && !tasks.includes(trace.task!)) return false;
  if (id !== undefined && !`${trace.requestId} ${trace.jobId ?? ''}`.includes(id)) return false;
  if (model !== undefined && model !== trace.servedModel && model !== trace.requestedModel) return false;
  return Object.entries(equal).every(([name, value]) => value === undefined || own[name as keyof typeof own] === value);
}

async function readAll(traces: TraceStore, page: TracePage): Promise<Trace[]> {
  const found: Trace[] = [];
  for (let rows = await traces.list(page); ; rows = await traces.list({ ...page, before: rows.next! })) {
    expect(rows.traces.length).toBeLessThanOrEqual(page.limit);
    found.push(...rows.traces);
    if (rows.next === null) return found;
    expect(rows.traces).toHaveLength(page.limit);
  }
}

describe.each(drivers.map((driver) => [driver.kind, driver] as const))('%s', (_kind, driver) => {
  test('any filter finds what it says, newest first, in pages of any size; what is written again is there once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(one, { maxLength: 8 }), { maxLength: 5 }), fc.array(filter, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (batches, filters, limit) =>
        withStore(driver, async ({ traces }) => {
          const kept = new Map<string, Trace>();
          for (const batch of batches) {
            await traces.add(batch);
            for (const trace of batch) if (!kept.has(`${trace.requestId} ${trace.receivedAt}`)) kept.set(`${trace.requestId} ${trace.receivedAt}`, trace);
          }
          const newestFirst = [...kept.values()].reverse().sort((a, b) => b.receivedAt - a.receivedAt);
          for (const asked of [{}, ...filters]) expect(await readAll(traces, { ...asked, limit })).toEqual(newestFirst.filter((trace) => wanted(trace, asked)));
          const counted = await traces.figures({ cut: 'all', span: 'all' });
          expect(counted.map(({ requests }) => requests)).toEqual(kept.size === 0 ? [] : [kept.size]);
        })),
      { numRuns: 40 },
    );
  });

  test('who sends a new tag with every request fills no table: beyond a thousand an hour they count together, and known ones for themselves', () =>
    withStore(driver, async ({ traces }) => {
      const tagged = (number: number, tag: string, at: number): Trace => traceOf(`req_${number}`, { receivedAt: at, totalMs: 0, tags: [tag] });
      for (let batch = 0; batch < 4; batch += 1) await traces.add(Array.from({ length: 400 }, (_, index) => tagged(400 * batch + index, `t${400 * batch + index}`, 5)));
      await traces.add([tagged(2_000, 't3', 6), tagged(2_001, 'made up', 7), tagged(2_002, 't3', hour)]);
      for (const span of ['hour', 'day'] as const) {
        const rows = (await traces.figures({ cut: 'tag', span })).filter(({ at }) => at === 0);
        expect([span, rows.length, rows.reduce((sum, { requests }) => sum + requests, 0)]).toEqual([span, 1_001, span === 'hour' ? 1_602 : 1_603]);
        expect(rows.find(({ name }) => name === '*other')?.requests).toBe(601);
        expect(rows.find(({ name }) => name === 't3')?.requests).toBe(span === 'hour' ? 2 : 3);
      }
      // The next hour has room again, and so has this one once it is forgotten.
      await traces.add([tagged(2_003, 'made up', hour)]);
      expect((await traces.figures({ cut: 'tag', span: 'hour', since: hour })).map(({ name }) => name)).toEqual(['made up', 't3']);
      await traces.sweep({ ...keepAll, hoursBefore: hour });
      await traces.add([tagged(2_004, 'late', 8)]);
      expect((await traces.figures({ cut: 'tag', span: 'hour', until: hour })).map(({ name }) => name)).toEqual(['late']);
    }));

  test('a trace comes back as it was written, fields that are not known left out', () =>
    withStore(driver, async ({ traces }) => {
      const whole = traceOf('req_1', {
        jobId: 'job_1', stream: true, taskType: 'code_fix', tags: ['a', '<b>'], user: 'ü', usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 3, reasoningTokens: 4, loadMs: 5.5, promptMs: 6, completionMs: 7, totalMs: 8 }, usageEstimated: true,
        attempts: [attemptOn('west', { error: 'backend_error', message: 'It said "no".', firstPartMs: undefined, why: [] }), attemptOn('east')], rewrites: ['keep_alive'], outcome: 'interrupted', error: 'backend_stream_broken',
      });
      await traces.add([whole, refusedTrace('req_2', { requestedModel: null })]);
      expect(await traces.get('req_1')).toEqual(whole);
      const refused = await traces.get('req_2');
      expect(refused).toEqual(refusedTrace('req_2', { requestedModel: null }));
      expect(Object.keys(refused!)).not.toContain('servedModel');
    }));

  test('somebody else\'s is as if it were not there; of a job that ran again the last run is shown', () =>
    withStore(driver, async ({ traces }) => {
      await traces.add([traceOf('job_1', { receivedAt: 5, outcome: 'failed' }), traceOf('job_1', { receivedAt: 9 })]);
      expect(await traces.get('job_1')).toMatchObject({ receivedAt: 9, outcome: 'succeeded' });
      expect(await traces.get('job_1', { principal: 'ada', plane: 'standalone' })).toMatchObject({ receivedAt: 9 });
      expect(await traces.get('job_1', { principal: 'ada' })).not.toBeNull();
      for (const owner of [{ principal: 'bob' }, { principal: 'ada', plane: 'runtimeAgent' as const }]) expect(await traces.get('job_1', owner)).toBeNull();
      expect(await traces.get("job_1' OR '1'='1")).toBeNull();
    }));

  test('figures count each request once in each cut, hours within their days, and jobs when they end', () =>
    withStore(driver, async ({ traces }) => {
      const failed = refusedTrace('req_3', { receivedAt: hour, requestedModel: 'made-up', tags: ['t'] });
      await traces.add([traceOf('req_1', { receivedAt: 10, tags: ['t', 't', 'user:u'] }), traceOf('req_2', { receivedAt: hour - 50, attempts: [attemptOn('west', { error: 'backend_error' }), attemptOn('east')], instead: 'fallback', usage: { promptTokens: 100, completionTokens: 1, loadMs: 4_000, cachedTokens: 60 } })]);
      await traces.add([failed, traceOf('req_4', { receivedAt: day + 5, nodeId: 'other', outcome: 'cancelled', principalId: 'bob' }), traceOf('req_5', { outcome: 'accepted', status: 202 })]);
      const rows = async (cut: Parameters<TraceStore['figures']>[0]['cut'], span: 'hour' | 'day' | 'all') => (await traces.figures({ cut, span })).map(({ at, name, second, requests, completed, failed: bad }) => [at, name, second, requests, completed, bad]);
      expect(await rows('all', 'hour')).toEqual([[0, '', '', 1, 1, 0], [hour, '', '', 2, 1, 1], [day, '', '', 1, 0, 0]]);
      expect(await rows('all', 'day')).toEqual([[0, '', '', 3, 2, 1], [day, '', '', 1, 0, 0]]);
      expect(await rows('model', 'all')).toEqual([[0, '', '', 1, 0, 1], [0, 'a:1b', '', 3, 2, 0]]);
      expect(await rows('place', 'all')).toEqual([[0, '', '', 1, 0, 1], [0, 'a:1b', 'east-box', 2, 2, 0], [0, 'a:1b', 'other', 1, 0, 0]]);
      expect(await rows('node', 'day')).toEqual([[0, '', '', 1, 0, 1], [0, 'east-box', '', 2, 2, 0], [day, 'other', '', 1, 0, 0]]);
      expect(await rows('key', 'all')).toEqual([[0, 'ada', '', 3, 2, 1], [0, 'bob', '', 1, 0, 0]]);
      expect(await rows('tag', 'all')).toEqual([[0, 't', '', 2, 1, 1], [0, 'user:u', '', 1, 1, 0]]);
      expect(await traces.figures({ cut: 'all', span: 'hour', since: hour + 5, until: day })).toMatchObject([{ at: hour, requests: 2 }]);
      // In whole hours the first hour of the day is no part of it.
      expect(await traces.figures({ cut: 'all', span: 'hours', since: hour + 5 })).toMatchObject([{ at: 0, requests: 3 }]);
      expect(await traces.figures({ cut: 'all', span: 'all', since: hour + 5 })).toMatchObject([{ at: 0, requests: 4 }]);
      expect(await traces.figures({ cut: 'tag', span: 'day', name: "t' OR 1=1" })).toEqual([]);
      expect(await traces.figures({ cut: 'tag', span: 'all', name: 't' })).toHaveLength(1);
      expect(await traces.figures({ cut: 'place', span: 'all', name: 'a:1b', second: 'other' })).toMatchObject([{ requests: 1, second: 'other' }]);
      expect(await traces.figures({ cut: 'all', span: 'all' })).toMatchObject([{ cancelled: 1, interrupted: 0, retries: 1, fallbacks: 1, coldLoads: 1, cachedTokens: 60, firstAt: 10, lastAt: day + 5, promptTokens: { count: 3, sum: 124, min: 12, max: 100 }, totalTokens: { max: 101 } }]);
    }));

  test('how fast answers are written is of complete ones alone, by the backend or else by the stream', () =>
    withStore(driver, async ({ traces }) => {
      const told = { firstPartMs: 100, totalMs: 1_100 };
      await traces.add([traceOf('req_stream', { ...told, stream: true, usage: { completionTokens: 50 } }), traceOf('req_whole', { ...told, stream: false, usage: { completionTokens: 100, completionMs: 500 } })]);
      // None of these says how long its tokens took: they left, nobody timed a whole answer, nothing was counted.
      await traces.add([traceOf('req_left', { ...told, stream: true, outcome: 'cancelled', usage: { completionTokens: 999 } }), traceOf('req_untimed', { ...told, stream: false, usage: { completionTokens: 999 } }), traceOf('req_uncounted', { ...told, stream: true, usage: {} })]);
      expect(await traces.figures({ cut: 'model', span: 'all' })).toMatchObject([{ requests: 5, generatingMs: 1_500, generatedTokens: 150 }]);
    }));

  test('percentiles are right to a few percent, over any number of batches', () =>
    withStore(driver, async ({ traces }) => {
      const values = Array.from({ length: 1_000 }, (_, index) => ((index * 7_919) % 1_000) + 1);
      for (let at = 0; at < values.length; at += 90) await traces.add(values.slice(at, at + 90).map((totalMs, index) => traceOf(`req_${at + index}`, { totalMs })));
      const [row] = await traces.figures({ cut: 'all', span: 'all' });
      expect(row!.latencyMs).toMatchObject({ count: 1_000, sum: 500_500, min: 1, max: 1_000 });
      for (const [name, exact] of [['p50', 500], ['p75', 750], ['p95', 950], ['p99', 990]] as const) expect(Math.abs(row!.latencyMs[name] / exact - 1), name).toBeLessThan(0.04);
    }));

  test('the old go first, then what is too many, a piece at a time; figures stay for their own time', () =>
    withStore(driver, async ({ traces }) => {
      await traces.add(Array.from({ length: 10 }, (_, index) => traceOf(`req_${index}`, { receivedAt: index * 100, totalMs: 0, tags: ['t'] })));
      expect(await traces.sweep({ ...keepAll, before: 300, atOnce: 2 })).toBe(2);
      expect(await traces.sweep({ ...keepAll, before: 300, atOnce: 2 })).toBe(1);
      expect(await traces.sweep({ ...keepAll, before: 300, atOnce: 2 })).toBe(0);
      expect(await traces.sweep({ ...keepAll, most: 4 })).toBe(3);
      expect(idsOf((await traces.list({ limit: 100, tag: 't' })).traces)).toEqual(['req_9', 'req_8', 'req_7', 'req_6']);
      expect(await traces.get('req_0')).toBeNull();
      expect(await traces.figures({ cut: 'all', span: 'hour' })).toMatchObject([{ requests: 10 }]);
      await traces.sweep({ ...keepAll, hoursBefore: 1 });
      expect([await traces.figures({ cut: 'all', span: 'hour' }), (await traces.figures({ cut: 'all', span: 'day' })).length]).toEqual([[], 1]);
    }));

  test('a cursor that nobody gave out finds nothing', () =>
    withStore(driver, async ({ traces }) => {
      await traces.add([traceOf('req_1')]);
      for (const before of ['x', '', '1_', "1_1' OR 1=1"]) expect(await traces.list({ limit: 5, before })).toEqual({ traces: [], next: null });
    }));

  test('a closed store rejects and says so', async () => {
    const { traces } = await withStore(driver, async (open) => open);
    await expect(traces.add([traceOf('req_1')])).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(traces.list({ limit: 1 })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
