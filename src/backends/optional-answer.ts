/** Asks for what not every version of a server has. */
import { RouterError } from '../core/errors.ts';
import { isObject, type JsonObject } from './json-fields.ts';

/** Null when the server answers, but with an error or with something else. Rejects when it does not answer at all. */
export async function optionalAnswer(asked: Promise<unknown>): Promise<JsonObject | null> {
  try {
    const value = await asked;
    return isObject(value) ? value : null;
  } catch (error) {
    const answered = error instanceof RouterError && ['backend_failed', 'backend_rejected', 'backend_protocol', 'context_overflow'].includes(error.code);
    if (answered) return null;
    throw error;
  }
}
