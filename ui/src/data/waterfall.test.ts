/** A request's time, and the table of its candidates. */
import { expect, test } from 'vitest';
import type { TraceRow } from './shapes.ts';
import { stretchesOf, whyOf } from './waterfall.ts';

const plain: TraceRow = { request_id: 'r', timestamp: 1000, model: 'm', status: 'completed', latency_ms: 5000, queue_ms: 500, load_ms: 2000 };
const attempt = { backend: 'studio', model: 'm', started_at: 1000.5, first_part_ms: 3000, ended_ms: 4500 };

test('waiting, loading, reading and answering follow each other up to the end', () => {
  expect(stretchesOf({ ...plain, attempts: [attempt] }).map(({ what, fromMs, toMs }) => [what, fromMs, toMs])).toEqual([['waited', 0, 500], ['load', 500, 2500], ['prompt', 2500, 3500], ['answer', 3500, 5000]]);
});

test('a try that failed is there with what the server said, and the wait before the next', () => {
  const failed = { backend: 'laptop', started_at: 1000.5, ended_ms: 300, error_code: 'backend_error', error_message: 'out of memory' };
  const stretches = stretchesOf({ ...plain, load_ms: null, attempts: [failed, { ...attempt, started_at: 1001, first_part_ms: 1000, ended_ms: 4000 }] });
  expect(stretches.map(({ what, where, fromMs, toMs }) => [what, where, Math.round(fromMs), Math.round(toMs)])).toEqual([
    ['waited', undefined, 0, 500], ['tried', 'laptop', 500, 800], ['between', undefined, 800, 1000], ['prompt', 'studio', 1000, 2000], ['answer', 'studio', 2000, 5000]]);
  expect(stretches[1]?.note).toBe('out of memory');
});

test('a request that never found a place only waited', () => {
  expect(stretchesOf({ ...plain, status: 'failed', latency_ms: 500, attempts: [] })).toEqual([{ what: 'waited', fromMs: 0, toMs: 500 }]);
});

test('the winner comes first, then by rank of the unit, then what was out of the question', () => {
  const considered = [
    { backend: 'attic', model: 'm', veto: 'needs 8 GB more memory' },
    { backend: 'laptop', model: 'm', total: 2900, terms: [{ signal: 'load', value: 2600, unit: 'ms' as const }, { signal: 'queue', value: 300, unit: 'ms' as const }] },
    { backend: 'studio', model: 'm', total: 410, terms: [{ signal: 'prompt', value: 410, unit: 'ms' as const }] },
    { backend: 'rack', model: 'm', total: 900, terms: [{ signal: 'queue', value: 900, unit: 'ms' as const }] },
  ];
  const why = whyOf({ ...attempt, considered });
  expect(why.unit).toBe('ms');
  expect(why.signals).toEqual(['load', 'queue', 'prompt']);
  expect(why.rows.map((row) => [row.backend, row.won, row.total, row.veto])).toEqual([['studio', true, 410, null], ['rack', false, 900, null], ['laptop', false, 2900, null], ['attic', false, null, 'needs 8 GB more memory']]);
});

test('among points the most come next; without candidates the one that served stands alone', () => {
  const considered = [{ backend: 'b', model: 'm', total: 20, terms: [] }, { backend: 'c', model: 'm', total: 80, terms: [] }, { backend: 'studio', model: 'm', total: 93, terms: [{ signal: 'thermal', value: 50, unit: 'points' as const }] }];
  expect(whyOf({ ...attempt, considered }).rows.map((row) => row.backend)).toEqual(['studio', 'c', 'b']);
  expect(whyOf({ ...attempt, terms: [{ signal: 'queue', value: 12, unit: 'ms' }] }).rows).toMatchObject([{ backend: 'studio', won: true, total: 12 }]);
});
