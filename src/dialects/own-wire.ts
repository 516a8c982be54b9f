/** A request for a backend of the caller's own dialect: the caller's bytes, with only what the router decided put in. */
import type { InferenceRequest } from '../core/request.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { Target, WireCall } from './dialect.ts';
import { dropHerdFields } from './herd-fields.ts';
import { jsonText } from './json-text.ts';
import { isObject } from './read-fields.ts';

/** `numCtx`: may the dialect say how long a context to load (`options.num_ctx`), and whether a prompt may be cut (`truncate`)? */
export function ownWire(request: InferenceRequest, target: Target, path: string, numCtx: boolean): WireCall {
  const edits = new Map<string, string | null>([['router', null]]);
  const rewrites: string[] = [];
  dropHerdFields(request, edits, rewrites);
  if (request.model !== target.model) edits.set('model', JSON.stringify(target.model));
  if (request.keepAlive === undefined && target.keepAlive !== undefined) {
    edits.set('keep_alive', JSON.stringify(target.keepAlive));
    rewrites.push('keep_alive');
  }
  if (numCtx && request.contextLength === undefined && target.contextLength !== undefined) {
    edits.set('options', jsonText({ ...optionsOf(request.wire), num_ctx: target.contextLength }));
    rewrites.push('num_ctx');
  }
  if (numCtx && target.refuseLong === true && request.extra.truncate === undefined) {
    edits.set('truncate', 'false');
    rewrites.push('truncate');
  }
  const untouched = edits.size === 1 && !mayNameRouter(request.wire);
  return { path, body: untouched ? request.wire : spliceTopLevel(request.wire, edits), rewrites };
}

function optionsOf(wire: string): object {
  const body: unknown = JSON.parse(wire);
  return isObject(body) && isObject(body.options) ? body.options : {};
}

/** False only when no `router` member can be there, however its key is escaped; two native searches, since prompts are long. */
function mayNameRouter(wire: string): boolean {
  return wire.includes('router"') || wire.includes('\\u00');
}
