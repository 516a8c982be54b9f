/** Which part of a long list a request asks for: `?limit=50&before=ID`. */
import { RouterError } from '../core/errors.ts';
import type { Exchange } from './http.ts';

const usualPage = 50;
const largestPage = 500;

/** Throws `invalid_request`. */
export function pageOf({ query }: Pick<Exchange, 'query'>): { limit: number; before?: string } {
  const text = query.get('limit');
  const limit = text === null ? usualPage : Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new RouterError('invalid_request', `limit is a whole number from 1 to ${largestPage}, not ${text}.`, { param: 'limit' });
  const before = query.get('before');
  return { limit: Math.min(limit, largestPage), ...(before === null ? {} : { before }) };
}
