/** Finds what a backend reports as a failure inside an answer that began well. */
import { RouterError } from '../core/errors.ts';
import { isObject } from '../util/json-object.ts';

/** LM Studio answers at addresses that it does not have with 200 and these words. */
const noSuchApi = /^unexpected endpoint or method/i;

/** The `backend_failed` with the backend's own message; null when the object reports no failure. */
export function readUpstreamError(value: unknown): RouterError | null {
  if (!isObject(value)) return null;
  const { error } = value;
  if (typeof error === 'string' && error !== '') return failed(error, value.type ?? value.code);
  if (isObject(error)) return failed(error.message, error.type ?? error.code);
  if (value.object === 'error') return failed(value.message, value.type ?? value.code);
  return null;
}

function failed(message: unknown, type: unknown): RouterError {
  const text = typeof message === 'string' && message !== '' ? message : 'The backend reported an error without a message.';
  return new RouterError('backend_failed', text, { ...(typeof type === 'string' ? { upstreamType: type } : {}), ...(noSuchApi.test(text) ? { noSuchApi: true } : {}) });
}
