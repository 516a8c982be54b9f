/** A finished request as OpenTelemetry spans, in the JSON of OTLP 1: the request, its wait, each try, its load and its stream. Pure. */
import type { Attempt, Trace } from '../core/trace.ts';
import { operationOf } from './gen-ai.ts';

/** Random hexadecimal digits. */
export type RandomHex = (digits: number) => string;

type Value = { readonly stringValue: string } | { readonly intValue: string } | { readonly doubleValue: number } | { readonly boolValue: boolean } | { readonly arrayValue: { readonly values: readonly Value[] } };

export interface Attribute {
  readonly key: string;
  readonly value: Value;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: 1 | 2 | 3;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  /** Code 2: it failed. */
  readonly status: { readonly code: 0 | 2; readonly message?: string };
}

type Fields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** What is not known is left out. Whole numbers are integers. */
export function attributesOf(fields: Fields): readonly Attribute[] {
  return Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: wireValue(value) }]));
}

function wireValue(value: NonNullable<Fields[string]>): Value {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
}

/** Epoch milliseconds as nanoseconds, which are too many for a number. */
function nanos(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1e6)).padStart(6, '0')}`;
}

/** W3C `traceparent`: who called, when the caller traces too. */
function callerOf(traceparent: string | undefined): { readonly traceId: string; readonly spanId: string } | null {
  const match = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}/.exec(traceparent ?? '');
  const [, traceId = '', spanId = ''] = match ?? [];
  return match === null || /^0+$/.test(traceId) || /^0+$/.test(spanId) ? null : { traceId, spanId };
}

/** The root comes first. */
export function spansOf(trace: Trace, random: RandomHex): readonly Span[] {
  const caller = callerOf(trace.traceparent);
  const traceId = caller?.traceId ?? random(32);
  const rootId = random(16);
  const model = trace.servedModel ?? trace.requestedModel ?? 'auto';
  const operation = operationOf(trace);
  const child = (parentSpanId: string, name: string, kind: Span['kind'], from: number, to: number, fields: Fields, error?: string, message?: string): Span => ({
    traceId, spanId: random(16), parentSpanId, name, kind, startTimeUnixNano: nanos(from), endTimeUnixNano: nanos(Math.max(from, to)), attributes: attributesOf(fields), status: statusOf(error, message),
  });
  const root: Span = {
    traceId,
    spanId: rootId,
    ...(caller === null ? {} : { parentSpanId: caller.spanId }),
    name: `${operation} ${model}`,
    kind: 2,
    startTimeUnixNano: nanos(trace.receivedAt),
    endTimeUnixNano: nanos(trace.receivedAt + trace.totalMs),
    attributes: rootAttributes(trace, operation),
    status: statusOf(trace.error, undefined),
  };
  const wait = trace.queueMs > 0 ? [child(rootId, 'queue', 1, trace.receivedAt, trace.receivedAt + trace.queueMs, {})] : [];
  const tries = trace.attempts.flatMap((attempt, index) => {
    const own = child(rootId, `attempt ${attempt.backendId}`, 3, attempt.startedAt, attempt.startedAt + attempt.endedMs, attemptFields(attempt, operation), attempt.error, attempt.message);
    const loadMs = index === trace.attempts.length - 1 ? trace.usage.loadMs : undefined;
    return [own, ...phases(attempt, loadMs, (name, from, to) => child(own.spanId, name, 1, from, to, {}))];
  });
  return [root, ...wait, ...tries];
}

/** Loads of a few milliseconds are none. */
const leastLoadMs = 50;

function phases({ startedAt, firstPartMs, endedMs, error }: Attempt, loadMs: number | undefined, phase: (name: string, from: number, to: number) => Span): readonly Span[] {
  const load = loadMs !== undefined && loadMs >= leastLoadMs ? [phase('load', startedAt, startedAt + Math.min(loadMs, firstPartMs ?? endedMs))] : [];
  const stream = firstPartMs !== undefined && error === undefined ? [phase('stream', startedAt + firstPartMs, startedAt + endedMs)] : [];
  return [...load, ...stream];
}

function statusOf(error: string | undefined, message: string | undefined): Span['status'] {
  return error === undefined ? { code: 0 } : { code: 2, message: message === undefined ? error : `${error}: ${message}` };
}

function rootAttributes(trace: Trace, operation: string): readonly Attribute[] {
  const { usage, attempts } = trace;
  return attributesOf({
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': 'ollama-agent-router',
    'gen_ai.request.model': trace.requestedModel ?? undefined,
    'gen_ai.response.model': trace.servedModel,
    'gen_ai.usage.input_tokens': usage.promptTokens,
    'gen_ai.usage.output_tokens': usage.completionTokens,
    'http.response.status_code': trace.status === 0 ? undefined : trace.status,
    'error.type': trace.error,
    'oar.request.id': trace.requestId,
    'oar.job.id': trace.jobId,
    'oar.key': trace.principalId,
    'oar.plane': trace.plane,
    'oar.dialect': trace.dialect,
    'oar.task_type': trace.taskType,
    'oar.stream': trace.stream,
    'oar.backend': trace.backendId,
    'oar.node': trace.nodeId,
    'oar.decision': trace.decisionReason,
    'oar.outcome': trace.outcome,
    'oar.attempts': attempts.length,
    'oar.rewrites': trace.rewrites.length === 0 ? undefined : trace.rewrites,
    'oar.tags': trace.tags,
  });
}

function attemptFields({ backendId, nodeId, model, error, why }: Attempt, operation: string): Fields {
  return {
    'gen_ai.operation.name': operation,
    'gen_ai.request.model': model,
    'error.type': error,
    'oar.backend': backendId,
    'oar.node': nodeId,
    ...Object.fromEntries(why.map(({ signal, value, unit }) => [`oar.why.${signal}.${unit}`, Math.round(value * 1000) / 1000])),
  };
}

/** The body of one export. */
export function exportOf(traces: readonly Trace[], service: { readonly name: string; readonly version: string; readonly node: string }, random: RandomHex): Readonly<Record<string, unknown>> {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service.name, 'service.version': service.version, 'service.instance.id': service.node }) },
        scopeSpans: [{ scope: { name: 'ollama-agent-router', version: service.version }, spans: traces.flatMap((trace) => spansOf(trace, random)) }],
      },
    ],
  };
}
