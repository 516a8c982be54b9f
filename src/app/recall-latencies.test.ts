import { expect, test, vi } from 'vitest';
import type { Trace } from '../core/trace.ts';
import type { TracePage, TraceStore } from '../store/store.ts';
import { RecalledLatencies } from './recall-latencies.ts';

const attempt = (backendId: string, endedMs: number) => ({ backendId, model: 'm', startedAt: 0, endedMs, why: [] });
const trace = (...attempts: readonly ReturnType<typeof attempt>[]) => ({ attempts }) as unknown as Trace;
const silent = { debug() {}, info() {}, error() {}, flush: () => Promise.resolve() };

function bed(list: (page: TracePage) => Promise<{ traces: readonly Trace[]; next: string | null }>) {
  const recall = vi.fn();
  const warn = vi.fn();
  return { recall, warn, part: new RecalledLatencies({ traces: { list } as unknown as TraceStore }, { recall }, { ...silent, warn }) };
}

test('the fleet is told of what succeeded, oldest first, by the try that served', async () => {
  const { recall, part } = bed(({ before, outcome }) => {
    expect(outcome).toBe('succeeded');
    if (before === undefined) return Promise.resolve({ traces: [trace(attempt('b', 90), attempt('a', 30)), trace(attempt('b', 20))], next: 'more' });
    return Promise.resolve({ traces: [trace(attempt('a', 10)), trace()], next: null });
  });
  part.start();
  await part.stop();
  expect(recall.mock.calls).toEqual([['a', 'm', [30]], ['b', 'm', [20]]]);
});

test('a store that cannot be read is no reason not to start', async () => {
  const { recall, warn, part } = bed(() => Promise.reject(new Error('locked')));
  part.start();
  await part.stop();
  expect(recall).not.toHaveBeenCalled();
  expect(warn).toHaveBeenCalledOnce();
});
