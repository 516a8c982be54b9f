/** Requests of the OpenAI completions API, read and written: prompts that go to the model as they are. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, ContentPart } from '../core/request.ts';
import { refuseOwnFeatures, unsupported } from './cannot-translate.ts';
import type { Target, WireCall } from './dialect.ts';
import { readHerdFields } from './herd-fields.ts';
import { jsonText } from './json-text.ts';
import { readOpenAiSampling } from './openai-chat-request.ts';
import { openAiSampling } from './openai-chat-wire.ts';
import { defined, type FieldReader, type Fields, parseBody, wrongField } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';

export const openAiCompletionsId = 'openai-completions';

const api = 'OpenAI completions';

/** Fields that a ChatRequest holds; a prompt only when it is one text. */
const held: ReadonlySet<string> = new Set([
  'model', 'prompt', 'suffix', 'stream', 'stream_options', 'user', 'keep_alive', 'router', 'fallback_models', 'max_tokens', 'temperature', 'top_p',
  'top_k', 'min_p', 'seed', 'stop', 'presence_penalty', 'frequency_penalty', 'repeat_penalty', 'repetition_penalty', 'logprobs',
]);

const decisive = ['prompt', 'prompt_embeds', 'n', 'best_of', 'echo', 'logit_bias', 'response_format'];

/** Throws `invalid_request` naming the field. Several prompts, and prompts of tokens, are for servers of this API alone. */
export function readOpenAiCompletionsRequest(text: string): ChatRequest {
  const body = parseBody(text);
  const { prompt, others } = readPrompt(body);
  const content: readonly ContentPart[] = prompt === '' ? [] : [{ type: 'text', text: prompt }];
  const logprobs = body.integer('logprobs', 0);
  return defined<ChatRequest>({
    task: 'chat',
    dialect: openAiCompletionsId,
    wire: text,
    model: body.string('model') || null,
    messages: [{ role: 'user', content }],
    raw: defined({ prompt, suffix: body.string('suffix') || undefined }),
    tools: [],
    sampling: readOpenAiSampling(body, body.integer('max_tokens')),
    logprobs: logprobs === undefined ? undefined : { top: logprobs },
    stream: body.boolean('stream') ?? false,
    includeUsage: body.object('stream_options')?.boolean('include_usage') ?? false,
    user: body.string('user'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    decisive,
    extra: others === undefined ? body.others(held) : { ...body.others(held), prompt: others },
  });
}

/** One text, alone or in a list. What else there may be is in `others`, and its texts are joined for whoever wants to know what they are about. */
function readPrompt(body: FieldReader): { readonly prompt: string; readonly others?: unknown } {
  const { prompt } = body.fields;
  if (typeof prompt === 'string') return { prompt };
  const embedded = (body.fields.prompt_embeds ?? null) !== null;
  if ((prompt ?? null) === null && embedded) return { prompt: '' };
  if (!Array.isArray(prompt) || (prompt.length === 0 && !embedded)) throw wrongField('prompt', 'a string, or an array of strings or tokens');
  const texts = prompt.filter((one) => typeof one === 'string');
  return prompt.length === 1 && texts.length === 1 ? { prompt: texts.join('') } : { prompt: texts.join('\n'), others: prompt };
}

/** Throws `unsupported_feature` for a conversation: this API has one prompt, and no template that would hold more. */
export function writeOpenAiCompletionsRequest(request: ChatRequest, target: Target, path: string): WireCall {
  refuseOwnFeatures(request, api, true);
  if (request.raw === undefined) throw new RouterError('unsupported_feature', 'The chosen backend only completes raw prompts; it takes no conversation.', { param: 'messages' });
  refuseBesidePrompt(request);
  const keepAlive = request.keepAlive ?? target.keepAlive;
  const body = defined<Fields>({
    model: target.model,
    prompt: request.raw.prompt,
    suffix: request.raw.suffix,
    stream: request.stream,
    stream_options: request.stream ? { include_usage: true } : undefined,
    ...openAiSampling(request.sampling),
    logprobs: request.logprobs?.top,
    user: request.user,
    keep_alive: keepAlive,
  });
  return { path, body: jsonText(body), rewrites: keepAlive !== undefined && request.keepAlive === undefined ? ['keep_alive'] : [] };
}

/** What Ollama takes beside a raw prompt. */
function refuseBesidePrompt({ messages, responseFormat, reasoning }: ChatRequest): void {
  if (messages.length > 1) throw unsupported('system', api);
  if (messages.some(({ content }) => content.some((part) => part.type !== 'text'))) throw unsupported('images', api);
  if (responseFormat !== undefined) throw unsupported('format', api);
  if (reasoning?.enabled === true) throw unsupported('think', api);
}
