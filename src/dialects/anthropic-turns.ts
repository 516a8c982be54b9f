/** Reads the system text and the messages of an Anthropic request. */
import type { ContentPart, Message, ToolCall } from '../core/request.ts';
import { imageFromUrl } from './image-data.ts';
import { jsonText } from './json-text.ts';
import { defined, FieldReader, wrongField } from './read-fields.ts';
import { ToolThread } from './tool-thread.ts';

const roles: readonly Message['role'][] = ['user', 'assistant', 'system'];

/** At least one message beside the system text. Throws `invalid_request` naming the field (`messages[0].role`). */
export function readAnthropicTurns(body: FieldReader): readonly Message[] {
  const items = body.objects('messages') ?? [];
  if (items.length === 0) throw wrongField('messages', 'an array with at least one message');
  const thread = new ToolThread([]);
  return [...readSystem(body), ...items.flatMap((item) => readTurn(item, thread))];
}

/** One part for each block, as the caller divided it. */
function readSystem(body: FieldReader): readonly Message[] {
  const content = readContent(body, 'system').map(readPart);
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

/** Results of tools become messages of their own, in front of whatever else the turn says. */
function readTurn(item: FieldReader, thread: ToolThread): readonly Message[] {
  const word = item.requiredString('role').toLowerCase();
  const role = roles.find((known) => known === word);
  const turn = new TurnReader(thread);
  for (const block of readContent(item, 'content')) turn.take(block);
  if (role === undefined) turn.content.push({ type: 'other', kind: `role ${word}`, value: item.fields });
  return turn.messages(role ?? 'user');
}

class TurnReader {
  readonly content: ContentPart[] = [];
  readonly #thread: ToolThread;
  readonly #results: Message[] = [];
  readonly #calls: ToolCall[] = [];
  #reasoning = '';

  constructor(thread: ToolThread) {
    this.#thread = thread;
  }

  take(block: FieldReader): void {
    switch (block.requiredString('type')) {
      case 'tool_use':
        this.#calls.push(readCall(block, this.#thread));
        return;
      case 'tool_result':
        this.#results.push(readResult(block, this.#thread));
        return;
      case 'thinking':
        this.#reasoning += block.string('thinking') ?? '';
        return;
      case 'redacted_thinking':
        // Nobody but its author can read it; it stays in the request's own bytes.
        return;
      default:
        this.content.push(readPart(block));
    }
  }

  messages(role: Message['role']): readonly Message[] {
    const said = this.content.length > 0 || this.#calls.length > 0 || this.#reasoning !== '';
    if (!said && this.#results.length > 0) return this.#results;
    const own = defined<Message>({
      role,
      content: this.content,
      reasoning: this.#reasoning || undefined,
      toolCalls: this.#calls.length === 0 ? undefined : this.#calls,
    });
    return [...this.#results, own];
  }
}

function readCall(block: FieldReader, thread: ToolThread): ToolCall {
  const name = block.requiredString('name');
  return { id: thread.call(block.requiredString('id'), name), name, arguments: jsonText(block.fields.input ?? {}) };
}

function readResult(block: FieldReader, thread: ToolThread): Message {
  const call = thread.answer(block.requiredString('tool_use_id'), undefined);
  const content = readContent(block, 'content').map(readPart);
  return defined<Message>({ role: 'tool', content: block.boolean('is_error') ? asFailure(content) : content, toolCallId: call.id, toolName: call.name });
}

/** No other API marks a failed call, so that the text has to say it. */
function asFailure(content: readonly ContentPart[]): readonly ContentPart[] {
  const [first, ...rest] = content;
  if (first?.type !== 'text') return [{ type: 'text', text: 'Error' }, ...content];
  return /^\W*error/i.test(first.text) ? content : [{ type: 'text', text: `Error: ${first.text}` }, ...rest];
}

/** A text is one block; nothing, or an empty text, is none. */
function readContent(holder: FieldReader, key: string): readonly FieldReader[] {
  const value = holder.fields[key];
  if (typeof value === 'string') return value === '' ? [] : [new FieldReader({ type: 'text', text: value }, holder.pathOf(key))];
  if (value !== undefined && value !== null && typeof value !== 'object') throw wrongField(holder.pathOf(key), 'a string or an array');
  return holder.objects(key) ?? [];
}

function readPart(block: FieldReader): ContentPart {
  const kind = block.requiredString('type');
  if (kind === 'text') return { type: 'text', text: block.requiredString('text') };
  if (kind !== 'image') return { type: 'other', kind, value: block.fields };
  const source = block.object('source') ?? block.required('source', 'an object');
  switch (source.requiredString('type')) {
    case 'base64':
      return { type: 'image', mediaType: source.string('media_type') ?? 'image/jpeg', data: source.requiredString('data') };
    case 'url':
      return imageFromUrl(source.requiredString('url'));
    default:
      return { type: 'other', kind, value: block.fields };
  }
}
