/** Asks for what not every version of a server has, or what is no sign of life. */
import { RouterError } from '../core/errors.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

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

/**
 * Null whenever the server gives no such answer: what hangs or fails here says nothing about the rest of the server. A
 * refused key is passed on, since with it nothing else works either.
 */
export async function answerOrNull(asked: Promise<unknown>): Promise<JsonObject | null> {
  try {
    const value = await asked;
    return isObject(value) ? value : null;
  } catch (error) {
    if (!(error instanceof RouterError) || error.code === 'cancelled' || error.details.upstreamType === 'authentication_error') throw error;
    return null;
  }
}
