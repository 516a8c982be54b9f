/** Refuses what a request asks for in its own dialect alone, where leaving it out would change the answer. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, ContentPart } from '../core/request.ts';
import { isObject } from '../util/json-object.ts';

/** Throws `unsupported_feature` naming the field that no other dialect can say, or a raw prompt that this API would put into a chat template. */
export function refuseOwnFeatures(request: ChatRequest, api: string, takesRaw = false): void {
  for (const field of request.decisive ?? []) {
    const value = request.extra[field];
    if (matters(field, value)) throw unsupported(field, api, kindsOf(value));
  }
  if (request.raw === undefined || takesRaw) return;
  throw unsupported(request.raw.suffix === undefined ? 'prompt' : 'suffix', api, request.raw.suffix === undefined ? 'without a chat template' : '');
}

/** The `unsupported_feature` for a field that a backend's API cannot carry; `which` says what of it. */
export function unsupported(field: string, api: string, which = ''): RouterError {
  return new RouterError('unsupported_feature', `\`${field}\`${which === '' ? '' : ` ${which}`} cannot be said in the ${api} API, which is the only one the chosen backend has in common with this request. Leave it out, or name a model on another backend.`, { param: field });
}

/** Throws for a part that only the caller's dialect knows. */
export function refuseOther(part: Extract<ContentPart, { type: 'other' }>, api: string): never {
  throw new RouterError('unsupported_feature', `A message part of type \`${part.kind}\` cannot be said in the ${api} API of the chosen backend.`, { param: 'messages' });
}

/** Of a list of typed things, which types. */
function kindsOf(value: unknown): string {
  const types = (Array.isArray(value) ? value : [value]).flatMap((one) => (isObject(one) && typeof one.type === 'string' ? [one.type] : []));
  return types.length === 0 ? '' : `of type ${[...new Set(types)].join(', ')}`;
}

function matters(field: string, value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (field === 'n' || field === 'best_of') return value !== 1;
  if (field === 'modalities') return !(Array.isArray(value) && value.every((one) => one === 'text'));
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}
