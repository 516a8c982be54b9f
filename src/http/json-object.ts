/** Reads bodies that are one JSON object. */
import { RouterError } from '../core/errors.ts';
import { isObject } from '../util/json-object.ts';
import type { Exchange } from './http.ts';

/** Its members; none for an empty body. Rejects with `invalid_request`, and as `Exchange.body` does. */
export async function readJsonObject(exchange: Exchange): Promise<Readonly<Record<string, unknown>>> {
  const text = (await exchange.body()).trim();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw new RouterError('invalid_request', 'The body is not valid JSON.', { cause });
  }
  throw new RouterError('invalid_request', 'The body must be a JSON object.');
}
