/** Writes parts as answers of the Anthropic messages API. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';
import { anthropicErrorEvent } from './anthropic-error.ts';
import { toolInputText, writeToolInput } from './anthropic-input.ts';
import { writeAnthropicReason, writeAnthropicUsage } from './anthropic-usage.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import type { CallPart, Finish } from './gathered-answer.ts';
import type { Fields } from './read-fields.ts';

export const eventStream = 'text/event-stream; charset=utf-8';
export const json = 'application/json; charset=utf-8';

type BlockType = 'text' | 'thinking';

/** A stream: `message_start` and `ping`, each block with its deltas, `message_delta` with reason and counts, `message_stop`. */
export class AnthropicEventWriter implements ResponseEncoder {
  readonly contentType = eventStream;
  readonly #context: AnswerContext;
  #begun = false;
  #finished = false;
  /** The block that is open, and how many were opened. */
  #open: BlockType | null = null;
  #blocks = 0;
  #guess: number | null = null;
  /** All of a delta event before its text, as long as one block is open. */
  #deltaHead = '';

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(part: StreamPart): string | null {
    const events = this.#events(part);
    if (events === null || this.#begun) return events;
    this.#begun = true;
    return this.#start() + events;
  }

  end(): string | null {
    return this.#finished ? event('message_stop', {}) : null;
  }

  error(error: RouterError): string {
    return anthropicErrorEvent(error, this.#context.requestId);
  }

  #events(part: StreamPart): string | null {
    switch (part.type) {
      case 'text-delta':
        return part.text === '' ? null : this.#delta('text', part.text);
      case 'reasoning-delta':
        return part.text === '' ? null : this.#delta('thinking', part.text);
      case 'tool-call':
        return this.#call(part);
      case 'finish':
        return this.#finish(part);
      case 'embedding':
      case 'picture':
      case 'error':
      case 'raw':
        return null;
      default:
        return part satisfies never;
    }
  }

  #start(): string {
    const message = { ...headOf(this.#context), content: [], stop_reason: null, stop_sequence: null, usage: writeAnthropicUsage({}, this.#promptTokens()) };
    return event('message_start', { message }) + event('ping', {});
  }

  #delta(type: BlockType, text: string): string {
    const opened = this.#open === type ? '' : this.#close() + this.#openText(type);
    return `${opened}${this.#deltaHead}${JSON.stringify(text)}}}\n\n`;
  }

  #openText(type: BlockType): string {
    const index = this.#blocks;
    this.#blocks += 1;
    this.#open = type;
    this.#deltaHead = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${type}_delta","${type}":`;
    return event('content_block_start', { index, content_block: emptyBlock(type) });
  }

  #close(): string {
    if (this.#open === null) return '';
    this.#open = null;
    return event('content_block_stop', { index: this.#blocks - 1 });
  }

  #call(call: CallPart): string {
    const closed = this.#close();
    const index = this.#blocks;
    this.#blocks += 1;
    const block = { type: 'tool_use', id: callId(call, this.#context), name: call.name, input: {} };
    const delta = { type: 'input_json_delta', partial_json: toolInputText(call.arguments) };
    return closed + event('content_block_start', { index, content_block: block }) + event('content_block_delta', { index, delta }) + event('content_block_stop', { index });
  }

  #finish(finish: Finish): string {
    this.#finished = true;
    const delta = { stop_reason: writeAnthropicReason(finish.reason), stop_sequence: null };
    return this.#close() + event('message_delta', { delta, usage: writeAnthropicUsage(finish.usage, this.#promptTokens()) });
  }

  /** The API tells the input's length first; backends do so last, so that a guess stands in until then. */
  #promptTokens(): number {
    this.#guess ??= estimateTokens(this.#context.request);
    return this.#guess;
  }
}

/** A whole answer, with the `router` object when one is wanted. */
export class AnthropicBodyWriter implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #content: Fields[] = [];
  /** The text or thinking that goes on. */
  #open: { readonly type: BlockType; text: string } | null = null;
  #finish: Finish | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(part: StreamPart): null {
    switch (part.type) {
      case 'text-delta':
        this.#add('text', part.text);
        break;
      case 'reasoning-delta':
        this.#add('thinking', part.text);
        break;
      case 'tool-call':
        this.#close();
        this.#content.push({ type: 'tool_use', id: callId(part, this.#context), name: part.name, input: writeToolInput(part.arguments) });
        break;
      case 'finish':
        this.#finish = part;
        break;
      case 'embedding':
      case 'picture':
      case 'error':
      case 'raw':
        break;
      default:
        part satisfies never;
    }
    return null;
  }

  end(): string | null {
    if (!this.#finish) return null;
    this.#close();
    const { reason, usage } = this.#finish;
    return JSON.stringify({
      ...headOf(this.#context),
      content: this.#content,
      stop_reason: writeAnthropicReason(reason),
      stop_sequence: null,
      usage: writeAnthropicUsage(usage, usage.promptTokens ?? estimateTokens(this.#context.request)),
      ...(this.#context.router ? { router: this.#context.router() } : {}),
    });
  }

  error(error: RouterError): string {
    return anthropicErrorEvent(error, this.#context.requestId);
  }

  #add(type: BlockType, text: string): void {
    if (text === '') return;
    if (this.#open?.type !== type) {
      this.#close();
      this.#open = { type, text: '' };
    }
    this.#open.text += text;
  }

  #close(): void {
    if (!this.#open) return;
    const { type, text } = this.#open;
    this.#content.push({ ...emptyBlock(type), [type]: text });
    this.#open = null;
  }
}

/** Thinking of other servers carries no signature; the API's clients expect one all the same. */
function emptyBlock(type: BlockType): Fields {
  return type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' };
}

function headOf(context: AnswerContext): object {
  return { id: `msg_${context.requestId}`, type: 'message', role: 'assistant', model: context.model };
}

/** Clients of this API tell calls apart over a whole conversation; ids that count from zero in each answer would not. */
function callId(call: CallPart, context: AnswerContext): string {
  return /^call_\d+$/.test(call.id) ? `toolu_${context.requestId}_${call.index}` : call.id;
}

function event(type: string, fields: Fields): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
