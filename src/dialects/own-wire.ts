/** A request for a backend of the caller's own dialect: the caller's bytes, with only what the router decided put in. */
import type { InferenceRequest } from '../core/request.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { Target, WireCall } from './dialect.ts';
import { dropHerdFields } from './herd-fields.ts';
import { jsonText } from './json-text.ts';
import { isObject } from '../util/json-object.ts';

/** `numCtx`: may the dialect say how long a context to load (`options.num_ctx`), and whether a prompt may be cut (`truncate`)? Ollama's can. */
export function ownWire(request: InferenceRequest, target: Target, path: string, numCtx: boolean): WireCall {
  const edits = new Map<string, string | null>([['router', null]]);
  const rewrites: string[] = [];
  dropHerdFields(request, edits, rewrites);
  if (request.model !== target.model) edits.set('model', JSON.stringify(target.model));
  if (request.keepAlive === undefined && target.keepAlive !== undefined) {
    edits.set('keep_alive', JSON.stringify(target.keepAlive));
    rewrites.push('keep_alive');
  }
  const options = numCtx ? newOptions(request, target, rewrites) : null;
  if (options !== null) edits.set('options', Object.keys(options).length === 0 ? null : jsonText(options));
  if (!numCtx && target.maxTokens !== undefined) edits.set(limitField(request), String(target.maxTokens));
  if (numCtx && target.refuseLong === true && request.extra.truncate === undefined) {
    edits.set('truncate', 'false');
    rewrites.push('truncate');
  }
  const untouched = edits.size === 1 && !mayNameRouter(request.wire);
  return { path, body: untouched ? request.wire : spliceTopLevel(request.wire, edits), rewrites };
}

/** The context that a request of any dialect is sent with; undefined: none is named. */
export function contextIn({ contextLength }: InferenceRequest, target: Target): number | undefined {
  if (contextLength === undefined) return target.contextLength;
  return target.otherContext === undefined ? contextLength : (target.otherContext ?? undefined);
}

/** Null when they stay as they are. */
function newOptions(request: InferenceRequest, target: Target, rewrites: string[]): object | null {
  const { maxTokens } = target;
  const context = contextIn(request, target);
  const same = context === request.contextLength;
  if (same && maxTokens === undefined) return null;
  if (!same) rewrites.push('num_ctx');
  const { num_ctx: asked, ...others } = optionsOf(request.wire);
  const numCtx = same ? asked : context;
  return { ...others, ...(numCtx === undefined ? {} : { num_ctx: numCtx }), ...(maxTokens === undefined ? {} : { num_predict: maxTokens }) };
}

/** Where each API of OpenAI's keeps the limit of an answer's length. */
function limitField({ dialect, wire }: InferenceRequest): string {
  if (dialect === 'openai-responses') return 'max_output_tokens';
  return wire.includes('"max_completion_tokens"') ? 'max_completion_tokens' : 'max_tokens';
}

function optionsOf(wire: string): Readonly<Record<string, unknown>> {
  const body: unknown = JSON.parse(wire);
  return isObject(body) && isObject(body.options) ? body.options : {};
}

/** False only when no `router` member can be there, however its key is escaped; two native searches, since prompts are long. */
function mayNameRouter(wire: string): boolean {
  return wire.includes('router"') || wire.includes('\\u00');
}
