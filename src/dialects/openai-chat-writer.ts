/** Writes parts as answers of the OpenAI chat API. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import { type CallPart, GatheredAnswer } from './gathered-answer.ts';
import { openAiErrorEvent } from './openai-error.ts';
import { writeOpenAiReason, writeOpenAiUsage } from './openai-usage.ts';
import { openAiLogprobs } from './token-logprobs.ts';

export const eventStream = 'text/event-stream; charset=utf-8';
export const json = 'application/json; charset=utf-8';

/** A stream: the role first, one chunk a delta, one a tool call, the end, the counts when asked for, `[DONE]`. */
export class OpenAiChunkWriter implements ResponseEncoder {
  readonly contentType = eventStream;
  readonly #context: AnswerContext;
  /** All of a chunk before its choices. */
  readonly #head: string;
  #begun = false;
  #finished = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    const head = JSON.stringify({ id: answerId(context), object: 'chat.completion.chunk', created: createdSeconds(context), model: context.model });
    this.#head = `data: ${head.slice(0, -1)},"choices":`;
  }

  push(part: StreamPart): string | null {
    const chunks = this.#chunks(part);
    if (chunks === null || this.#begun) return chunks;
    this.#begun = true;
    return this.#chunk({ role: 'assistant', content: '' }) + chunks;
  }

  end(): string | null {
    return this.#finished ? 'data: [DONE]\n\n' : null;
  }

  error(error: RouterError): string {
    return openAiErrorEvent(error, this.#context.requestId);
  }

  #chunks(part: StreamPart): string | null {
    switch (part.type) {
      case 'text-delta':
        return this.#chunk({ content: part.text }, part.logprobs ? { logprobs: openAiLogprobs(part.logprobs) } : {});
      case 'reasoning-delta':
        return this.#chunk({ reasoning_content: part.text });
      case 'tool-call':
        return this.#chunk({ tool_calls: [{ index: part.index, ...writeCall(part) }] });
      case 'finish':
        this.#finished = true;
        return this.#choices([{ index: 0, delta: {}, finish_reason: writeOpenAiReason(part.reason) }]) + this.#usage(part);
      case 'raw':
      case 'error':
      case 'embedding':
      case 'picture':
        return null;
      default:
        return part satisfies never;
    }
  }

  #usage(finish: Extract<StreamPart, { type: 'finish' }>): string {
    return this.#context.includeUsage ? `${this.#head}[],"usage":${JSON.stringify(writeOpenAiUsage(finish.usage))}}\n\n` : '';
  }

  #chunk(delta: object, more: object = {}): string {
    return this.#choices([{ index: 0, delta, ...more, finish_reason: null }]);
  }

  #choices(choices: readonly object[]): string {
    return `${this.#head}${JSON.stringify(choices)}}\n\n`;
  }
}

/** A whole answer, with the `router` object when one is wanted. */
export class OpenAiBodyWriter implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #answer = new GatheredAnswer();

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(part: StreamPart): null {
    this.#answer.take(part);
    return null;
  }

  end(): string | null {
    const { finish } = this.#answer;
    if (!finish) return null;
    const { logprobs } = this.#answer;
    return JSON.stringify({
      id: answerId(this.#context),
      object: 'chat.completion',
      created: createdSeconds(this.#context),
      model: this.#context.model,
      choices: [{
        index: 0,
        message: this.#message(),
        ...(logprobs.length === 0 ? {} : { logprobs: openAiLogprobs(logprobs) }),
        finish_reason: writeOpenAiReason(finish.reason),
      }],
      usage: writeOpenAiUsage(finish.usage),
      ...(this.#context.router ? { router: this.#context.router() } : {}),
    });
  }

  error(error: RouterError): string {
    return openAiErrorEvent(error, this.#context.requestId);
  }

  #message(): object {
    const { text, reasoning, calls } = this.#answer;
    return {
      role: 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
    };
  }
}

function writeCall(call: CallPart): object {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } };
}

function answerId(context: AnswerContext): string {
  return `chatcmpl-${context.requestId}`;
}

function createdSeconds(context: AnswerContext): number {
  return Math.floor(context.createdAt / 1000);
}
