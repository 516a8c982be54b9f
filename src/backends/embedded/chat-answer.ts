/** Writes one chat answer to a socket: as server-sent events or as one JSON object, in OpenAI's shape. */
import type { ServerResponse } from 'node:http';
import type { Outcome, Sink } from './generator.ts';

export interface AnswerOptions {
  readonly id: string;
  readonly model: string;
  /** Seconds since the epoch. */
  readonly createdSeconds: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** The head is written with the first piece, so that a failure before it can still be a clean error. */
export class ChatAnswer implements Sink {
  readonly #response: ServerResponse;
  readonly #options: AnswerOptions;
  #text = '';
  #reasoning = '';

  constructor(response: ServerResponse, options: AnswerOptions) {
    this.#response = response;
    this.#options = options;
  }

  text(piece: string): void {
    if (this.#options.stream) this.#delta({ content: piece });
    else this.#text += piece;
  }

  reasoning(piece: string): void {
    if (this.#options.stream) this.#delta({ reasoning_content: piece });
    else this.#reasoning += piece;
  }

  finish(outcome: Outcome): void {
    const { id, model, createdSeconds, stream, includeUsage } = this.#options;
    if (!stream) {
      const message = { role: 'assistant', content: this.#text, ...(this.#reasoning === '' ? {} : { reasoning_content: this.#reasoning }) };
      sendJson(this.#response, 200, { id, object: 'chat.completion', created: createdSeconds, model, choices: [{ index: 0, message, finish_reason: outcome.reason }], usage: usage(outcome), timings: timings(outcome) });
      return;
    }
    this.#begin();
    this.#event(this.#chunk([{ index: 0, delta: {}, finish_reason: outcome.reason }], { timings: timings(outcome) }));
    if (includeUsage) this.#event(this.#chunk([], { usage: usage(outcome) }));
    this.#response.end('data: [DONE]\n\n');
  }

  /** An error as the answer, or, when a part of it was sent, as the last event of a stream that does not end well. */
  fail(status: number, body: Readonly<Record<string, unknown>>): void {
    if (!this.#response.headersSent) {
      sendJson(this.#response, status, body);
      return;
    }
    this.#event(body);
    this.#response.end();
  }

  #delta(delta: Readonly<Record<string, unknown>>): void {
    this.#begin();
    this.#event(this.#chunk([{ index: 0, delta, finish_reason: null }]));
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    this.#event(this.#chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]));
  }

  #chunk(choices: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return { id: this.#options.id, object: 'chat.completion.chunk', created: this.#options.createdSeconds, model: this.#options.model, choices, ...more };
  }

  #event(value: unknown): void {
    this.#response.write(`data: ${JSON.stringify(value)}\n\n`);
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function usage(outcome: Outcome): Readonly<Record<string, unknown>> {
  return {
    prompt_tokens: outcome.promptTokens,
    completion_tokens: outcome.completionTokens,
    total_tokens: outcome.promptTokens + outcome.completionTokens,
    prompt_tokens_details: { cached_tokens: outcome.cachedTokens },
  };
}

/** As llama-server reports them; speeds are learned from these. */
function timings(outcome: Outcome): Readonly<Record<string, number>> {
  const read = outcome.promptTokens - outcome.cachedTokens;
  return {
    cache_n: outcome.cachedTokens,
    prompt_n: read,
    prompt_ms: outcome.promptMs,
    prompt_per_second: perSecond(read, outcome.promptMs),
    predicted_n: outcome.completionTokens,
    predicted_ms: outcome.completionMs,
    predicted_per_second: perSecond(outcome.completionTokens, outcome.completionMs),
  };
}

function perSecond(tokens: number, ms: number): number {
  return ms > 0 ? (tokens * 1000) / ms : 0;
}
