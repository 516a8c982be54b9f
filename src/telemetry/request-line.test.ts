import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Trace } from '../core/trace.ts';
import { requestMembers } from './request-line.ts';

const trace: Trace = {
  requestId: 'req_1', principalId: 'anonymous', plane: 'standalone', dialect: 'openai-chat', stream: false, requestedModel: null,
  receivedAt: 0, queueMs: 0.04, totalMs: 12.345, usage: {}, attempts: [], rewrites: [], outcome: 'failed', status: 503,
};

test('what is unknown is absent, times are rounded to tenths', () => {
  expect(JSON.parse(`{${requestMembers(trace)}}`)).toEqual({ id: 'req_1', principal: 'anonymous', plane: 'standalone', dialect: 'openai-chat', stream: false, queueMs: 0, totalMs: 12.3, attempts: 0, outcome: 'failed', status: 503 });
});

test('whatever a caller names, the line stays JSON and says it', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 150, unit: 'binary' }), (name) => {
      const line = JSON.parse(`{${requestMembers({ ...trace, requestedModel: name, servedModel: name, usage: { promptTokens: 3 } })}}`) as Record<string, unknown>;
      expect([line.asked, line.model, line.promptTokens]).toEqual([name, name, 3]);
    }),
  );
});

test('times of any size are written to the nearest tenth', () => {
  fc.assert(
    fc.property(fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.double({ min: -1e3, max: 1e5, noNaN: true }), fc.nat(1e9)), (totalMs) => {
      const line = JSON.parse(`{${requestMembers({ ...trace, totalMs, queueMs: totalMs / 7 })}}`) as Record<string, number>;
      expect(Math.abs((line.totalMs ?? 0) - totalMs)).toBeLessThanOrEqual(0.05 + totalMs * 1e-12 + 1e-9);
      expect(String(line.queueMs)).toMatch(/^-?\d+(?:\.\d)?$/);
    }),
  );
});
