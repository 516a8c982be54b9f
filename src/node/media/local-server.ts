/** Asks an HTTP server of this machine. */
import { RouterError } from '../../core/errors.ts';
import { textIn } from './fields.ts';
import type { MediaHost } from './media.ts';
import { isObject, type JsonObject, parseObject } from '../../util/json-object.ts';

const mostWords = 300;

/** Null when it answers with an error. Rejects when it does not answer. */
export async function lookAt(host: MediaHost, url: string, signal: AbortSignal): Promise<string | null> {
  const response = await host.fetch(url, { signal, redirect: 'error' });
  const text = await response.text();
  return response.ok ? text : null;
}

/** Rejects with `backend_failed` in the server's words, with the signal's reason, or with `backend_unreachable`. */
export async function askServer(host: MediaHost, name: string, url: string, init: RequestInit & { readonly signal: AbortSignal }): Promise<Response> {
  let response: Response;
  try {
    response = await host.fetch(url, { redirect: 'error', ...init });
  } catch (cause) {
    init.signal.throwIfAborted();
    throw new RouterError('backend_unreachable', `${name} does not answer on its machine.`, { cause });
  }
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  throw new RouterError(response.status < 500 ? 'backend_rejected' : 'backend_failed', `${name} answered with ${response.status}: ${wordsIn(text).slice(0, mostWords)}`, response.status < 500 ? { status: response.status } : {});
}

/** Rejects with `backend_protocol` for what is no JSON object. */
export async function fieldsOf(name: string, response: Response): Promise<JsonObject> {
  const fields = parseObject(await response.text());
  if (fields === null) throw new RouterError('backend_protocol', `${name} answered with something that is not a JSON object.`);
  return fields;
}

function wordsIn(text: string): string {
  const fields = parseObject(text);
  const error = fields?.['error'];
  return (isObject(error) ? textIn(error, 'message') : undefined) ?? textIn(fields, 'error') ?? textIn(fields, 'message') ?? textIn(fields, 'detail') ?? (text.trim() || 'no reason given');
}
