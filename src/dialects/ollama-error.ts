/** Errors as the Ollama API writes them, with a code and the request's id beside the text. */
import type { RouterError } from '../core/errors.ts';

export function ollamaError(error: RouterError, requestId: string): Readonly<Record<string, unknown>> {
  return { error: error.message, code: error.code, request_id: requestId };
}

/** The same as a line of a stream. */
export function ollamaErrorLine(error: RouterError, requestId: string): string {
  return `${JSON.stringify(ollamaError(error, requestId))}\n`;
}
