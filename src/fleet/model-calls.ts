/** Sends one management call to one backend, and reads how it was taken. */
import type { Executor, UpstreamAnswer, UpstreamRequest } from '../backends/backend.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { ModelAction } from './fleet.ts';

/** As much of an answer that is not streamed as is read. */
const wholeBytes = 1024 ** 2;

export interface ModelBackend {
  readonly id: string;
  readonly send: Executor['send'];
}

/** How one backend did. */
export interface Result {
  readonly backend: string;
  readonly status: 'success' | 'failed';
  readonly error?: string;
}

/** A whole answer; `error` is what went wrong in the backend's words, null when nothing did. */
export interface WholeAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly error: string | null;
}

const calls: Readonly<Record<ModelAction, Pick<UpstreamRequest, 'method' | 'path' | 'unlimited'>>> = {
  pull: { method: 'POST', path: '/api/pull', unlimited: true },
  push: { method: 'POST', path: '/api/push', unlimited: true },
  create: { method: 'POST', path: '/api/create', unlimited: true },
  copy: { method: 'POST', path: '/api/copy' },
  delete: { method: 'DELETE', path: '/api/delete' },
};

/** Resolves with whatever the backend answers. Rejects with a RouterError when it does not. */
export function callModel(backend: ModelBackend, action: ModelAction, body: string, signal: AbortSignal): Promise<UpstreamAnswer> {
  return backend.send({ ...calls[action], body, anyStatus: true }, signal);
}

/** The same for an answer that is one piece; an error keeps its status and, when it is Ollama's, its very bytes. */
export async function readWhole(backendId: string, answer: UpstreamAnswer): Promise<WholeAnswer> {
  const { status, contentType } = answer;
  const body = await gathered(backendId, answer);
  const told = errorIn(body);
  if (told !== null) return { status: status < 300 ? 500 : status, contentType, body, error: told };
  if (status < 300) return { status, contentType, body, error: null };
  const text = Buffer.from(body).toString('utf8').trim().slice(0, 300);
  const error = `Backend ${backendId} answered with status ${status}${text === '' ? '' : `: ${text}`}`;
  return { status, contentType: jsonType, body: Buffer.from(JSON.stringify({ error })), error };
}

export const jsonType = 'application/json; charset=utf-8';

/** A call that failed before it was answered, as an answer. What the caller ended is thrown on. */
export function failedAnswer(thrown: unknown): WholeAnswer {
  const error = toRouterError(thrown);
  if (error.code === 'cancelled') throw error;
  return { status: error.status, contentType: jsonType, body: Buffer.from(JSON.stringify({ error: error.message, code: error.code })), error: error.message };
}

async function gathered(backendId: string, { body }: UpstreamAnswer): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let chunks = await body.read(); chunks !== null; chunks = await body.read()) {
    for (const chunk of chunks) {
      pieces.push(chunk);
      bytes += chunk.length;
    }
    if (bytes <= wholeBytes) continue;
    body.cancel?.();
    throw new RouterError('backend_protocol', `Backend ${backendId} answered with more than ${wholeBytes} bytes.`, { backend: backendId });
  }
  return Buffer.concat(pieces);
}

/** The text of `{"error": …}`; null for anything else. */
export function errorIn(json: Uint8Array | string): string | null {
  const error = fieldsIn(json)?.['error'];
  return typeof error === 'string' ? error : null;
}

export function fieldsIn(json: Uint8Array | string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(typeof json === 'string' ? json : Buffer.from(json).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
