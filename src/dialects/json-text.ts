/** Writes what a request carries as JSON text. */
import { RouterError } from '../core/errors.ts';

/** Throws `invalid_request` for what is nested too deeply to be written again; passing it on unread would work. */
export function jsonText(value: unknown, reader = 'a backend of another API'): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RouterError('invalid_request', `The request is nested too deeply for ${reader}.`, { cause });
  }
}
