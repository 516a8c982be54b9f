/** Writes a request for a server of the OpenAI responses API. */
import type { ChatRequest, ContentPart, Message } from '../core/request.ts';
import { refuseOther, refuseOwnFeatures } from './cannot-translate.ts';
import type { Target, WireCall } from './dialect.ts';
import { toDataUrl } from './image-data.ts';
import { jsonText } from './json-text.ts';
import { openAiSampling } from './openai-chat-wire.ts';
import { defined, type Fields } from './read-fields.ts';

const api = 'OpenAI responses';

/** Throws `unsupported_feature` for what this API cannot say. The server need not keep what the router keeps. */
export function writeOpenAiResponsesRequest(request: ChatRequest, target: Target, path: string): WireCall {
  refuseOwnFeatures(request, api);
  const keepAlive = request.keepAlive ?? target.keepAlive;
  const { max_tokens: maxTokens, repeat_penalty: _same, ...sampling } = openAiSampling(request.sampling);
  const choice = request.toolChoice;
  const body = defined<Fields>({
    model: target.model,
    input: request.messages.flatMap(writeMessage),
    stream: request.stream,
    store: false,
    max_output_tokens: maxTokens,
    ...sampling,
    tools: request.tools.length === 0 ? undefined : request.tools.map((tool) => ({ type: 'function', ...tool })),
    tool_choice: typeof choice === 'object' ? { type: 'function', name: choice.name } : choice,
    text: request.responseFormat && { format: writeFormat(request.responseFormat) },
    reasoning: writeReasoning(request),
    top_logprobs: request.logprobs?.top,
    include: request.logprobs && ['message.output_text.logprobs'],
    user: request.user,
    keep_alive: keepAlive,
  });
  return { path, body: jsonText(body), rewrites: keepAlive !== undefined && request.keepAlive === undefined ? ['keep_alive'] : [] };
}

function writeReasoning({ reasoning }: ChatRequest): Fields | undefined {
  if (!reasoning || (reasoning.enabled && reasoning.effort === undefined)) return undefined;
  return { effort: reasoning.enabled ? reasoning.effort : 'none' };
}

function writeFormat(format: NonNullable<ChatRequest['responseFormat']>): Fields {
  if (format.type === 'json') return { type: 'json_object' };
  return defined<Fields>({ type: 'json_schema', name: format.name ?? 'answer', schema: format.schema, strict: format.strict });
}

/** One message is several items: what was thought, what was said, each call. */
function writeMessage(message: Message, position: number): readonly Fields[] {
  if (message.role === 'tool') return [{ type: 'function_call_output', call_id: message.toolCallId, output: writeOutput(message.content) }];
  const items: Fields[] = [];
  if (message.reasoning !== undefined) items.push({ type: 'reasoning', id: `rs_${position}`, summary: [], content: [{ type: 'reasoning_text', text: message.reasoning }] });
  const calls = message.toolCalls ?? [];
  const textType = message.role === 'assistant' ? 'output_text' : 'input_text';
  if (message.content.length > 0 || calls.length === 0) items.push({ type: 'message', role: message.role, content: message.content.map((part) => writePart(part, textType)) });
  return [...items, ...calls.map((call) => ({ type: 'function_call', call_id: call.id, name: call.name, arguments: call.arguments }))];
}

/** Text alone stays a string, which every server takes. */
function writeOutput(content: readonly ContentPart[]): unknown {
  return content.every((part) => part.type === 'text') ? content.map((part) => part.text).join('\n') : content.map((part) => writePart(part, 'input_text'));
}

function writePart(part: ContentPart, textType: string): Fields {
  switch (part.type) {
    case 'text':
      return { type: textType, text: part.text };
    case 'image':
      return { type: 'input_image', image_url: toDataUrl(part), detail: 'auto' };
    case 'image-url':
      return { type: 'input_image', image_url: part.url, detail: 'auto' };
    case 'other':
      return refuseOther(part, api);
    default:
      return part satisfies never;
  }
}
