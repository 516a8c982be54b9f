import { expect, test } from 'vitest';
import type { Trace } from '../core/trace.ts';
import { exportOf, type Span, spansOf } from './otlp-spans.ts';

const arrived = 1_763_740_000_000.25;

const trace: Trace = {
  requestId: 'req_1', principalId: 'laptop', plane: 'standalone', dialect: 'ollama-chat', stream: true, requestedModel: 'gpt-4o', servedModel: 'small:1b', backendId: 'desk', nodeId: 'desk',
  receivedAt: arrived, queueMs: 40, firstPartMs: 700, totalMs: 1500, usage: { promptTokens: 12, completionTokens: 30, loadMs: 400 }, tags: ['ci', 'user:bob'], rewrites: ['num_ctx'], outcome: 'succeeded', status: 200,
  attempts: [
    { backendId: 'attic', model: 'small:1b', startedAt: arrived + 40, endedMs: 20, error: 'backend_unreachable', message: 'It refused.', why: [] },
    { backendId: 'desk', nodeId: 'desk', model: 'small:1b', startedAt: arrived + 60, firstPartMs: 640, endedMs: 1440, why: [{ signal: 'wait-time', value: 12.3456, unit: 'ms' }] },
  ],
};

function counting(): (digits: number) => string {
  let next = 0;
  return (digits) => String(++next).padStart(digits, 'a');
}

const spans = (more: Partial<Trace> = {}): readonly Span[] => spansOf({ ...trace, ...more }, counting());
const named = (all: readonly Span[], name: string): Span => all.find((span) => span.name === name) as Span;
const attributes = ({ attributes }: Pick<Span, 'attributes'>): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
const msFrom = (span: Span): number => Number(BigInt(span.startTimeUnixNano) - 1_763_740_000_000_250_000n) / 1e6;
const lengthMs = (span: Span): number => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;

test('a request is one span with children for its wait, each try, its load and its stream', () => {
  const all = spans();
  expect(all.map(({ name, kind }) => [name, kind])).toEqual([['chat small:1b', 2], ['queue', 1], ['attempt attic', 3], ['attempt desk', 3], ['load', 1], ['stream', 1]]);
  const [root] = all as [Span];
  const own = named(all, 'attempt desk');
  expect(all.map(({ parentSpanId }) => parentSpanId)).toEqual([undefined, root.spanId, root.spanId, root.spanId, own.spanId, own.spanId]);
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(all.map(({ spanId }) => spanId)).size).toBe(all.length);
  expect(all.map((span) => [span.name, msFrom(span), lengthMs(span)])).toEqual([['chat small:1b', 0, 1500], ['queue', 0, 40], ['attempt attic', 40, 20], ['attempt desk', 60, 1440], ['load', 60, 400], ['stream', 700, 800]]);
});

test('what is told follows the conventions, and no prompt is among it', () => {
  const [root] = spans() as [Span];
  expect(attributes(root)).toMatchObject({
    'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.response.model': 'small:1b', 'gen_ai.usage.input_tokens': '12', 'gen_ai.usage.output_tokens': '30',
    'http.response.status_code': '200', 'oar.request.id': 'req_1', 'oar.key': 'laptop', 'oar.tags': { values: [{ stringValue: 'ci' }, { stringValue: 'user:bob' }] },
  });
  expect(attributes(named(spans(), 'attempt desk'))).toMatchObject({ 'oar.why.wait-time.ms': 12.346 });
});

test('a failure has its code in the status and the attribute of its span', () => {
  const failed = spans({ error: 'backend_failed', outcome: 'failed', status: 502, servedModel: undefined });
  expect(failed[0]?.status).toEqual({ code: 2, message: 'backend_failed' });
  expect(attributes(failed[0] as Span)).toMatchObject({ 'error.type': 'backend_failed' });
  expect(named(spans(), 'attempt attic').status).toEqual({ code: 2, message: 'backend_unreachable: It refused.' });
  expect(named(spans(), 'attempt desk').status).toEqual({ code: 0 });
});

test('a caller who traces is the parent; a trace context that is none is not', () => {
  const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
  const [root] = spans({ traceparent: `00-${caller.traceId}-${caller.spanId}-01` }) as [Span];
  expect(root).toMatchObject({ traceId: caller.traceId, parentSpanId: caller.spanId });
  for (const wrong of ['', 'x', `00-${'0'.repeat(32)}-${caller.spanId}-01`, `00-${caller.traceId}-short-01`]) expect(spans({ traceparent: wrong })[0]).not.toHaveProperty('parentSpanId');
});

test('an export names the service once and holds the spans of all', () => {
  const body = exportOf([trace, { ...trace, requestId: 'req_2' }], { name: 'oar', version: '1.0.0', node: 'desk' }, counting()) as { resourceSpans: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[] };
  const [only] = body.resourceSpans;
  expect(attributes(only?.resource as Pick<Span, 'attributes'>)).toEqual({ 'service.name': 'oar', 'service.version': '1.0.0', 'service.instance.id': 'desk' });
  expect(only?.scopeSpans[0]?.spans).toHaveLength(12);
});
