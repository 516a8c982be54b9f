/** The log line of a finished request, as JSON members. */
import type { Trace } from '../core/trace.ts';

/** The fixed field set; absent fields are unknown. No prompt, no answer, no key. */
export interface RequestFields {
  readonly asked?: string;
  readonly task?: string;
  readonly model?: string;
  readonly backend?: string;
  readonly completionTokens?: number;
  readonly totalMs: number;
  readonly outcome: string;
  readonly error?: string;
}

export function requestFields(trace: Trace): RequestFields {
  return {
    asked: trace.requestedModel?.slice(0, longestName),
    task: trace.taskType,
    model: trace.servedModel,
    backend: trace.backendId,
    completionTokens: trace.usage.completionTokens,
    totalMs: rounded(trace.totalMs),
    outcome: trace.outcome,
    error: trace.error,
  };
}

/** `"id":"req_1","principal":…`, put together by hand: it is written for every request, and JSON.stringify of an object takes three times as long. */
export function requestMembers(trace: Trace): string {
  const { usage } = trace;
  const asked = trace.requestedModel === null ? '' : text('asked', trace.requestedModel.slice(0, longestName));
  return (
    `"id":${quoted(trace.requestId)}${text('job', trace.jobId)},"principal":${quoted(trace.principalId)},"plane":"${trace.plane}","dialect":"${trace.dialect}","stream":${trace.stream}` +
    `${text('task', trace.taskType)}${asked}${text('model', trace.servedModel)}${text('backend', trace.backendId)},"queueMs":${tenths(trace.queueMs)}${number('firstPartMs', trace.firstPartMs)},"totalMs":${tenths(trace.totalMs)}` +
    `${number('promptTokens', usage.promptTokens)}${number('completionTokens', usage.completionTokens)},"attempts":${trace.attempts.length},"outcome":"${trace.outcome}","status":${trace.status}${text('error', trace.error)}`
  );
}

const longestName = 200;

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quoted(value)}`;
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${tenths(value)}`;
}

/** Nothing that JSON has to escape. */
const plain = /^[\w:./@ -]*$/;

function quoted(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** `rounded` as text: whole numbers become text several times as fast as broken ones. */
function tenths(value: number): string | number {
  const count = Math.round(value * 10);
  if (!(count >= 0 && count < 2 ** 31)) return rounded(value);
  const whole = Math.trunc(count / 10);
  return count === whole * 10 ? whole : `${whole}.${count - whole * 10}`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
