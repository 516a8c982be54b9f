/** Refuses what a request asks for in its own dialect alone, where leaving it out would change the answer. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, ContentPart } from '../core/request.ts';
import { isObject } from './read-fields.ts';

/** Throws `unsupported_feature` naming the field that no other dialect can say. */
export function refuseOwnFeatures(request: ChatRequest, api: string): void {
  for (const field of request.decisive ?? []) {
    if (matters(field, request.extra[field])) throw unsupported(field, api);
  }
}

/** The `unsupported_feature` for a field that a backend's API cannot carry. */
export function unsupported(field: string, api: string): RouterError {
  return new RouterError('unsupported_feature', `\`${field}\` cannot be said in the ${api} API, which is the only one the chosen backend has in common with this request. Leave it out, or name a model on another backend.`, { param: field });
}

/** Throws for a part that only the caller's dialect knows. */
export function refuseOther(part: Extract<ContentPart, { type: 'other' }>, api: string): never {
  throw new RouterError('unsupported_feature', `A message part of type \`${part.kind}\` cannot be said in the ${api} API of the chosen backend.`, { param: 'messages' });
}

function matters(field: string, value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (field === 'n') return value !== 1;
  if (field === 'modalities') return !(Array.isArray(value) && value.every((one) => one === 'text'));
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}
