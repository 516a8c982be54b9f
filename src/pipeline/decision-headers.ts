/** Names a decision in the headers of its answer, and in the `router` object of a body (contract agent-router part 1.3, ruling 10). */
import type { Placement } from '../core/placement.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { InferenceCall } from './pipeline.ts';
import { insteadOf, type RequestRecord } from './record.ts';

/** Everything the `router` object says, as headers; streams carry it only here. Those that begin with `x-fleet` are contract fleet part 1.4's. */
export function decisionHeaders(call: InferenceCall, record: RequestRecord, placement: Placement | null): Record<string, string> {
  const asked = headerText(record.request?.model ?? 'auto');
  const headers: Record<string, string> = {
    'x-oar-requested-model': asked,
    'x-oar-attempts': String(record.attempts.length + (placement === null ? 0 : 1)),
    'x-oar-queue-ms': String(Math.round(record.queueMs)),
  };
  if (placement !== null) {
    const backend = headerText(placement.backendId);
    const model = headerText(placement.model);
    headers['x-oar-backend'] = backend;
    headers['x-oar-model'] = model;
    headers['x-fleet-node'] = headerText(placement.nodeId);
    headers['x-fleet-backend'] = backend;
    headers['x-fleet-served-model'] = model;
    headers['x-fleet-requested-model'] = asked;
    if (placement.score !== undefined) headers['x-fleet-score'] = String(placement.score);
    if (insteadOf(record.decision, placement) !== undefined) headers['x-fleet-fallback'] = model;
  }
  const retries = record.attempts.length - (placement === null ? 1 : 0);
  if (retries > 0) headers['x-fleet-retries'] = String(retries);
  if (record.rewrites.length > 0) headers['x-oar-rewrites'] = record.rewrites.join(', ');
  if (record.notes !== null) Object.assign(headers, record.notes);
  const decision = record.decision;
  if (decision !== null && (record.classification !== null || record.request?.router)) {
    headers['x-oar-mode'] = decision.kind === 'job' && !call.job ? 'async' : 'sync';
    headers['x-oar-task-type'] = headerText(taskTypeOf(record));
    headers['x-oar-decision'] = headerText(reasonOf(record, placement));
    const fallbacks = fallbacksOf(record, placement);
    if (fallbacks.length > 0) headers['x-oar-fallback-models'] = headerText(fallbacks.join(', '));
  }
  return headers;
}

/** What answers of media say besides: who made them, and how long it took (contract fleet part 1.3). */
export function mediaHeaders({ timeHeader }: InferenceDialect, placement: Placement, tookMs: number): Record<string, string> {
  return timeHeader === undefined ? {} : { 'x-fleet-node': headerText(placement.nodeId), 'x-fleet-model': headerText(placement.model), [timeHeader]: String(Math.round(tookMs)) };
}

/** The `router` object of a synchronous answer; times in whole milliseconds. */
export function routerObject(record: RequestRecord, placement: Placement, executionMs: number): Record<string, unknown> {
  return {
    mode: 'sync',
    taskType: taskTypeOf(record),
    selectedModel: placement.modelKey,
    fallbackModels: fallbacksOf(record, placement),
    queueTimeMs: Math.round(record.queueMs),
    executionTimeMs: Math.round(executionMs),
    decisionReason: reasonOf(record, placement),
  };
}

export function taskTypeOf(record: RequestRecord): string {
  return record.classification?.taskType ?? 'unknown';
}

/** The decision's reason, and what failed before the model that serves was reached. */
function reasonOf(record: RequestRecord, placement: Placement | null): string {
  const reason = `${record.decision?.reason ?? ''}${servesInstead(record, placement)}`;
  const failed = record.attempts.filter((attempt) => attempt.error !== undefined);
  if (failed.length === 0 || placement === null) return reason;
  const list = failed.map((attempt) => `${attempt.model} on ${attempt.backendId} failed (${attempt.error})`).join('; ');
  return `${reason}; ${list}; ${placement.model} on ${placement.backendId} serves`;
}

function servesInstead({ decision }: RequestRecord, placement: Placement | null): string {
  if (placement === null) return '';
  const kind = insteadOf(decision, placement);
  if (kind === undefined) return '';
  return kind === 'fallback' ? `; ${placement.model} serves, which was named to fall back to` : `; ${placement.model} serves instead, which is in memory`;
}

function fallbacksOf(record: RequestRecord, placement: Placement | null): readonly string[] {
  const decision = record.decision;
  if (decision === null) return [];
  const served = placement?.modelKey ?? decision.models[0];
  const all = served === decision.models[0] ? decision.fallbackModels : [...decision.fallbackModels, ...decision.models.slice(0, 1)];
  return all.filter((model) => model !== served);
}

/** Clients give up on heads beyond 16 KB, and a caller may make up names of any length. */
const longestText = 1000;

/** Header values are Latin-1 without controls; anything else is percent-encoded, and half of a character is a question mark. */
export function headerText(value: string): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = encoded(value);
  // Names of models and backends come again and again; what callers make up does not fill it.
  if (texts.size < mostTexts && value.length <= longestKept) texts.set(value, text);
  return text;
}

const texts = new Map<string, string>();
const mostTexts = 500;
const longestKept = 80;

function encoded(value: string): string {
  const text = value.length <= longestText ? value : `${value.slice(0, longestText)}...`;
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?')).replaceAll('%20', ' ');
}
