/** Writes parts as answers of the OpenAI responses API. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import type { Finish } from './gathered-answer.ts';
import { eventStream, json } from './openai-chat-writer.ts';
import { openAiError } from './openai-error.ts';
import { responsesBody, wantsSummary } from './openai-responses-request.ts';
import type { FieldReader, Fields } from './read-fields.ts';
import { responseObject, type ResponseState } from './responses-object.ts';
import { ResponsesOutput } from './responses-output.ts';
import { type CallerTool, readResponsesTools } from './responses-tools.ts';

/** A stream: the response as it begins, each step of each item, and at the very end, when it can be gone on from, the response as it ended. */
export class ResponsesEventWriter implements ResponseEncoder {
  readonly contentType = eventStream;
  readonly #answer: GrowingResponse;
  readonly #requestId: string;
  #next = 0;
  #finish: Finish | null = null;

  constructor(context: AnswerContext) {
    this.#answer = new GrowingResponse(context);
    this.#requestId = context.requestId;
  }

  push(part: StreamPart): string | null {
    const events = this.#answer.take(part);
    if (part.type === 'finish') this.#finish = part;
    const text = [...this.#begin(), ...events].map((event) => this.#event(event)).join('');
    return text === '' ? null : text;
  }

  end(): string | null {
    if (this.#finish === null) return null;
    const response = this.#answer.complete(this.#finish);
    return this.#event({ type: `response.${String(response.status)}`, response });
  }

  error(error: RouterError): string {
    const response = this.#answer.response({ status: 'failed', error });
    return [...this.#begin(), { type: 'response.failed', response }, errorEvent(error, this.#requestId)].map((event) => this.#event(event)).join('');
  }

  #begin(): readonly Fields[] {
    if (this.#next > 0) return [];
    const response = this.#answer.response({ status: 'in_progress' });
    return [{ type: 'response.created', response }, { type: 'response.in_progress', response }];
  }

  #event(event: Fields): string {
    const number = this.#next;
    this.#next += 1;
    return writeEvent({ ...event, sequence_number: number });
  }
}

/** A whole answer, with the `router` object when one is wanted. */
export class ResponsesBodyWriter implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #answer: GrowingResponse;
  #finish: Finish | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#answer = new GrowingResponse(context);
  }

  push(part: StreamPart): null {
    this.#answer.take(part);
    if (part.type === 'finish') this.#finish = part;
    return null;
  }

  end(): string | null {
    if (this.#finish === null) return null;
    const { router } = this.#context;
    return JSON.stringify({ ...this.#answer.complete(this.#finish), ...(router ? { router: router() } : {}) });
  }

  error(error: RouterError): string {
    return writeEvent(errorEvent(error, this.#context.requestId));
  }
}

/** The answer so far, in the words of its request. */
class GrowingResponse {
  readonly #context: AnswerContext;
  #read: { readonly asked: FieldReader | null; readonly output: ResponsesOutput } | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  take(part: StreamPart): readonly Fields[] {
    return this.#state().output.take(part);
  }

  response(state: Omit<ResponseState, 'output'>): Fields {
    const { asked, output } = this.#state();
    return responseObject(this.#context, asked, { ...state, output: output.items });
  }

  complete({ reason, usage }: Finish): Fields {
    return this.response({ status: reason === 'length' || reason === 'content-filter' ? 'incomplete' : 'completed', reason, usage });
  }

  /** The request is looked at again when there is something to say, not for an encoder that is made to say nothing. */
  #state(): { readonly asked: FieldReader | null; readonly output: ResponsesOutput } {
    const asked = this.#read === null ? responsesBody(this.#context.request) : null;
    this.#read ??= { asked, output: new ResponsesOutput({ requestId: this.#context.requestId, summary: wantsSummary(asked), tools: () => toolsOf(asked) }) };
    return this.#read;
  }
}

function toolsOf(asked: FieldReader | null): ReadonlyMap<string, CallerTool> {
  return new Map(asked === null ? [] : readResponsesTools(asked).tools.map((tool) => [tool.tool.name, tool]));
}

/** Flat as the API's reference has it, and with the `error` object that clients look for. */
function errorEvent(error: RouterError, requestId: string): Fields {
  return { type: 'error', code: error.code, message: error.message, param: error.details.param ?? null, ...openAiError(error, requestId) };
}

function writeEvent(event: Fields): string {
  return `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** A failure behind a relayed answer, whose events have numbers of their own. */
export function responsesErrorEvent(error: RouterError, requestId: string): string {
  return writeEvent(errorEvent(error, requestId));
}
