/** Errors as the OpenAI API writes them. */
import type { RouterError } from '../core/errors.ts';

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** The body of an error answer; `code` is the catalogue's, whatever the status. */
export function openAiError(error: RouterError, requestId: string): Readonly<Record<string, unknown>> {
  const { status } = error;
  const type = types[status] ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'server_error');
  return { error: { message: error.message, type, param: error.details.param ?? null, code: error.code, request_id: requestId } };
}

/** The same as an event of a stream. */
export function openAiErrorEvent(error: RouterError, requestId: string): string {
  return `data: ${JSON.stringify(openAiError(error, requestId))}\n\n`;
}
