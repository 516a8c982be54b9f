/** Reads a request of the OpenAI chat API. */
import type { ChatRequest, Reasoning, ResponseFormat, Sampling } from '../core/request.ts';
import { readHerdFields } from './herd-fields.ts';
import { readOpenAiMessages } from './openai-messages.ts';
import { defined, type FieldReader, type Fields, parseBody } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { readToolChoice, readTools } from './tools.ts';
import { isObject } from '../util/json-object.ts';

export const openAiChatId = 'openai-chat';

/** Fields that a ChatRequest holds; all others are `extra`. */
const held: ReadonlySet<string> = new Set([
  'model', 'messages', 'tools', 'stream', 'stream_options', 'user', 'keep_alive', 'router', 'fallback_models',
  'temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'max_tokens', 'max_completion_tokens',
  'presence_penalty', 'frequency_penalty', 'repeat_penalty', 'repetition_penalty',
  'reasoning_effort', 'logprobs', 'top_logprobs', 'parallel_tool_calls',
]);

const decisive = ['functions', 'logit_bias', 'modalities', 'n', 'response_format', 'tool_choice', 'tools'];

/** What most requests say, and no more. */
const plain: ReadonlySet<string> = new Set(['model', 'messages', 'stream']);

/** The same as below for a request that leaves everything else to the model, without asking for each field. */
function plainRequest(body: FieldReader, text: string): ChatRequest {
  return {
    task: 'chat',
    dialect: openAiChatId,
    wire: text,
    model: body.string('model') || null,
    messages: readOpenAiMessages(body),
    tools: [],
    sampling: {},
    stream: body.boolean('stream') ?? false,
    includeUsage: false,
    router: null,
    decisive,
    extra: {},
  };
}

/** Throws `invalid_request` naming the field. */
export function readOpenAiChatRequest(text: string): ChatRequest {
  const body = parseBody(text);
  if (body.hasOnly(plain)) return plainRequest(body, text);
  const { tools, others } = readTools(body);
  const toolChoice = readToolChoice(body.fields.tool_choice);
  const responseFormat = readResponseFormat(body);
  const extra = body.others(held);
  return defined<ChatRequest>({
    task: 'chat',
    dialect: openAiChatId,
    wire: text,
    model: body.string('model') || null,
    messages: readOpenAiMessages(body),
    tools,
    toolChoice,
    sampling: readOpenAiSampling(body, body.integer('max_completion_tokens') ?? body.integer('max_tokens')),
    responseFormat: responseFormat.known,
    reasoning: readReasoning(body),
    logprobs: body.boolean('logprobs') ? { top: body.integer('top_logprobs', 0) ?? 0 } : undefined,
    stream: body.boolean('stream') ?? false,
    includeUsage: body.object('stream_options')?.boolean('include_usage') ?? false,
    parallelToolCalls: body.boolean('parallel_tool_calls'),
    user: body.string('user'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    decisive,
    extra: withoutTranslated(extra, others, toolChoice !== undefined, responseFormat.understood),
  });
}

/** What was understood after all leaves `extra`; tools that are no functions enter it. */
function withoutTranslated(extra: Fields, otherTools: readonly unknown[], choiceKnown: boolean, formatKnown: boolean): Fields {
  if (otherTools.length === 0 && !('tool_choice' in extra) && !('response_format' in extra)) return extra;
  const rest = Object.entries(extra).filter(([key]) => !(key === 'tool_choice' && choiceKnown) && !(key === 'response_format' && formatKnown));
  return Object.fromEntries(otherTools.length === 0 ? rest : [...rest, ['tools', otherTools]]);
}

/** The limit of an answer's length has another name in each of OpenAI's APIs. */
export function readOpenAiSampling(body: FieldReader, maxTokens: number | undefined): Sampling {
  return defined<Sampling>({
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: body.integer('top_k'),
    minP: body.number('min_p'),
    seed: body.integer('seed'),
    stop: body.stringOrStrings('stop'),
    maxTokens,
    presencePenalty: body.number('presence_penalty'),
    frequencyPenalty: body.number('frequency_penalty'),
    repeatPenalty: body.number('repeat_penalty') ?? body.number('repetition_penalty'),
  });
}

/** `understood` is false for a type that only some servers know. */
function readResponseFormat(body: FieldReader): { readonly known?: ResponseFormat; readonly understood: boolean } {
  const format = body.object('response_format');
  if (!format) return { understood: true };
  const type = format.requiredString('type');
  if (type === 'text') return { understood: true };
  if (type === 'json_schema') {
    // llama.cpp also takes the schema beside the type.
    const named = format.object('json_schema') ?? format;
    return { understood: true, known: defined<ResponseFormat>({ type: 'json-schema', schema: named.fields.schema ?? {}, name: named.string('name'), strict: named.boolean('strict') }) };
  }
  if (type !== 'json_object') return { understood: false };
  return { understood: true, known: isObject(format.fields.schema) ? { type: 'json-schema', schema: format.fields.schema } : { type: 'json' } };
}

const efforts: Readonly<Record<string, Reasoning['effort']>> = { minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'high' };

function readReasoning(body: FieldReader): Reasoning | undefined {
  const word = body.string('reasoning_effort') ?? (isObject(body.fields.reasoning) ? body.object('reasoning')?.string('effort') : undefined);
  if (word !== undefined) return readEffort(word);
  const wanted = isObject(body.fields.chat_template_kwargs) ? body.fields.chat_template_kwargs.enable_thinking : undefined;
  return typeof wanted === 'boolean' ? { enabled: wanted } : undefined;
}

/** How hard to think, in OpenAI's words; a word of somebody else's asks for the model's default. */
export function readEffort(word: string | undefined): Reasoning | undefined {
  if (word === undefined) return undefined;
  if (word === 'none') return { enabled: false };
  return defined<Reasoning>({ enabled: true, effort: Object.hasOwn(efforts, word) ? efforts[word] : undefined });
}
