/** Tells clients that try the address of the Anthropic messages API with GET that it is there. */
import { anthropicError } from './anthropic-error.ts';
import type { ListingDialect } from './dialect.ts';

const path = '/v1/messages';

export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'anthropic-greeting',
  routes: [{ method: 'GET', path }],
  answer: () => ({ status: 200, body: { ok: true, service: 'ollama-agent-router', endpoint: path } }),
  encodeError: anthropicError,
};
