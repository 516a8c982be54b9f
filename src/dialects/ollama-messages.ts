/** Messages as the Ollama chat API writes them, read and written. */
import { RouterError } from '../core/errors.ts';
import type { ContentPart, Message, ToolCall } from '../core/request.ts';
import { refuseOther } from './cannot-translate.ts';
import { imageFromBase64 } from './image-data.ts';
import { givenIds, readCall } from './openai-messages.ts';
import { defined, type FieldReader, type Fields } from './read-fields.ts';
import { ToolThread } from './tool-thread.ts';
import { parseObject } from '../util/json-object.ts';

const api = 'Ollama';

const roles: readonly Message['role'][] = ['system', 'user', 'assistant', 'tool'];

/** None are legal: such a request only loads or unloads the model. Throws `invalid_request` naming the field. */
export function readOllamaMessages(body: FieldReader): readonly Message[] {
  const items = body.objects('messages') ?? [];
  const thread = new ToolThread(items.flatMap(givenIds));
  return items.map((item) => readMessage(item, thread));
}

function readMessage(item: FieldReader, thread: ToolThread): Message {
  const word = item.requiredString('role').toLowerCase();
  const role = roles.find((known) => known === word);
  const content = readOllamaContent(item.string('content'), item.strings('images'));
  if (!role) return { role: 'user', content: [...content, { type: 'other', kind: `role ${word}`, value: item.fields }] };
  if (role === 'tool') {
    const call = thread.answer(item.string('tool_call_id'), item.string('tool_name') ?? item.string('name'));
    return defined<Message>({ role, content, toolCallId: call.id, toolName: call.name });
  }
  const toolCalls = (item.objects('tool_calls') ?? []).map((call) => readCall(call.string('id'), call.object('function') ?? call.required('function', 'an object'), thread));
  return defined<Message>({ role, content, reasoning: item.string('thinking') || undefined, toolCalls: toolCalls.length === 0 ? undefined : toolCalls });
}

/** Text first, then its images. */
export function readOllamaContent(text: string | undefined, images: readonly string[] | undefined): readonly ContentPart[] {
  return [...(text ? [{ type: 'text', text } as const] : []), ...(images ?? []).map((data) => imageFromBase64(data))];
}

/** Throws `unsupported_feature` for images by address and for parts that only another dialect knows. */
export function writeOllamaMessages(messages: readonly Message[]): unknown[] {
  return messages.map((message, index) => ({
    role: message.role,
    ...writeOllamaContent(message.content),
    ...(message.reasoning === undefined ? {} : { thinking: message.reasoning }),
    ...(message.toolCalls ? { tool_calls: message.toolCalls.map((call, position) => writeCall(call, `messages[${index}].tool_calls[${position}]`)) } : {}),
    ...(message.role === 'tool' ? defined<Fields>({ tool_name: message.toolName, tool_call_id: message.toolCallId }) : {}),
  }));
}

function writeCall(call: ToolCall, path: string): unknown {
  const given = readArguments(call.arguments);
  if (given) return { id: call.id, function: { name: call.name, arguments: given } };
  throw new RouterError('invalid_request', `\`${path}.function.arguments\` must be the JSON text of an object for an Ollama backend.`, { param: `${path}.function.arguments` });
}

/** Ollama carries arguments as an object; null when the text is none. Nothing at all means no arguments. */
export function readArguments(text: string): Fields | null {
  return text.trim() === '' ? {} : parseObject(text);
}

/** Texts joined by a line end, as servers with chat templates do, and the images beside them. */
export function writeOllamaContent(parts: readonly ContentPart[]): { readonly content: string; readonly images?: readonly string[] } {
  const texts: string[] = [];
  const images: string[] = [];
  for (const part of parts) {
    switch (part.type) {
      case 'text':
        texts.push(part.text);
        break;
      case 'image':
        images.push(part.data);
        break;
      case 'image-url':
        throw new RouterError('unsupported_feature', 'An Ollama backend cannot fetch an image from an address. Send it as a `data:` URL.', { param: 'messages' });
      case 'other':
        refuseOther(part, api);
        break;
      default:
        part satisfies never;
    }
  }
  return { content: texts.join('\n'), ...(images.length === 0 ? {} : { images }) };
}
