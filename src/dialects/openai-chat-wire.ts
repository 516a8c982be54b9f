/** Writes a request of another dialect for a server of the OpenAI chat API. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, Reasoning, ResponseFormat, Sampling } from '../core/request.ts';
import { refuseOwnFeatures } from './cannot-translate.ts';
import type { Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { writeOpenAiMessages } from './openai-messages.ts';
import { defined, type Fields } from './read-fields.ts';
import { writeToolChoice, writeTools } from './tools.ts';

/** Throws `unsupported_feature` for what this API cannot say. Usage is always asked of a stream. */
export function writeOpenAiChatRequest(request: ChatRequest, target: Target, path: string): WireCall {
  refuseOwnFeatures(request, 'OpenAI');
  if (request.messages.length === 0) {
    throw new RouterError('unsupported_feature', 'A request that only loads or unloads a model needs an Ollama backend; the chosen one has no such call.', { param: 'messages' });
  }
  const keepAlive = request.keepAlive ?? target.keepAlive;
  const body = defined<Fields>({
    model: target.model,
    messages: writeOpenAiMessages(request.messages),
    stream: request.stream,
    stream_options: request.stream ? { include_usage: true } : undefined,
    ...openAiSampling(request.sampling),
    tools: request.tools.length === 0 ? undefined : writeTools(request.tools),
    parallel_tool_calls: request.tools.length > 0 ? request.parallelToolCalls : undefined,
    tool_choice: request.toolChoice === undefined ? undefined : writeToolChoice(request.toolChoice),
    response_format: request.responseFormat && writeResponseFormat(request.responseFormat),
    ...writeReasoning(request.reasoning),
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs && request.logprobs.top > 0 ? request.logprobs.top : undefined,
    user: request.user,
    keep_alive: keepAlive,
  });
  return { path, body: jsonText(body), rewrites: keepAlive !== undefined && request.keepAlive === undefined ? ['keep_alive'] : [] };
}

/** The last four are no part of OpenAI's own API, but llama.cpp and vLLM take them; both names of the penalty, one each. */
export function openAiSampling(sampling: Sampling): Fields {
  const { maxTokens } = sampling;
  return {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    seed: sampling.seed,
    stop: sampling.stop,
    // Ollama's -1 and -2 mean as much as fits, which is what leaving it out means here.
    max_tokens: maxTokens !== undefined && maxTokens >= 0 ? maxTokens : undefined,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    repetition_penalty: sampling.repeatPenalty,
  };
}

function writeResponseFormat(format: ResponseFormat): unknown {
  if (format.type === 'json') return { type: 'json_object' };
  return { type: 'json_schema', json_schema: defined<Fields>({ name: format.name ?? 'answer', schema: format.schema, strict: format.strict }) };
}

/** Servers with chat templates switch thinking by the template's own argument, not by an effort. */
function writeReasoning(reasoning: Reasoning | undefined): Fields {
  if (!reasoning) return {};
  if (reasoning.effort) return { reasoning_effort: reasoning.effort };
  return { reasoning_effort: reasoning.enabled ? undefined : 'none', chat_template_kwargs: { enable_thinking: reasoning.enabled } };
}
