/** Reads answers of the OpenAI responses API into parts. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import { SseReader, type SseEvent } from '../util/sse.ts';
import type { ResponseDecoder } from './dialect.ts';
import type { Fields } from './read-fields.ts';
import { interrupted, parseAnswer } from './relay.ts';
import { readResponsesReason, readResponsesUsage } from './responses-object.ts';
import { readLogprobs } from './token-logprobs.ts';
import { readUpstreamError } from './upstream-error.ts';
import { isObject, parseObject } from '../util/json-object.ts';

const nothing: readonly StreamPart[] = [];

/** A stream of events; one that brings the complete response ends it, without it `end` throws. */
export class ResponsesEventReader implements ResponseDecoder {
  readonly #events = new SseReader();
  #calls = 0;
  #begun = false;
  #closed = false;
  /** Thinking may come as it is and as a summary: whichever comes first is read. */
  #thinking: string | null = null;

  push(chunk: Uint8Array): readonly StreamPart[] {
    return this.#events.push(chunk).flatMap((event) => this.#take(event));
  }

  end(): readonly StreamPart[] {
    const parts = this.#events.end().flatMap((event) => (parseObject(event.data) ? this.#take(event) : nothing));
    if (!this.#closed) throw interrupted(this.#begun);
    return parts;
  }

  #take(event: SseEvent): readonly StreamPart[] {
    if (this.#closed || event.data === '' || event.data === '[DONE]') return nothing;
    const value = parseObject(event.data);
    if (!value) throw new RouterError('backend_protocol', 'The backend sent an event that is not a JSON object.');
    const error = readResponsesFailure(event.event === 'error' && value.type === undefined ? { error: value } : value);
    if (error) {
      this.#closed = true;
      return [{ type: 'error', error }];
    }
    this.#begun = true;
    return this.#read(value);
  }

  #read(value: Fields): readonly StreamPart[] {
    const delta = typeof value.delta === 'string' ? value.delta : '';
    switch (value.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return textPart(delta, value.logprobs);
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        this.#thinking ??= value.type;
        return delta === '' || value.type !== this.#thinking ? nothing : [{ type: 'reasoning-delta', text: delta }];
      case 'response.output_item.done':
        return this.#call(value.item);
      case 'response.completed':
      case 'response.incomplete':
        this.#closed = true;
        return [endOf(isObject(value.response) ? value.response : {}, value.type === 'response.completed')];
      default:
        return nothing;
    }
  }

  #call(item: unknown): readonly StreamPart[] {
    const call = callPart(item, this.#calls);
    if (call === null) return nothing;
    this.#calls += 1;
    return [call];
  }
}

/** A whole answer. */
export class ResponsesBodyReader implements ResponseDecoder {
  readonly #decoder = new TextDecoder();
  #text = '';

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    return nothing;
  }

  end(): readonly StreamPart[] {
    const value = parseAnswer(this.#text + this.#decoder.decode());
    const error = readUpstreamError(value);
    if (error) return [{ type: 'error', error }];
    if (!Array.isArray(value.output) || readResponsesReason(value) === null) throw new RouterError('backend_protocol', 'The backend answered without a complete response.');
    const parts: StreamPart[] = [];
    let calls = 0;
    for (const item of value.output.filter(isObject)) {
      const call = callPart(item, calls);
      if (call !== null) calls += 1;
      parts.push(...(call === null ? saidIn(item) : [call]));
    }
    return [...parts, endOf(value, true)];
  }
}

/** What an event, or a response, reports as a failure. */
export function readResponsesFailure(value: Fields): RouterError | null {
  if (value.type === 'error') return readUpstreamError(value) ?? readUpstreamError({ error: value });
  if (value.type !== 'response.failed') return readUpstreamError(value);
  const response = isObject(value.response) ? value.response : {};
  return readUpstreamError({ error: isObject(response.error) ? response.error : {} });
}

function saidIn(item: Fields): readonly StreamPart[] {
  if (item.type === 'message') return objectsOf(item.content).flatMap((part) => textPart(String(part.text ?? part.refusal ?? ''), part.logprobs));
  if (item.type !== 'reasoning') return nothing;
  const text = textOf(item.content) || textOf(item.summary);
  return text === '' ? nothing : [{ type: 'reasoning-delta', text }];
}

function objectsOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(parts: unknown): string {
  return objectsOf(parts).map((part) => (typeof part.text === 'string' ? part.text : '')).join('');
}

function textPart(text: string, tokens: unknown): readonly StreamPart[] {
  const logprobs = readLogprobs(tokens);
  return text === '' && !logprobs ? nothing : [{ type: 'text-delta', text, ...(logprobs ? { logprobs } : {}) }];
}

function callPart(item: unknown, index: number): StreamPart | null {
  if (!isObject(item) || item.type !== 'function_call' || typeof item.name !== 'string') return null;
  const id = typeof item.call_id === 'string' ? item.call_id : `call_${index}`;
  return { type: 'tool-call', index, id, name: item.name, arguments: typeof item.arguments === 'string' && item.arguments.trim() !== '' ? item.arguments : '{}' };
}

function endOf(response: Fields, complete: boolean): StreamPart {
  return { type: 'finish', reason: readResponsesReason(response) ?? (complete ? 'stop' : 'length'), usage: readResponsesUsage(response) };
}
