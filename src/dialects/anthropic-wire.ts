/** Writes a request of another dialect for a server of the Anthropic messages API. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, Reasoning, ResponseFormat, Sampling, Tool, ToolChoice } from '../core/request.ts';
import { writeAnthropicConversation } from './anthropic-conversation.ts';
import { refuseOwnFeatures, unsupported } from './cannot-translate.ts';
import type { Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { defined, type Fields } from './read-fields.ts';

const api = 'Anthropic';

/** The API requires a limit; this one every model takes. An answer that reaches it says so (`length`). */
export const defaultMaxTokens = 4096;

/** Throws `unsupported_feature` for what this API cannot say. How long a model stays in memory, and with which context, is no matter of it. */
export function writeAnthropicRequest(request: ChatRequest, target: Target, path: string): WireCall {
  refuseUnsayable(request);
  if (request.messages.length === 0) {
    throw new RouterError('unsupported_feature', 'Loading and unloading a model needs an Ollama backend; the chosen one speaks the Anthropic API, which has no such call.', { param: 'messages' });
  }
  const { maxTokens } = request.sampling;
  // Ollama's -1 and -2 mean as much as fits, for which this API has no word.
  const limited = maxTokens !== undefined && maxTokens >= 0;
  const body = defined<Fields>({
    model: target.model,
    max_tokens: limited ? maxTokens : defaultMaxTokens,
    ...writeAnthropicConversation(request.messages),
    stream: request.stream,
    ...writeSampling(request.sampling),
    tools: request.tools.length === 0 ? undefined : request.tools.map(writeTool),
    tool_choice: writeToolChoice(request),
    ...writeThinking(request.reasoning, request.responseFormat),
    metadata: request.user === undefined ? undefined : { user_id: request.user },
  });
  return { path, body: jsonText(body), rewrites: limited ? [] : ['max_tokens'] };
}

function refuseUnsayable(request: ChatRequest): void {
  refuseOwnFeatures(request, api);
  const { sampling } = request;
  const said: readonly (readonly [field: string, asked: boolean])[] = [
    ['prompt', request.raw !== undefined],
    ['logprobs', request.logprobs !== undefined],
    ['seed', sampling.seed !== undefined],
    ['min_p', (sampling.minP ?? 0) !== 0],
    ['presence_penalty', (sampling.presencePenalty ?? 0) !== 0],
    ['frequency_penalty', (sampling.frequencyPenalty ?? 0) !== 0],
    ['repeat_penalty', (sampling.repeatPenalty ?? 1) !== 1],
    ['response_format', request.responseFormat?.type === 'json'],
  ];
  const found = said.find(([, asked]) => asked);
  if (found) throw unsupported(found[0], api);
}

function writeSampling(sampling: Sampling): Fields {
  return {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    stop_sequences: sampling.stop,
  };
}

function writeTool(tool: Tool): Fields {
  return defined<Fields>({ name: tool.name, description: tool.description, input_schema: tool.parameters ?? { type: 'object', properties: {} }, strict: tool.strict });
}

/** One call at most is said together with a choice; without tools neither may be. */
function writeToolChoice({ tools, toolChoice, parallelToolCalls }: ChatRequest): Fields | undefined {
  if (tools.length === 0) return undefined;
  const choice = toolChoice === undefined ? undefined : choiceOf(toolChoice);
  if (parallelToolCalls !== false || toolChoice === 'none') return choice;
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true };
}

function choiceOf(choice: ToolChoice): Fields {
  if (typeof choice === 'object') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
}

/** Models of today take an effort and decide themselves; those that only knew budgets say so. */
function writeThinking(reasoning: Reasoning | undefined, format: ResponseFormat | undefined): Fields {
  const config = defined<Fields>({
    effort: reasoning?.enabled ? reasoning.effort : undefined,
    format: format?.type === 'json-schema' ? { type: 'json_schema', schema: format.schema } : undefined,
  });
  return {
    thinking: reasoning && { type: reasoning.enabled ? 'adaptive' : 'disabled' },
    output_config: Object.keys(config).length === 0 ? undefined : config,
  };
}
