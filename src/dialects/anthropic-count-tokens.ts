/** The Anthropic API's count of a request's tokens, before anything is asked of a model: `POST /v1/messages/count_tokens`. */
import { estimateTokens } from '../util/estimate-tokens.ts';
import { anthropicError } from './anthropic-error.ts';
import { readAnthropicRequest } from './anthropic-request.ts';
import type { ListingDialect } from './dialect.ts';

/** The router has no model's tokenizer, so the count is the estimate by which it places requests. */
export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'anthropic-count-tokens',
  routes: [{ method: 'POST', path: '/v1/messages/count_tokens' }],
  answer: (_view, { body }) => ({ status: 200, body: { input_tokens: estimateTokens(readAnthropicRequest(body, false)) } }),
  encodeError: anthropicError,
};
