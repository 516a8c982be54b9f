/** Reads answers of the OpenAI chat API into parts. */
import { RouterError } from '../core/errors.ts';
import type { FinishReason, StreamPart, Usage } from '../core/stream.ts';
import { SseReader, type SseEvent } from '../util/sse.ts';
import type { ResponseDecoder } from './dialect.ts';
import { CallGatherer } from './openai-calls.ts';
import { readOpenAiReason, readOpenAiUsage } from './openai-usage.ts';
import type { Fields } from './read-fields.ts';
import { interrupted, parseAnswer } from './relay.ts';
import { readLogprobs } from './token-logprobs.ts';
import { readUpstreamError } from './upstream-error.ts';
import { isObject, parseObject } from '../util/json-object.ts';

/** Where a choice keeps what was generated. */
export interface ChoiceShape {
  read(choice: Fields): { readonly parts: readonly StreamPart[]; readonly calls?: unknown };
}

const chatShape: ChoiceShape = {
  read: (choice) => {
    const holder = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : {};
    return { parts: readText(holder, choice), calls: callsOf(holder) };
  },
};

/** A stream of chunks. A finish reason makes it complete, `[DONE]` too; without either `end` throws. */
export class OpenAiChunkReader implements ResponseDecoder {
  readonly #events = new SseReader();
  readonly #calls = new CallGatherer();
  #reason: FinishReason | null = null;
  #usage: Usage = {};
  readonly #shape: ChoiceShape;
  #begun = false;
  #closed = false;

  constructor(shape: ChoiceShape = chatShape) {
    this.#shape = shape;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    return this.#events.push(chunk).flatMap((event) => this.#take(event));
  }

  end(): readonly StreamPart[] {
    const parts = this.#events.end().flatMap((event) => this.#takeLast(event));
    if (this.#closed) return parts;
    if (this.#reason === null) throw interrupted(this.#begun);
    return [...parts, ...this.#close()];
  }

  /** The bytes may have ended within the last event; half of one says nothing. */
  #takeLast(event: SseEvent): readonly StreamPart[] {
    return event.data === '[DONE]' || parseObject(event.data) ? this.#take(event) : [];
  }

  #take(event: SseEvent): readonly StreamPart[] {
    if (this.#closed || event.data === '') return [];
    if (event.data === '[DONE]') return this.#close();
    const value = parseObject(event.data);
    if (!value) throw new RouterError('backend_protocol', 'The backend sent an event that is not a JSON object.');
    const error = readUpstreamError(event.event === 'error' && value.error === undefined ? { error: value } : value);
    if (error) {
      this.#closed = true;
      return [{ type: 'error', error }];
    }
    return this.#readChunk(value);
  }

  #readChunk(value: Fields): readonly StreamPart[] {
    this.#begun = true;
    this.#usage = { ...this.#usage, ...readOpenAiUsage(value) };
    const choice = firstChoice(value);
    if (!choice) return [];
    const { parts, calls } = this.#shape.read(choice);
    this.#calls.take(calls);
    this.#reason = readOpenAiReason(choice.finish_reason) ?? this.#reason;
    return parts;
  }

  #close(): readonly StreamPart[] {
    this.#closed = true;
    return ending(this.#calls, this.#reason, this.#usage);
  }
}

/** A whole answer. */
export class OpenAiBodyReader implements ResponseDecoder {
  readonly #decoder = new TextDecoder();
  readonly #shape: ChoiceShape;
  #text = '';

  constructor(shape: ChoiceShape = chatShape) {
    this.#shape = shape;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    return [];
  }

  end(): readonly StreamPart[] {
    const value = parseAnswer(this.#text + this.#decoder.decode());
    const choice = firstChoice(value);
    if (!choice) {
      const error = readUpstreamError(value);
      if (error) return [{ type: 'error', error }];
      throw new RouterError('backend_protocol', 'The backend answered without any choice.');
    }
    const { parts, calls: pieces } = this.#shape.read(choice);
    const calls = new CallGatherer();
    calls.take(pieces);
    return [...parts, ...ending(calls, readOpenAiReason(choice.finish_reason), readOpenAiUsage(value))];
  }
}

/** The choices after the first belong to `n`, which is never asked for in translation. */
function firstChoice(value: Fields): Fields | null {
  const choices = Array.isArray(value.choices) ? value.choices.filter(isObject) : [];
  return choices.find((choice) => (choice.index ?? 0) === 0) ?? null;
}

/** Old servers write a single call as `function_call`. */
function callsOf(message: Fields): unknown {
  return isObject(message.function_call) ? [{ index: 0, function: message.function_call }] : message.tool_calls;
}

function readText(message: Fields, choice: Fields): readonly StreamPart[] {
  const parts: StreamPart[] = [];
  const reasoning = message.reasoning_content ?? message.reasoning;
  if (typeof reasoning === 'string' && reasoning !== '') parts.push({ type: 'reasoning-delta', text: reasoning });
  const text = textOf(message.content);
  const logprobs = isObject(choice.logprobs) ? readLogprobs(choice.logprobs.content) : undefined;
  if (text !== '' || (logprobs && parts.length === 0)) parts.push({ type: 'text-delta', text, ...(logprobs ? { logprobs } : {}) });
  return parts;
}

/** Some servers write content as a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function ending(gatherer: CallGatherer, reason: FinishReason | null, usage: Usage): readonly StreamPart[] {
  const calls = gatherer.calls();
  return [...calls, { type: 'finish', reason: reason ?? (calls.length > 0 ? 'tool-calls' : 'stop'), usage }];
}
