/** Writes parts as answers of Ollama's chat and generate APIs. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import { GatheredAnswer } from './gathered-answer.ts';
import { type OllamaShape, type OllamaText, writeOllamaEnd, writeOllamaLogprobs } from './ollama-answer.ts';
import { ollamaErrorLine } from './ollama-error.ts';

export const ndjson = 'application/x-ndjson';
export const json = 'application/json; charset=utf-8';

const blank: OllamaText = { text: '', reasoning: '', calls: [] };

/** A stream: one line a part, the last with `done: true`. */
export class OllamaLineWriter implements ResponseEncoder {
  readonly contentType = ndjson;
  readonly #context: AnswerContext;
  readonly #shape: OllamaShape;
  readonly #head: object;

  constructor(context: AnswerContext, shape: OllamaShape) {
    this.#context = context;
    this.#shape = shape;
    this.#head = headOf(context);
  }

  push(part: StreamPart): string | null {
    switch (part.type) {
      case 'text-delta':
        return this.#line({ ...blank, text: part.text }, { done: false, ...(part.logprobs ? { logprobs: writeOllamaLogprobs(part.logprobs) } : {}) });
      case 'reasoning-delta':
        return this.#line({ ...blank, reasoning: part.text }, { done: false });
      case 'tool-call':
        return this.#line({ ...blank, calls: [part] }, { done: false });
      case 'finish':
        return this.#line(blank, writeOllamaEnd(part));
      case 'picture':
      case 'embedding':
      case 'raw':
      case 'error':
        return null;
      default:
        return part satisfies never;
    }
  }

  end(): null {
    return null;
  }

  error(error: RouterError): string {
    return ollamaErrorLine(error, this.#context.requestId);
  }

  #line(text: OllamaText, more: object): string {
    return `${JSON.stringify({ ...this.#head, ...this.#shape.write(text), ...more })}\n`;
  }
}

/** A whole answer, with the `router` object when one is wanted. */
export class OllamaBodyWriter implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #shape: OllamaShape;
  readonly #answer = new GatheredAnswer();

  constructor(context: AnswerContext, shape: OllamaShape) {
    this.#context = context;
    this.#shape = shape;
  }

  push(part: StreamPart): null {
    this.#answer.take(part);
    return null;
  }

  end(): string | null {
    const { finish, logprobs } = this.#answer;
    if (!finish) return null;
    return JSON.stringify({
      ...headOf(this.#context),
      ...this.#shape.write(this.#answer),
      ...writeOllamaEnd(finish),
      ...(logprobs.length === 0 ? {} : { logprobs: writeOllamaLogprobs(logprobs) }),
      ...(this.#context.router ? { router: this.#context.router() } : {}),
    });
  }

  error(error: RouterError): string {
    return ollamaErrorLine(error, this.#context.requestId);
  }
}

function headOf(context: AnswerContext): object {
  return { model: context.model, created_at: new Date(context.createdAt).toISOString() };
}
