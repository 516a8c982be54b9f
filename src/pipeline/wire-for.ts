/** Puts a request into the words of one backend, with what the router decided about it. */
import type { Placement } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceDialect, Target, WireCall } from '../dialects/dialect.ts';
import { type Run, spokenBy } from './next-candidates.ts';
import { canSay, strictCall } from './spoken.ts';

export interface Wire {
  readonly dialect: InferenceDialect;
  readonly call: WireCall;
  /** What the answer's head says of the prompt; null: nothing. */
  readonly headers: Readonly<Record<string, string>> | null;
  /** The most tokens that the answer may have; undefined: nobody limits it. */
  readonly limit: number | undefined;
}

/**
 * In the dialect that is spoken with the backend, or another one in which it can be told what this one cannot say: to refuse
 * a prompt that is too long, or which context to keep.
 */
export function wireFor({ parts }: Run, dialect: InferenceDialect, asked: InferenceRequest, placement: Placement): Wire {
  const target = parts.brain.target(asked, placement);
  const headers = parts.brain.overflowHeaders(asked, placement, target);
  const request = withLimit(asked, target);
  const other = canSay(dialect, target) ? null : strictCall(request, target, spokenBy(parts, placement.backendId) ?? [], parts.dialects);
  const spoken = other?.dialect ?? dialect;
  const call = other?.call ?? dialect.encodeRequest(request, target);
  // Field by field: to spread an object and add to it costs a hundred times as much.
  return { dialect: spoken, call: target.maxTokens === undefined ? call : withBudget(call), headers, limit: request.task === 'chat' ? request.sampling.maxTokens : undefined };
}

function withBudget(call: WireCall): WireCall {
  return { ...call, rewrites: [...call.rewrites, 'thinking_budget'] };
}

function withLimit(request: InferenceRequest, { maxTokens }: Target): InferenceRequest {
  return maxTokens === undefined || request.task !== 'chat' ? request : { ...request, sampling: { ...request.sampling, maxTokens } };
}
