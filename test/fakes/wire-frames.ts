/** What a pretended server writes for an answer, in each of the APIs it speaks. */
import type { Step } from './backend.ts';

export type Api = 'openai-chat' | 'ollama-chat' | 'ollama-generate';

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
  const frames = asked.api === 'openai-chat' ? openAiFrames(step, asked) : ollamaFrames(step, asked);
  return { ...frames, head: frames.head.map((text) => Buffer.from(text)), tail: frames.tail.map((text) => Buffer.from(text)) };
}

export function errorFrame(api: Api, message: string): Buffer {
  return Buffer.from(api === 'openai-chat' ? `data: ${JSON.stringify({ error: { message, type: 'server_error', code: 500 } })}\n\n` : `${JSON.stringify({ error: message })}\n`);
}

export function errorBody(api: Api, status: number, message: string): string {
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

function openAiFrames(step: Step, asked: Asked): { contentType: string; head: string[]; tail: string[] } {
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

function ollamaFrames(step: Step, asked: Asked): { contentType: string; head: string[]; tail: string[] } {
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
