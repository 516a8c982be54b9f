/** Items of the OpenAI responses API, read as messages. */
import type { ContentPart, Message, ToolCall } from '../core/request.ts';
import { imageFromUrl } from './image-data.ts';
import { defined, FieldReader, wrongField } from './read-fields.ts';
import { readItemId } from './responses-ids.ts';
import { groupedName, textArguments } from './responses-tools.ts';
import { isObject } from '../util/json-object.ts';

export const referenceKind = 'item_reference';

const roles: Readonly<Record<string, Message['role']>> = { user: 'user', assistant: 'assistant', system: 'system', developer: 'system' };

/** Throws `invalid_request` naming the field. A text is one message of the user. */
export function readResponsesInput(body: FieldReader): readonly Message[] {
  const { input } = body.fields;
  if (typeof input === 'string') return [{ role: 'user', content: input === '' ? [] : [{ type: 'text', text: input }] }];
  const thread = new ItemThread();
  for (const item of body.objects('input') ?? []) thread.take(item);
  return thread.messages();
}

/** Reasoning, text and calls of one answer come as items of their own and become one message. */
class ItemThread {
  readonly #messages: Message[] = [];
  readonly #names = new Map<string, string>();
  #reasoning = '';

  take(item: FieldReader): void {
    const type = item.string('type') ?? 'message';
    switch (type) {
      case 'message':
        this.#message(item);
        return;
      case 'reasoning':
        this.#reasoning += readReasoning(item);
        return;
      case 'function_call':
        this.#call(item, item.string('arguments') || '{}');
        return;
      case 'custom_tool_call':
        this.#call(item, textArguments(item.requiredString('input')));
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#output(item);
        return;
      case referenceKind:
        this.#messages.push(reference(item));
        return;
      default:
        this.#messages.push(foreign(type, item));
    }
  }

  /** What the model thought last, without having said anything, is its own message. */
  messages(): readonly Message[] {
    if (this.#reasoning !== '') this.#answer({ content: [] });
    return this.#messages;
  }

  #message(item: FieldReader): void {
    const word = item.requiredString('role').toLowerCase();
    const role = Object.hasOwn(roles, word) ? roles[word] : undefined;
    const content = readContent(item, 'content');
    if (role === 'assistant') this.#answer({ content });
    else this.#messages.push(role ? { role, content } : foreign(`role ${word}`, item));
  }

  #call(item: FieldReader, argumentText: string): void {
    const id = item.requiredString('call_id');
    const name = groupedName(item.string('namespace'), item.requiredString('name'));
    this.#names.set(id, name);
    this.#answer({ content: [], call: { id, name, arguments: argumentText } });
  }

  #output(item: FieldReader): void {
    const id = item.requiredString('call_id');
    this.#messages.push(defined<Message>({ role: 'tool', content: readContent(item, 'output'), toolCallId: id, toolName: this.#names.get(id) }));
  }

  /** Calls stay with what was said before them, and text that follows them with the calls, since their results come next. */
  #answer({ content, call }: { readonly content: readonly ContentPart[]; readonly call?: ToolCall }): void {
    const last = this.#messages.at(-1);
    const joins = last?.role === 'assistant' && this.#reasoning === '' && !isReference(last) && (call !== undefined || last.toolCalls !== undefined);
    const before: Message = joins ? last : { role: 'assistant', content: [] };
    const toolCalls = call === undefined ? before.toolCalls : [...(before.toolCalls ?? []), call];
    const message = defined<Message>({ role: 'assistant', content: [...before.content, ...content], reasoning: (before.reasoning ?? this.#reasoning) || undefined, toolCalls });
    this.#reasoning = '';
    if (joins) this.#messages[this.#messages.length - 1] = message;
    else this.#messages.push(message);
  }
}

/** Something that only OpenAI knows. */
function foreign(kind: string, item: FieldReader): Message {
  return { role: 'user', content: [{ type: 'other', kind, value: item.fields }] };
}

/** A part of an answer that the router keeps, to be put in its place. */
function reference(item: FieldReader): Message {
  return { role: 'assistant', content: [{ type: 'other', kind: referenceKind, value: readItemId(item.requiredString('id')) }] };
}

function isReference(message: Message): boolean {
  return message.content.some((part) => part.type === 'other' && part.kind === referenceKind);
}

/** The thinking itself, else its summary; what is encrypted is for its maker alone. */
function readReasoning(item: FieldReader): string {
  const textOf = (key: string): string => (item.objects(key) ?? []).map((part) => part.string('text') ?? '').join('');
  return textOf('content') || textOf('summary');
}

function readContent(item: FieldReader, key: string): readonly ContentPart[] {
  const value = item.fields[key];
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text', text: value }];
  if (value !== undefined && value !== null && !Array.isArray(value)) throw wrongField(item.pathOf(key), 'a string or an array');
  return (item.objects(key) ?? []).map(readPart);
}

const texts: Readonly<Record<string, string>> = { input_text: 'text', output_text: 'text', text: 'text', summary_text: 'text', refusal: 'refusal' };

function readPart(part: FieldReader): ContentPart {
  const kind = part.requiredString('type');
  const textKey = Object.hasOwn(texts, kind) ? texts[kind] : undefined;
  if (textKey !== undefined) return { type: 'text', text: part.requiredString(textKey) };
  if (kind !== 'input_image') return { type: 'other', kind, value: part.fields };
  const image = part.fields.image_url;
  const url = isObject(image) ? new FieldReader(image, part.pathOf('image_url')).requiredString('url') : part.string('image_url');
  return url === undefined ? { type: 'other', kind: 'input_image with a file_id', value: part.fields } : imageFromUrl(url);
}
