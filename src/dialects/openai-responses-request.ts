/** Reads a request of the OpenAI responses API. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, ConversationLink, Message, ResponseFormat } from '../core/request.ts';
import { readHerdFields } from './herd-fields.ts';
import { readEffort, readOpenAiSampling } from './openai-chat-request.ts';
import { defined, type FieldReader, type Fields, parseBody, wrongField } from './read-fields.ts';
import { checkRepeated } from './responses-object.ts';
import { readResponsesInput, referenceKind } from './responses-items.ts';
import { readResponsesChoice, readResponsesTools } from './responses-tools.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { isObject } from '../util/json-object.ts';

export const openAiResponsesId = 'openai-responses';

/** Fields that a ChatRequest holds; all others are `extra`. The last lines are no part of OpenAI's own API. */
const held: ReadonlySet<string> = new Set([
  'model', 'input', 'instructions', 'tools', 'tool_choice', 'text', 'reasoning', 'max_output_tokens', 'temperature', 'top_p',
  'top_logprobs', 'include', 'user', 'store', 'previous_response_id', 'stream', 'stream_options', 'background', 'conversation',
  'keep_alive', 'router', 'fallback_models', 'seed', 'stop', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repeat_penalty', 'repetition_penalty',
]);

const decisive = ['prompt', 'text', 'tool_choice', 'tools'];

/** Throws `invalid_request` naming the field, `unsupported_feature` for what no router can do. */
export function readOpenAiResponsesRequest(text: string): ChatRequest {
  const body = parseBody(text);
  refuseOwnState(body);
  checkRepeated(body);
  const instructions = body.string('instructions');
  const passing: readonly Message[] = instructions ? [{ role: 'system', content: [{ type: 'text', text: instructions }] }] : [];
  const messages = readResponsesInput(body);
  const { tools, others } = readResponsesTools(body);
  const chosen = readResponsesChoice(body.fields.tool_choice);
  const { allowed } = chosen;
  const format = readFormat(body);
  return defined<ChatRequest>({
    task: 'chat',
    dialect: openAiResponsesId,
    wire: text,
    model: body.string('model') || null,
    messages: [...passing, ...messages],
    tools: tools.map(({ tool }) => tool).filter(({ name }) => allowed === undefined || allowed.has(name)),
    toolChoice: chosen.choice,
    sampling: readOpenAiSampling(body, body.integer('max_output_tokens')),
    responseFormat: format.known,
    reasoning: readEffort(body.object('reasoning')?.string('effort')),
    logprobs: readLogprobs(body),
    stream: body.boolean('stream') ?? false,
    includeUsage: true,
    parallelToolCalls: body.boolean('parallel_tool_calls'),
    user: body.string('user'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    conversation: readLink(body, messages, passing.length),
    decisive,
    extra: {
      ...body.others(held),
      ...(others.length === 0 ? {} : { tools: others }),
      ...(chosen.understood ? {} : { tool_choice: body.fields.tool_choice }),
      ...(format.understood ? {} : { text: body.fields.text }),
    },
  });
}

/** What OpenAI keeps for its callers beyond answers. */
function refuseOwnState(body: FieldReader): void {
  if (body.boolean('background')) {
    throw new RouterError('unsupported_feature', '`background` needs a server that keeps running answers. Leave it out; for work that may take long, send a `router` object with `mode: async` and ask for the job.', { param: 'background' });
  }
  if ((body.fields.conversation ?? null) !== null) {
    throw new RouterError('unsupported_feature', '`conversation` names an object that OpenAI keeps. Go on from an answer with `previous_response_id` instead, or send the whole conversation in `input`.', { param: 'conversation' });
  }
}

function readLink(body: FieldReader, messages: readonly Message[], passing: number): ConversationLink {
  const previousId = body.string('previous_response_id') || undefined;
  if (previousId === undefined && (body.fields.input ?? null) === null && (body.fields.prompt ?? null) === null) throw wrongField('input', 'a string or an array of items');
  const refers = messages.some(({ content }) => content.some((part) => part.type === 'other' && part.kind === referenceKind));
  return defined<ConversationLink>({ previousId, keep: body.boolean('store') ?? true, passing, refers: refers || undefined });
}

/** `understood` is false for a format that only some servers know. */
function readFormat(body: FieldReader): { readonly known?: ResponseFormat; readonly understood: boolean } {
  const format = body.object('text')?.object('format');
  const type = format?.requiredString('type') ?? 'text';
  if (format === undefined || type === 'text') return { understood: true };
  if (type === 'json_object') return { understood: true, known: { type: 'json' } };
  if (type !== 'json_schema') return { understood: false };
  return { understood: true, known: defined<ResponseFormat>({ type: 'json-schema', schema: format.fields.schema ?? {}, name: format.string('name'), strict: format.boolean('strict') }) };
}

function readLogprobs(body: FieldReader): ChatRequest['logprobs'] {
  const top = body.integer('top_logprobs', 0);
  const asked = body.strings('include')?.includes('message.output_text.logprobs') === true;
  return asked || (top ?? 0) > 0 ? { top: top ?? 0 } : undefined;
}

/** The body of a request of this dialect, for what an answer repeats of it; null for any other. */
export function responsesBody(request: { readonly dialect: string; readonly wire: string }): FieldReader | null {
  return request.dialect === openAiResponsesId ? parseBody(request.wire) : null;
}

/** Does the caller read thinking as a summary only? */
export function wantsSummary(body: FieldReader | null): boolean {
  const reasoning: unknown = body?.fields.reasoning;
  const fields: Fields = isObject(reasoning) ? reasoning : {};
  return typeof (fields.summary ?? fields.generate_summary) === 'string';
}
