/** Reads answers of Ollama's chat and generate APIs into parts. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import { LineSplitter } from '../util/line-splitter.ts';
import type { ResponseDecoder } from './dialect.ts';
import { type OllamaShape, readOllamaCalls, readOllamaReason, readOllamaUsage } from './ollama-answer.ts';
import type { Fields } from './read-fields.ts';
import { interrupted, parseAnswer } from './relay.ts';
import { readLogprobs } from './token-logprobs.ts';
import { CallNumbers } from './tool-thread.ts';
import { readUpstreamError } from './upstream-error.ts';
import { parseObject } from '../util/json-object.ts';

/** A stream of lines; `done: true` ends it, without it `end` throws. */
export class OllamaLineReader implements ResponseDecoder {
  readonly #lines = new LineSplitter();
  readonly #answer: AnswerLines;
  #begun = false;

  constructor(shape: OllamaShape) {
    this.#answer = new AnswerLines(shape);
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    return this.#lines.push(chunk).flatMap((line) => this.#take(line));
  }

  end(): readonly StreamPart[] {
    const rest = this.#lines.rest();
    const parts = parseObject(rest) ? this.#take(rest) : [];
    if (!this.#answer.closed) throw interrupted(this.#begun);
    return parts;
  }

  #take(line: string): readonly StreamPart[] {
    if (this.#answer.closed || line.trim() === '') return [];
    const value = parseObject(line);
    if (!value) throw new RouterError('backend_protocol', 'The backend sent a line that is not a JSON object.');
    this.#begun = true;
    return this.#answer.take(value, value.done === true);
  }
}

/** A whole answer. */
export class OllamaBodyReader implements ResponseDecoder {
  readonly #decoder = new TextDecoder();
  readonly #answer: AnswerLines;
  #text = '';

  constructor(shape: OllamaShape) {
    this.#answer = new AnswerLines(shape);
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    return [];
  }

  end(): readonly StreamPart[] {
    const value = parseAnswer(this.#text + this.#decoder.decode());
    if (value.done === false) throw new RouterError('backend_protocol', 'The backend answered with only a part of an answer.');
    return this.#answer.take(value, true);
  }
}

/** The lines of one answer as parts. */
class AnswerLines {
  readonly #shape: OllamaShape;
  readonly #ids = new Set<string>();
  #calls = 0;
  closed = false;

  constructor(shape: OllamaShape) {
    this.#shape = shape;
  }

  take(line: Fields, last: boolean): readonly StreamPart[] {
    const error = readUpstreamError(line);
    if (error) {
      this.closed = true;
      return [{ type: 'error', error }];
    }
    const { holder, text } = this.#shape.read(line);
    const parts: StreamPart[] = [];
    if (typeof holder.thinking === 'string' && holder.thinking !== '') parts.push({ type: 'reasoning-delta', text: holder.thinking });
    const logprobs = readLogprobs(line.logprobs);
    if ((typeof text === 'string' && text !== '') || (logprobs && parts.length === 0)) parts.push({ type: 'text-delta', text: typeof text === 'string' ? text : '', ...(logprobs ? { logprobs } : {}) });
    parts.push(...this.#readCalls(holder.tool_calls));
    if (last) {
      this.closed = true;
      parts.push({ type: 'finish', reason: readOllamaReason(line.done_reason, this.#calls > 0), usage: readOllamaUsage(line) });
    }
    return parts;
  }

  #readCalls(value: unknown): readonly StreamPart[] {
    const calls = readOllamaCalls(value);
    for (const call of calls) this.#ids.add(call.id);
    return calls.map((call) => {
      const id = call.id || new CallNumbers(this.#ids).next();
      this.#ids.add(id);
      const index = this.#calls;
      this.#calls += 1;
      return { type: 'tool-call', index, id, name: call.name, arguments: call.arguments };
    });
  }
}
