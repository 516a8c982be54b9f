/** `POST /v1/completions` of pretended servers: raw prompts completed as scripted. */
import type { ServerResponse } from 'node:http';
import type { FakeRequest } from './backend.ts';

export interface CompletionScript {
  /** The text, cut as it is to be streamed. */
  readonly chunks: readonly string[];
  readonly finish?: string;
  /** Breaks off after so many chunks. */
  readonly breakAfter?: number;
}

type Handler = (request: FakeRequest, response: ServerResponse) => void;

const head = { id: 'cmpl-fake', object: 'text_completion', created: 1_767_323_045 };

/** A handler for the fake backend; its counts are 7 for the prompt and one for each chunk. */
export function completes({ chunks, finish = 'stop', breakAfter }: CompletionScript): Readonly<Record<'POST /v1/completions', Handler>> {
  const usage = { prompt_tokens: 7, completion_tokens: chunks.length, total_tokens: 7 + chunks.length };
  const stream: Handler = (request, response) => {
    const event = (fields: object): void => void response.write(`data: ${JSON.stringify({ ...head, model: request.body?.['model'], ...fields })}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const text of chunks.slice(0, breakAfter)) event({ choices: [{ index: 0, text, logprobs: null, finish_reason: null }] });
    if (breakAfter !== undefined) return void setImmediate(() => response.socket?.destroy());
    event({ choices: [{ index: 0, text: '', logprobs: null, finish_reason: finish }] });
    if ((request.body?.['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true) event({ choices: [], usage });
    response.end('data: [DONE]\n\n');
  };
  const whole: Handler = (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...head, model: request.body?.['model'], choices: [{ index: 0, text: chunks.join(''), logprobs: null, finish_reason: finish }], usage }));
  };
  return { 'POST /v1/completions': (request, response) => (request.body?.['stream'] === true ? stream : whole)(request, response) };
}
