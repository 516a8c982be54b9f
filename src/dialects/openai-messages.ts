/** Messages as the OpenAI API writes them, read and written. */
import type { ContentPart, Message, ToolCall } from '../core/request.ts';
import { refuseOther } from './cannot-translate.ts';
import { imageFromUrl, toDataUrl } from './image-data.ts';
import { jsonText } from './json-text.ts';
import { defined, type FieldReader, wrongField } from './read-fields.ts';
import { ToolThread } from './tool-thread.ts';
import { isObject } from '../util/json-object.ts';

const api = 'OpenAI';

const roles: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/** At least one message. Throws `invalid_request` naming the field (`messages[0].role`). */
export function readOpenAiMessages(body: FieldReader): readonly Message[] {
  const plain = plainMessages(body.fields.messages);
  if (plain !== null) return plain;
  const items = body.objects('messages') ?? [];
  if (items.length === 0) throw wrongField('messages', 'an array with at least one message');
  const thread = new ToolThread(items.flatMap(givenIds));
  return items.map((item) => readMessage(item, thread));
}

/** Messages of nothing but a role and a text, the same as below; null when there is anything else. */
function plainMessages(items: unknown): readonly Message[] | null {
  if (!Array.isArray(items) || items.length === 0) return null;
  const messages: Message[] = [];
  for (const item of items as readonly unknown[]) {
    if (!isObject(item)) return null;
    const { role, content } = item;
    if (typeof content !== 'string' || (role !== 'user' && role !== 'system' && role !== 'assistant')) return null;
    for (const key in item) {
      if (key !== 'role' && key !== 'content') return null;
    }
    messages.push({ role, content: content === '' ? [] : [{ type: 'text', text: content }] });
  }
  return messages;
}

/** Ids that the conversation spells out; a numbered one must not be the same. */
export function givenIds(message: FieldReader): readonly string[] {
  const calls = message.objects('tool_calls') ?? [];
  return [message.string('tool_call_id'), ...calls.map((call) => call.string('id'))].filter((id) => id !== undefined);
}

function readMessage(item: FieldReader, thread: ToolThread): Message {
  const word = item.requiredString('role').toLowerCase();
  const role = Object.hasOwn(roles, word) ? roles[word] : undefined;
  const content = readContent(item);
  if (!role) return { role: 'user', content: [...content, { type: 'other', kind: `role ${word}`, value: item.fields }] };
  if (role === 'tool') return readResult(item, content, thread);
  const toolCalls = role === 'assistant' ? readCalls(item, thread) : [];
  return defined<Message>({
    role,
    content,
    reasoning: (item.string('reasoning_content') ?? readReasoning(item)) || undefined,
    toolCalls: toolCalls.length === 0 ? undefined : toolCalls,
    name: item.string('name'),
  });
}

/** Some servers use `reasoning` for an object of their own. */
function readReasoning(item: FieldReader): string | undefined {
  return typeof item.fields.reasoning === 'string' ? item.fields.reasoning : undefined;
}

function readResult(item: FieldReader, content: readonly ContentPart[], thread: ToolThread): Message {
  const call = thread.answer(item.string('tool_call_id'), item.string('name'));
  return defined<Message>({ role: 'tool', content, toolCallId: call.id, toolName: call.name });
}

function readCalls(item: FieldReader, thread: ToolThread): readonly ToolCall[] {
  const calls = (item.objects('tool_calls') ?? []).map((call) => readCall(call.string('id'), call.object('function') ?? call.required('function', 'an object'), thread));
  const old = item.object('function_call');
  return old ? [...calls, readCall(undefined, old, thread)] : calls;
}

/** A call's name and arguments; arguments that are an object become its text. */
export function readCall(id: string | undefined, made: FieldReader, thread: ToolThread): ToolCall {
  const name = made.requiredString('name');
  const given = made.fields.arguments;
  const text = isObject(given) ? jsonText(given) : made.string('arguments');
  return { id: thread.call(id, name), name, arguments: text || '{}' };
}

function readContent(item: FieldReader): readonly ContentPart[] {
  const { content } = item.fields;
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (content !== undefined && content !== null && !Array.isArray(content) && !isObject(content)) throw wrongField(item.pathOf('content'), 'a string, an array or null');
  return (item.objects('content') ?? []).map(readPart);
}

function readPart(part: FieldReader): ContentPart {
  const kind = part.requiredString('type');
  if (kind === 'text') return { type: 'text', text: part.requiredString('text') };
  if (kind === 'image_url') {
    const url = typeof part.fields.image_url === 'string' ? part.fields.image_url : part.object('image_url')?.requiredString('url');
    return imageFromUrl(url ?? part.required('image_url', 'an object with a `url`'));
  }
  return { type: 'other', kind, value: part.fields };
}

/** Throws `unsupported_feature` for parts that only another dialect knows. */
export function writeOpenAiMessages(messages: readonly Message[]): unknown[] {
  return messages.map((message) => ({
    role: message.role,
    content: writeContent(message.content),
    ...(message.name === undefined ? {} : { name: message.name }),
    ...(message.reasoning === undefined ? {} : { reasoning_content: message.reasoning }),
    ...(message.toolCalls ? { tool_calls: message.toolCalls.map(writeCall) } : {}),
    ...(message.role === 'tool' ? { tool_call_id: message.toolCallId, ...(message.toolName === undefined ? {} : { name: message.toolName }) } : {}),
  }));
}

function writeCall(call: ToolCall): unknown {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } };
}

/** Text alone stays a string, which every server takes. */
function writeContent(parts: readonly ContentPart[]): unknown {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (parts.length === 0) return '';
  return only?.type === 'text' ? only.text : parts.map(writePart);
}

function writePart(part: ContentPart): unknown {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image_url', image_url: { url: toDataUrl(part) } };
    case 'image-url':
      return { type: 'image_url', image_url: { url: part.url } };
    case 'other':
      return refuseOther(part, api);
    default:
      return part satisfies never;
  }
}
