/** One trace as the endpoints show it: the members of contract fleet part 1.3, and what there is beyond them. Pure. */
import { type ErrorCode, errorCatalogue } from '../core/errors.ts';
import type { Considered, Term } from '../core/placement.ts';
import { type Attempt, type Trace, triedAt } from '../core/trace.ts';

type Json = Record<string, unknown>;

const statuses = { succeeded: 'completed', failed: 'failed', cancelled: 'client_disconnected', interrupted: 'incomplete', accepted: 'accepted' } as const;

/** Times in milliseconds; `timestamp` in seconds since 1970. What is not known is null. */
export function traceRow(trace: Trace): Json {
  const tried = triedAt(trace);
  const { attempts, usage } = trace;
  const last = attempts.at(-1);
  return {
    request_id: trace.requestId,
    model: tried?.model ?? trace.requestedModel,
    original_model: trace.requestedModel,
    node_id: tried?.nodeId ?? null,
    score: trace.score ?? null,
    scores_breakdown: termsOf(last?.why ?? []),
    status: statuses[trace.outcome],
    latency_ms: rounded(trace.totalMs),
    time_to_first_token_ms: rounded(trace.firstPartMs),
    prompt_tokens: usage.promptTokens ?? null,
    completion_tokens: usage.completionTokens ?? null,
    retry_count: Math.max(0, attempts.length - 1),
    fallback_used: trace.instead !== undefined,
    excluded_nodes: [...new Set(attempts.filter(({ error }) => error !== undefined).map(({ nodeId, backendId }) => nodeId ?? backendId))],
    client_ip: trace.address ?? '',
    original_format: trace.dialect.replace(/-.*$/, ''),
    error_message: messageOf(trace),
    timestamp: trace.receivedAt / 1000,
    tags: trace.tags ?? [],
    ...beyond(trace, tried),
  };
}

function beyond(trace: Trace, tried: ReturnType<typeof triedAt>): Json {
  const { usage } = trace;
  return {
    job_id: trace.jobId ?? null,
    owner: trace.principalId,
    plane: trace.plane,
    dialect: trace.dialect,
    task: trace.task ?? null,
    task_type: trace.taskType ?? null,
    stream: trace.stream,
    user: trace.user ?? null,
    backend: tried?.backendId ?? null,
    outcome: trace.outcome,
    status_code: trace.status,
    error_code: trace.error ?? null,
    decision: trace.decisionReason ?? null,
    instead: trace.instead ?? null,
    queue_ms: rounded(trace.queueMs),
    load_ms: rounded(usage.loadMs),
    cached_tokens: usage.cachedTokens ?? null,
    reasoning_tokens: usage.reasoningTokens ?? null,
    tokens_estimated: trace.usageEstimated === true,
    rewrites: trace.rewrites,
    attempts: trace.attempts.map(attemptRow),
    considered: trace.attempts.at(-1)?.considered?.map(consideredRow) ?? [],
  };
}

function attemptRow({ backendId, nodeId, model, startedAt, firstPartMs, endedMs, error, message, why, considered }: Attempt): Json {
  return {
    backend: backendId, node_id: nodeId ?? null, model, started_at: startedAt / 1000, first_part_ms: rounded(firstPartMs), ended_ms: rounded(endedMs),
    error_code: error ?? null, error_message: message ?? null, terms: why, considered: considered?.map(consideredRow) ?? [],
  };
}

function consideredRow({ backendId, nodeId, model, terms, total, veto }: Considered): Json {
  return { backend: backendId, node_id: nodeId, model, total: total ?? null, veto: veto ?? null, terms };
}

/** By signal; one that speaks twice is summed. */
function termsOf(terms: readonly Term[]): Record<string, number> {
  const sums: Record<string, number> = Object.create(null);
  for (const { signal, value } of terms) sums[signal] = (sums[signal] ?? 0) + value;
  return sums;
}

/** What the last failure said, else what its code means; null for what went well. */
function messageOf({ outcome, error, attempts }: Trace): string | null {
  if (outcome === 'succeeded' || outcome === 'accepted') return null;
  const said = attempts.findLast(({ message }) => message !== undefined && message !== '')?.message;
  return said ?? (error !== undefined && Object.hasOwn(errorCatalogue, error) ? errorCatalogue[error as ErrorCode].meaning : null);
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 10) / 10;
}
