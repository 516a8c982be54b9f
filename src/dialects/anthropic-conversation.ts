/** Writes messages of another API as the Anthropic API wants them: turns that alternate, and the system text apart. */
import { RouterError } from '../core/errors.ts';
import type { ContentPart, Message, ToolCall } from '../core/request.ts';
import { writeToolInput } from './anthropic-input.ts';
import { refuseOther } from './cannot-translate.ts';
import { defined, type Fields } from './read-fields.ts';

const api = 'Anthropic';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Fields[];
}

export interface AnthropicConversation {
  /** Absent: there is none. */
  readonly system?: string;
  readonly messages: readonly Turn[];
}

/**
 * Neighbours of one role become one turn, and results stand at the front of theirs, since the API wants them directly behind
 * the calls. Thinking of earlier turns is left out: without its author's signature it would be refused. Throws
 * `unsupported_feature` for parts that only another dialect knows.
 */
export function writeAnthropicConversation(messages: readonly Message[]): AnthropicConversation {
  const turns: Turn[] = [];
  const ids = new CallIds();
  for (const message of messages) {
    if (message.role === 'system') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const blocks = message.role === 'tool' ? [writeResult(message, ids)] : writeMessage(message, ids);
    const last = turns.at(-1);
    if (last?.role === role) add(last.content, blocks);
    else if (blocks.length > 0) turns.push({ role, content: [...blocks] });
  }
  const system = messages.filter((message) => message.role === 'system').map(writeSystem).filter((text) => text !== '');
  return { ...(system.length === 0 ? {} : { system: system.join('\n\n') }), messages: turns };
}

/** A result goes behind the results that are there, in front of anything else. */
function add(content: Fields[], blocks: readonly Fields[]): void {
  const results = blocks[0]?.type === 'tool_result';
  const at = results ? content.findLastIndex((block) => block.type === 'tool_result') + 1 : content.length;
  content.splice(at, 0, ...blocks);
}

function writeSystem(message: Message): string {
  const texts = message.content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'other') return refuseOther(part, api);
    throw new RouterError('unsupported_feature', 'An Anthropic backend takes no image in the system text. Send it in a user message.', { param: 'messages' });
  });
  return texts.filter((text) => text !== '').join('\n');
}

function writeMessage(message: Message, ids: CallIds): readonly Fields[] {
  return [...writeParts(message.content), ...(message.toolCalls ?? []).map((call) => writeCall(call, ids))];
}

function writeCall(call: ToolCall, ids: CallIds): Fields {
  return { type: 'tool_use', id: ids.give(call.id), name: call.name, input: writeToolInput(call.arguments) };
}

function writeResult(message: Message, ids: CallIds): Fields {
  const [only] = message.content;
  const content = message.content.length === 1 && only?.type === 'text' ? only.text : writeParts(message.content);
  return defined<Fields>({ type: 'tool_result', tool_use_id: ids.find(message.toolCallId ?? ''), content: content.length === 0 ? undefined : content });
}

/** The API refuses texts without a character. */
function writeParts(parts: readonly ContentPart[]): readonly Fields[] {
  return parts.filter((part) => part.type !== 'text' || part.text !== '').map(writePart);
}

function writePart(part: ContentPart): Fields {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.data } };
    case 'image-url':
      return { type: 'image', source: { type: 'url', url: part.url } };
    case 'other':
      return refuseOther(part, api);
    default:
      return part satisfies never;
  }
}

/** Ids of calls in one conversation: the API takes only some characters, and no id twice. */
class CallIds {
  readonly #given = new Set<string>();
  readonly #latest = new Map<string, string>();

  give(id: string): string {
    const clean = cleaned(id);
    let free = clean;
    for (let number = 2; this.#given.has(free); number += 1) free = `${clean}_${number}`;
    this.#given.add(free);
    this.#latest.set(id, free);
    return free;
  }

  /** Servers that number per answer repeat ids over the turns: the latest is meant. */
  find(id: string): string {
    return this.#latest.get(id) ?? cleaned(id);
  }
}

function cleaned(id: string): string {
  return id.replace(/[^\w-]/g, '_') || 'call';
}
