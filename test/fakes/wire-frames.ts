/** What a pretended server writes for an answer, in each of the APIs it speaks. */
import type { Step } from './backend.ts';

export type Api = 'openai-chat' | 'ollama-chat' | 'ollama-generate' | 'anthropic-messages';

export interface Frames {
  readonly contentType: string;
  readonly head: readonly Buffer[];
  readonly tail: readonly Buffer[];
}

interface Asked {
  readonly api: Api;
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly reasoningField: 'reasoning' | 'reasoning_content';
}

const createdAt = '2026-01-02T03:04:05.678901234Z';

/** `head` are the frames that carry the answer, one a chunk; `tail` those that end it. A whole answer is one frame in `tail`. */
export function framesOf(step: Step, asked: Asked): Frames {
  const frames = framers[asked.api](step, asked);
  return { ...frames, head: frames.head.map((text) => Buffer.from(text)), tail: frames.tail.map((text) => Buffer.from(text)) };
}

export function errorFrame(api: Api, message: string): Buffer {
  if (api === 'anthropic-messages') return Buffer.from(anthropicEvent({ type: 'error', error: { type: 'api_error', message } }));
  return Buffer.from(api === 'openai-chat' ? `data: ${JSON.stringify({ error: { message, type: 'server_error', code: 500 } })}\n\n` : `${JSON.stringify({ error: message })}\n`);
}

export function errorBody(api: Api, status: number, message: string): string {
  if (api === 'anthropic-messages') return JSON.stringify({ type: 'error', error: { type: anthropicErrors[status] ?? 'api_error', message }, request_id: 'req_fake' });
  if (api !== 'openai-chat') return JSON.stringify({ error: message });
  return JSON.stringify({ error: { message, type: status >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: null } });
}

export function chunksOf(step: Step, model: string): readonly string[] {
  if (step.chunks) return step.chunks;
  const text = step.text ?? (step.toolCalls ? '' : `Hello from ${model}.`);
  return text.match(/\S+\s*/g) ?? [];
}

function usageOf(step: Step, chunks: readonly string[]): { readonly prompt: number; readonly completion: number } {
  return { prompt: step.usage?.promptTokens ?? 10, completion: step.usage?.completionTokens ?? Math.max(1, chunks.length) };
}

interface TextFrames {
  readonly contentType: string;
  readonly head: string[];
  readonly tail: string[];
}

const framers: Readonly<Record<Api, (step: Step, asked: Asked) => TextFrames>> = {
  'openai-chat': openAiFrames,
  'ollama-chat': ollamaFrames,
  'ollama-generate': ollamaFrames,
  'anthropic-messages': anthropicFrames,
};

function openAiFrames(step: Step, asked: Asked): TextFrames {
  const chunks = chunksOf(step, asked.model);
  const { prompt, completion } = usageOf(step, chunks);
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const finish = step.finish ?? (step.toolCalls ? 'tool_calls' : 'stop');
  const base = { id: 'chatcmpl-fake', created: 1_767_323_045, model: asked.model, system_fingerprint: 'fp_fake' };
  const calls = step.toolCalls?.map((call, index) => ({ index, id: call.id ?? `call_fake_${index}`, type: 'function', function: { name: call.name, arguments: argumentText(call.arguments) } }));
  if (!asked.stream) {
    const message = {
      role: 'assistant',
      content: chunks.join(''),
      ...(step.reasoning === undefined ? {} : { [asked.reasoningField]: step.reasoning }),
      ...(calls ? { tool_calls: calls.map(({ index: _index, ...call }) => call) } : {}),
    };
    return { contentType: 'application/json', head: [], tail: [JSON.stringify({ ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage })] };
  }
  const frame = (delta: object, finishReason: string | null): string =>
    `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`;
  const head = chunks.map((content) => frame({ role: 'assistant', content }, null));
  if (step.reasoning !== undefined) head.unshift(frame({ role: 'assistant', content: '', [asked.reasoningField]: step.reasoning }, null));
  if (calls) head.push(frame({ role: 'assistant', content: '', tool_calls: calls }, null));
  const usageFrame = asked.includeUsage ? [`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`] : [];
  return { contentType: 'text/event-stream', head, tail: [frame({}, finish), ...usageFrame, 'data: [DONE]\n\n'] };
}

function ollamaFrames(step: Step, asked: Asked): TextFrames {
  const chunks = chunksOf(step, asked.model);
  const generate = asked.api === 'ollama-generate';
  const base = { model: asked.model, created_at: createdAt };
  const calls = step.toolCalls?.map((call) => ({ function: { name: call.name, arguments: JSON.parse(argumentText(call.arguments)) as unknown } }));
  const content = (text: string, extra: object = {}): object => (generate ? { response: text, ...extra } : { message: { role: 'assistant', content: text, ...extra } });
  const end = { done: true, done_reason: step.finish ?? 'stop', ...durations(step, chunks) };
  if (!asked.stream) {
    const extra = { ...(step.reasoning === undefined ? {} : { thinking: step.reasoning }), ...(calls ? { tool_calls: calls } : {}) };
    return { contentType: 'application/json; charset=utf-8', head: [], tail: [JSON.stringify({ ...base, ...content(chunks.join(''), extra), ...end })] };
  }
  const line = (fields: object, rest: object): string => `${JSON.stringify({ ...base, ...fields, ...rest })}\n`;
  const head = chunks.map((text) => line(content(text), { done: false }));
  if (step.reasoning !== undefined) head.unshift(line(content('', { thinking: step.reasoning }), { done: false }));
  if (calls) head.push(line(content('', { tool_calls: calls }), { done: false }));
  return { contentType: 'application/x-ndjson', head, tail: [line(content(''), end)] };
}

const anthropicErrors: Readonly<Record<number, string>> = {
  400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error', 404: 'not_found_error', 413: 'request_too_large', 429: 'rate_limit_error', 529: 'overloaded_error',
};

function anthropicEvent(data: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The preamble comes with the first frame. */
function anthropicFrames(step: Step, asked: Asked): TextFrames {
  const chunks = chunksOf(step, asked.model);
  const { prompt, completion } = usageOf(step, chunks);
  const stop = { stop_reason: step.finish ?? (step.toolCalls ? 'tool_use' : 'end_turn'), stop_sequence: null };
  const message = { id: 'msg_fake', type: 'message', role: 'assistant', model: asked.model };
  const calls = (step.toolCalls ?? []).map((call, index) => ({ type: 'tool_use', id: call.id ?? `toolu_fake_${index}`, name: call.name, input: call.arguments }));
  const thinking = step.reasoning === undefined ? [] : [{ type: 'thinking', thinking: step.reasoning, signature: 'c2lnbmVk' }];
  if (!asked.stream) {
    const content = [...thinking, ...(chunks.length === 0 ? [] : [{ type: 'text', text: chunks.join('') }]), ...calls];
    return { contentType: 'application/json', head: [], tail: [JSON.stringify({ ...message, content, ...stop, usage: { input_tokens: prompt, output_tokens: completion } })] };
  }
  const head = anthropicBlocks(step, chunks, calls);
  const start = anthropicEvent({ type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: prompt, output_tokens: 1 } } });
  const [first = '', ...rest] = head;
  const end = anthropicEvent({ type: 'message_delta', delta: stop, usage: { output_tokens: completion } });
  const shown = first === '' ? [start] : [`${start}${first}${anthropicEvent({ type: 'ping' })}`];
  return { contentType: 'text/event-stream; charset=utf-8', head: [...shown, ...rest], tail: [end, anthropicEvent({ type: 'message_stop' })] };
}

/** One frame a piece: each begins its block where it is the first of it, and ends it where it is the last. */
function anthropicBlocks(step: Step, chunks: readonly string[], calls: readonly { readonly input: unknown }[]): string[] {
  const blocks: { readonly begin: object; readonly deltas: readonly object[] }[] = [];
  if (step.reasoning !== undefined) {
    const deltas = [{ type: 'thinking_delta', thinking: step.reasoning }, { type: 'signature_delta', signature: 'c2lnbmVk' }];
    blocks.push({ begin: { type: 'thinking', thinking: '', signature: '' }, deltas });
  }
  if (chunks.length > 0) blocks.push({ begin: { type: 'text', text: '' }, deltas: chunks.map((text) => ({ type: 'text_delta', text })) });
  for (const call of calls) {
    const text = argumentText(call.input);
    const half = Math.ceil(text.length / 2);
    blocks.push({ begin: { ...call, input: {} }, deltas: [text.slice(0, half), text.slice(half)].map((piece) => ({ type: 'input_json_delta', partial_json: piece })) });
  }
  return blocks.flatMap(({ begin, deltas }, index) => deltas.map((delta, position) =>
    (position === 0 ? anthropicEvent({ type: 'content_block_start', index, content_block: begin }) : '')
    + anthropicEvent({ type: 'content_block_delta', index, delta })
    + (position === deltas.length - 1 ? anthropicEvent({ type: 'content_block_stop', index }) : '')));
}

/** Nanoseconds, as Ollama counts. */
function durations(step: Step, chunks: readonly string[]): object {
  const { prompt, completion } = usageOf(step, chunks);
  const { loadMs = 20, promptMs = 50, completionMs = 100 } = step.usage ?? {};
  return {
    total_duration: (loadMs + promptMs + completionMs) * 1e6,
    load_duration: loadMs * 1e6,
    prompt_eval_count: prompt,
    prompt_eval_duration: promptMs * 1e6,
    eval_count: completion,
    eval_duration: completionMs * 1e6,
  };
}

function argumentText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? {});
}
