/** Reads answers of the Anthropic messages API into parts. */
import { RouterError } from '../core/errors.ts';
import type { FinishReason, StreamPart, Usage } from '../core/stream.ts';
import { type SseEvent, SseReader } from '../util/sse.ts';
import { AnthropicCounts, readAnthropicReason } from './anthropic-usage.ts';
import type { ResponseDecoder } from './dialect.ts';
import { jsonText } from './json-text.ts';
import type { Fields } from './read-fields.ts';
import { interrupted, parseAnswer } from './relay.ts';
import { readUpstreamError } from './upstream-error.ts';
import { isObject, parseObject } from '../util/json-object.ts';

interface OpenCall {
  readonly index: unknown;
  readonly id: string;
  readonly name: string;
  /** As the block began; holds when no pieces follow. */
  readonly input: unknown;
  pieces: string;
}

/** A stream of events. `message_stop` completes it, the reason to stop too; without either `end` throws. */
export class AnthropicEventReader implements ResponseDecoder {
  readonly #events = new SseReader();
  readonly #counts = new AnthropicCounts();
  readonly #open: OpenCall[] = [];
  #reason: FinishReason | null = null;
  #calls = 0;
  #begun = false;
  #closed = false;

  push(chunk: Uint8Array): readonly StreamPart[] {
    return this.#events.push(chunk).flatMap((event) => this.#take(event));
  }

  end(): readonly StreamPart[] {
    const parts = this.#events.end().flatMap((event) => (parseObject(event.data) ? this.#take(event) : []));
    if (this.#closed) return parts;
    if (this.#reason === null) throw interrupted(this.#begun);
    return [...parts, ...this.#close()];
  }

  usage(): Usage {
    return this.#counts.usage();
  }

  #take(event: SseEvent): readonly StreamPart[] {
    if (this.#closed || event.data === '') return [];
    const value = parseObject(event.data);
    if (!value) throw new RouterError('backend_protocol', 'The backend sent an event that is not a JSON object.');
    const error = value.type === 'error' || event.event === 'error' ? readUpstreamError(value.error === undefined ? { error: value } : value) : null;
    if (!error) return this.#read(value);
    this.#closed = true;
    return [{ type: 'error', error }];
  }

  #read(value: Fields): readonly StreamPart[] {
    switch (value.type) {
      case 'message_start':
        this.#counts.start(isObject(value.message) ? value.message.usage : undefined);
        return [];
      case 'content_block_start':
        this.#begun = true;
        return this.#openBlock(value);
      case 'content_block_delta':
        this.#begun = true;
        return this.#readDelta(value);
      case 'content_block_stop':
        return this.#closeCall(this.#open.find((call) => call.index === value.index));
      case 'message_delta':
        this.#begun = true;
        this.#counts.take(value.usage);
        this.#reason = readAnthropicReason(isObject(value.delta) ? value.delta.stop_reason : undefined) ?? this.#reason;
        return [];
      case 'message_stop':
        return this.#close();
      default:
        return [];
    }
  }

  #openBlock({ index, content_block: block }: Fields): readonly StreamPart[] {
    if (!isObject(block)) return [];
    if (block.type === 'tool_use') {
      this.#open.push({ index, id: textOf(block.id), name: textOf(block.name), input: block.input, pieces: '' });
      return [];
    }
    return readText(block);
  }

  #readDelta({ index, delta }: Fields): readonly StreamPart[] {
    if (!isObject(delta)) return [];
    if (delta.type !== 'input_json_delta') return readText(delta);
    const call = this.#open.find((one) => one.index === index);
    if (call) call.pieces += textOf(delta.partial_json);
    return [];
  }

  #closeCall(call: OpenCall | undefined): readonly StreamPart[] {
    if (!call) return [];
    this.#open.splice(this.#open.indexOf(call), 1);
    const index = this.#calls;
    this.#calls += 1;
    return [writeCall(call, index)];
  }

  #close(): readonly StreamPart[] {
    const calls = [...this.#open].flatMap((call) => this.#closeCall(call));
    this.#closed = true;
    return [...calls, { type: 'finish', reason: this.#reason ?? (this.#calls > 0 ? 'tool-calls' : 'stop'), usage: this.#counts.usage() }];
  }
}

/** A whole answer. */
export class AnthropicBodyReader implements ResponseDecoder {
  readonly #decoder = new TextDecoder();
  #text = '';

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    return [];
  }

  end(): readonly StreamPart[] {
    const value = parseAnswer(this.#text + this.#decoder.decode());
    if (!Array.isArray(value.content)) {
      const error = readUpstreamError(value);
      if (error) return [{ type: 'error', error }];
      throw new RouterError('backend_protocol', 'The backend answered without any content.');
    }
    const blocks = value.content.filter(isObject);
    let calls = 0;
    const parts = blocks.flatMap((block): readonly StreamPart[] => {
      if (block.type !== 'tool_use') return readText(block);
      calls += 1;
      return [writeCall({ index: null, id: textOf(block.id), name: textOf(block.name), input: block.input, pieces: '' }, calls - 1)];
    });
    const counts = new AnthropicCounts();
    counts.take(value.usage);
    const reason = readAnthropicReason(value.stop_reason) ?? (calls > 0 ? 'tool-calls' : 'stop');
    return [...parts, { type: 'finish', reason, usage: counts.usage() }];
  }
}

/** Text and thinking of a block or of a delta. Signatures, citations and what tools of the API itself did have no place in parts. */
function readText(block: Fields): readonly StreamPart[] {
  if ((block.type === 'text' || block.type === 'text_delta') && textOf(block.text) !== '') return [{ type: 'text-delta', text: textOf(block.text) }];
  if ((block.type === 'thinking' || block.type === 'thinking_delta') && textOf(block.thinking) !== '') return [{ type: 'reasoning-delta', text: textOf(block.thinking) }];
  return [];
}

function writeCall(call: OpenCall, index: number): StreamPart {
  return { type: 'tool-call', index, id: call.id || `call_${index}`, name: call.name, arguments: call.pieces.trim() === '' ? jsonText(call.input ?? {}) : call.pieces };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
