/** Writes parts as answers of the OpenAI completions API, which knows text alone. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import { type Finish, GatheredAnswer } from './gathered-answer.ts';
import { eventStream, json } from './openai-chat-writer.ts';
import { writeCompletionLogprobs } from './openai-completions-logprobs.ts';
import { openAiErrorEvent } from './openai-error.ts';
import { writeOpenAiReason, writeOpenAiUsage } from './openai-usage.ts';
import type { Fields } from './read-fields.ts';

function headOf({ requestId, createdAt, model }: AnswerContext): Fields {
  return { id: `cmpl-${requestId}`, object: 'text_completion', created: Math.floor(createdAt / 1000), model };
}

/** A stream: one chunk a delta, the end, the counts when asked for, `[DONE]`. */
export class CompletionChunkWriter implements ResponseEncoder {
  readonly contentType = eventStream;
  readonly #context: AnswerContext;
  readonly #head: Fields;
  #written = 0;
  #finished = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#head = headOf(context);
  }

  push(part: StreamPart): string | null {
    if (part.type === 'text-delta') {
      const logprobs = part.logprobs ? writeCompletionLogprobs(part.logprobs, this.#written) : null;
      this.#written += part.text.length;
      return this.#chunk({ choices: [{ index: 0, text: part.text, logprobs, finish_reason: null }] });
    }
    if (part.type !== 'finish') return null;
    this.#finished = true;
    const end = this.#chunk({ choices: [{ index: 0, text: '', logprobs: null, finish_reason: writeOpenAiReason(part.reason) }] });
    return this.#context.includeUsage ? end + this.#chunk({ choices: [], usage: writeOpenAiUsage(part.usage) }) : end;
  }

  end(): string | null {
    return this.#finished ? 'data: [DONE]\n\n' : null;
  }

  error(error: RouterError): string {
    return openAiErrorEvent(error, this.#context.requestId);
  }

  #chunk(more: Fields): string {
    return `data: ${JSON.stringify({ ...this.#head, ...more })}\n\n`;
  }
}

/** A whole answer, with the `router` object when one is wanted. */
export function completionBodyWriter(context: AnswerContext): ResponseEncoder {
  const answer = new GatheredAnswer();
  return {
    contentType: json,
    push: (part) => {
      answer.take(part);
      return null;
    },
    end: () => (answer.finish === null ? null : JSON.stringify({ ...bodyOf(context, answer, answer.finish), ...(context.router ? { router: context.router() } : {}) })),
    error: (error) => openAiErrorEvent(error, context.requestId),
  };
}

function bodyOf(context: AnswerContext, { text, logprobs }: GatheredAnswer, finish: Finish): Fields {
  const listed = logprobs.length === 0 ? null : writeCompletionLogprobs(logprobs, 0);
  return { ...headOf(context), choices: [{ index: 0, text, logprobs: listed, finish_reason: writeOpenAiReason(finish.reason) }], usage: writeOpenAiUsage(finish.usage) };
}
