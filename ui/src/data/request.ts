/** Calls to the router: JSON both ways, and errors that keep the router's words and the request id. */
import { signal } from '@preact/signals';
import { routerUrl } from './place.ts';

/** The router asks who we are: somebody has to show a key. */
export const keyNeeded = signal(false);

export class CallFailed extends Error {
  readonly status: number;
  readonly code: string;
  /** What of the request was wrong; empty where that is not told. */
  readonly param: string;
  readonly requestId: string;

  constructor(message: string, { status = 0, code = '', param = '', requestId = '' }) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.requestId = requestId;
  }
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The answer as it comes; throws CallFailed for one that is an error, or none. */
export async function send(path: string, { method = 'GET', body, headers = {}, signal: until }: Call = {}): Promise<Response> {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  let answer: Response;
  try {
    answer = await fetch(routerUrl(path), { method, headers: { accept: 'application/json', ...json, ...headers }, body: body === undefined ? null : JSON.stringify(body), signal: until ?? null });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw new CallFailed('The router does not answer.', { code: 'unreachable' });
  }
  if (answer.ok) return answer;
  // A key that was given for this one call says nothing of who we are.
  if (answer.status === 401 && headers['authorization'] === undefined) keyNeeded.value = true;
  throw failureOf(answer, await answer.text().catch(() => ''));
}

export async function call<T>(path: string, how?: Call): Promise<T> {
  const answer = await send(path, how);
  const text = await answer.text();
  try {
    return (text === '' ? {} : JSON.parse(text)) as T;
  } catch {
    throw new CallFailed(`The answer of ${path} is no JSON.`, { status: answer.status, requestId: answer.headers.get('x-oar-request-id') ?? '' });
  }
}

function failureOf(answer: Response, text: string): CallFailed {
  const requestId = answer.headers.get('x-oar-request-id') ?? '';
  const told = readError(text);
  return new CallFailed(told.message || `The router answered ${answer.status}.`, { status: answer.status, code: told.code, param: told.param, requestId });
}

/** Both dialects' ways of writing an error. */
export function readError(text: string): { readonly message: string; readonly code: string; readonly param: string } {
  try {
    const { error, code, param } = JSON.parse(text) as { error?: unknown; code?: unknown; param?: unknown };
    if (typeof error === 'string') return { message: error, code: String(code ?? ''), param: String(param ?? '') };
    const inner = (error ?? {}) as { message?: unknown; code?: unknown; param?: unknown };
    return { message: String(inner.message ?? ''), code: String(inner.code ?? ''), param: String(inner.param ?? '') };
  } catch {
    return { message: text.slice(0, 300), code: '', param: '' };
  }
}

/** The lines of an answer, one JSON value each, as they come; `data:` of event streams is taken off. */
export async function* readLines(answer: Response): AsyncGenerator<Record<string, unknown>> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done = true, value = '' } = (await reader?.read()) ?? {};
    const lines = (rest + value).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      const parsed = parseLine(line);
      if (parsed !== null) yield parsed;
    }
    if (done) return;
  }
}

function parseLine(line: string): Record<string, unknown> | null {
  const text = line.replace(/^data:\s*/, '').trim();
  if (text === '' || text === '[DONE]' || text.startsWith(':')) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
