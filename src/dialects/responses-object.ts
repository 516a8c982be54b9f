/** The response object of the OpenAI responses API: what was asked, what came of it, and how it stands. */
import type { RouterError } from '../core/errors.ts';
import type { FinishReason, Usage } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { defined, type FieldReader, type Fields } from './read-fields.ts';
import { jsonText } from './json-text.ts';
import { answerId } from './responses-ids.ts';
import { offeredTools } from './responses-tools.ts';
import { isObject } from '../util/json-object.ts';

export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly Fields[];
  readonly reason?: FinishReason;
  readonly usage?: Usage;
  readonly error?: RouterError;
}

/** `asked` is the body of the request, null when it is of another dialect. */
export function responseObject(context: AnswerContext, asked: FieldReader | null, state: ResponseState): Fields {
  const { requestId, request, model, createdAt } = context;
  const { status, output, reason, usage, error } = state;
  return {
    id: answerId(requestId),
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    status,
    background: false,
    error: error === undefined ? null : { code: failureCode(error), message: error.message },
    incomplete_details: status === 'incomplete' ? { reason: reason === 'content-filter' ? 'content_filter' : 'max_output_tokens' } : null,
    ...echo(asked),
    model,
    output,
    store: request.task === 'chat' && request.conversation?.keep === true,
    usage: usage === undefined ? null : writeResponsesUsage(usage),
  };
}

/** What the answer would repeat and callers may write as they like. */
const repeated = ['metadata', 'reasoning', 'text', 'truncation'];

/** Throws `invalid_request` for what could not be written into an answer, before anybody works on one. */
export function checkRepeated({ fields }: FieldReader): void {
  for (const name of repeated) if (typeof fields[name] === 'object') jsonText(fields[name], 'an answer that repeats it');
}

/** What the answer repeats of the request; null where the caller left it to the model. */
function echo(asked: FieldReader | null): Fields {
  const fields = asked?.fields ?? {};
  const kept = (name: string, otherwise: unknown): unknown => fields[name] ?? otherwise;
  return {
    instructions: kept('instructions', null),
    max_output_tokens: kept('max_output_tokens', null),
    metadata: kept('metadata', {}),
    parallel_tool_calls: kept('parallel_tool_calls', true),
    previous_response_id: kept('previous_response_id', null),
    reasoning: kept('reasoning', { effort: null, summary: null }),
    service_tier: 'default',
    temperature: kept('temperature', null),
    text: isObject(fields.text) ? { format: { type: 'text' }, ...fields.text } : { format: { type: 'text' } },
    tool_choice: kept('tool_choice', 'auto'),
    tools: asked === null ? [] : offeredTools(asked),
    top_logprobs: kept('top_logprobs', 0),
    top_p: kept('top_p', null),
    truncation: kept('truncation', 'disabled'),
    user: kept('user', null),
  };
}

/** The API has few codes; these are the ones that clients act on. */
function failureCode(error: RouterError): string {
  if (error.code === 'context_overflow') return 'context_length_exceeded';
  return error.code === 'rate_limited' ? 'rate_limit_exceeded' : 'server_error';
}

/** Counts that are not known are 0, since clients require them. */
export function writeResponsesUsage(usage: Usage): Fields {
  const input = usage.promptTokens ?? 0;
  const output = usage.completionTokens ?? 0;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  };
}

/** Reads the `usage` of a response object; details of 0 say as little as none. */
export function readResponsesUsage(response: Fields): Usage {
  const usage = isObject(response.usage) ? response.usage : {};
  const input = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {};
  const output = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
  return defined<Usage>({
    promptTokens: count(usage.input_tokens, 0),
    completionTokens: count(usage.output_tokens, 0),
    cachedTokens: count(input.cached_tokens, 1),
    reasoningTokens: count(output.reasoning_tokens, 1),
  });
}

function count(value: unknown, least: number): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= least ? value : undefined;
}

/** Null while the response is not complete. */
export function readResponsesReason(response: Fields): FinishReason | null {
  if (response.status === 'completed') return callsTools(response) ? 'tool-calls' : 'stop';
  if (response.status !== 'incomplete') return null;
  const details = isObject(response.incomplete_details) ? response.incomplete_details : {};
  if (details.reason === 'content_filter') return 'content-filter';
  return details.reason === 'max_output_tokens' || details.reason === undefined ? 'length' : 'other';
}

function callsTools(response: Fields): boolean {
  return Array.isArray(response.output) && response.output.some((item) => isObject(item) && (item.type === 'function_call' || item.type === 'custom_tool_call'));
}
