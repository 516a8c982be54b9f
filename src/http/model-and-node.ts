/** Reads which model on which machine a call of the dashboard is about. */
import { RouterError } from '../core/errors.ts';

/** Throws `invalid_request` naming the field. */
export function modelAndNode(fields: Readonly<Record<string, unknown>>): { readonly nodeId: string; readonly model: string } {
  return { nodeId: textIn(fields, 'node_id'), model: textIn(fields, 'model') };
}

function textIn(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw new RouterError('invalid_request', value === undefined ? `\`${name}\` is required.` : `\`${name}\` must be a text that is not empty.`, { param: name });
}
