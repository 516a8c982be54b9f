/** Errors as the Anthropic API writes them; the catalogue's code stands where that API keeps its own finer codes. */
import type { RouterError } from '../core/errors.ts';
import { defined, type Fields } from './read-fields.ts';

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The body of an error answer. */
export function anthropicError(error: RouterError, requestId: string): Readonly<Record<string, unknown>> {
  const { status, code } = error;
  const type = types[status] ?? (status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error');
  const details = defined<Fields>({ error_code: code, param: error.details.param });
  return { type: 'error', error: { type, message: messageOf(error), details }, request_id: requestId };
}

/** Claude Code makes a conversation shorter when it reads these words, and asks again. */
function messageOf({ code, message, details: { overflow } }: RouterError): string {
  if (code !== 'context_overflow') return message;
  const { promptTokens, contextTokens } = overflow ?? {};
  return promptTokens === undefined || contextTokens === undefined ? `prompt is too long: ${message}` : `prompt is too long: ${promptTokens} tokens > ${contextTokens} maximum. ${message}`;
}

/** The same as an event of a stream. */
export function anthropicErrorEvent(error: RouterError, requestId: string): string {
  return `event: error\ndata: ${JSON.stringify(anthropicError(error, requestId))}\n\n`;
}
