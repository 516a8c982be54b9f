/** How an error leaves over HTTP: status, headers and a body in the caller's dialect. */
import type { RouterError } from '../core/errors.ts';
import type { ErrorShape } from './http.ts';

/** Headers that go with an error: Retry-After (whole seconds, at least one), Allow, WWW-Authenticate. */
export function errorHeaders(error: RouterError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'x-oar-error': error.code };
  const retryable = error.status === 503 || error.status === 429;
  if (error.details.retryAfterMs !== undefined || retryable) {
    headers['retry-after'] = String(Math.max(1, Math.ceil((error.details.retryAfterMs ?? 1000) / 1000)));
  }
  Object.assign(headers, error.details.headers);
  if (error.details.allow) headers.allow = error.details.allow.join(', ');
  if (error.status === 401) headers['www-authenticate'] = 'Bearer';
  return headers;
}

/** Chooses the shape for an address that no route claims: Ollama's below /api, OpenAI's elsewhere. */
export function shapeForPath(path: string, shapes: { readonly ollama: ErrorShape; readonly openAi: ErrorShape }): ErrorShape {
  return path === '/api' || path.startsWith('/api/') ? shapes.ollama : shapes.openAi;
}
