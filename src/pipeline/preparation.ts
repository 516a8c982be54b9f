/** Makes a request ready for the backend that it goes to: stable prefixes, pictures fetched, turns dropped. */
import type { ChatRequest, InferenceRequest } from '../core/request.ts';
import { isOwnHost } from '../util/address-ranges.ts';
import { editJson, editValue } from '../util/json-edit.ts';
import type { Preparation, Prepared, ServingBackend } from './pipeline.ts';
import { namesPictures, type PictureTerms, Pictures } from './prepare-pictures.ts';
import { withoutOldestTurns } from './prepare-trim.ts';
import { prefixEdits } from './prefix/stable-prefix.ts';
import { ToolOrders } from './prefix/tool-orders.ts';

export interface PreparationTerms {
  /** `context.overflow` and `context.stablePrefix` of the configuration. */
  readonly overflow: 'reject' | 'trim';
  readonly stablePrefix: boolean;
  readonly pictures: PictureTerms;
}

/** How often one request is made shorter before its backend's refusal is final. */
const mostRounds = 3;

const nothing: readonly string[] = [];

export function createPreparation(terms: PreparationTerms): Preparation {
  const pictures = new Pictures(terms.pictures);
  const orders = new ToolOrders();
  const trimmed = new WeakMap<InferenceRequest, Trimmed>();
  const steadied = (request: ChatRequest, local: boolean, rewrites: readonly string[]): Prepared => {
    const order = local && terms.stablePrefix && request.tools.length > 1 ? orders.orderFor(request.tools.map((tool) => tool.name)) : null;
    const steady = local && terms.stablePrefix && request.raw === undefined ? withStablePrefix(request, order) : null;
    return steady === null ? { request, rewrites } : { request: steady.request, rewrites: [...rewrites, ...steady.rewrites] };
  };
  const fetched = async (request: ChatRequest, local: boolean, signal: AbortSignal): Promise<Prepared> => {
    const prepared = await pictures.into(request, signal);
    return steadied(prepared, local, ['picture-fetch']);
  };
  return {
    prepare(request, backend, signal) {
      if (request.task !== 'chat') return { request, rewrites: nothing };
      const local = isLocal(backend);
      const prepared = takesAddresses(request, backend, local) || !namesPictures(request) ? steadied(request, local, nothing) : fetched(request, local, signal);
      const before = trimmed.get(request);
      if (before === undefined) return prepared;
      return prepared instanceof Promise ? prepared.then((one) => remembering(one, before, trimmed)) : remembering(prepared, before, trimmed);
    },
    shorten(request, { details: { overflow } }) {
      const before = trimmed.get(request) ?? { rounds: 0, messages: 0 };
      if (terms.overflow !== 'trim' || request.task !== 'chat' || request.raw !== undefined || before.rounds >= mostRounds) return null;
      const shorter = withoutOldestTurns(request, overflow);
      if (shorter === null) return null;
      return remembering({ request: shorter.request, rewrites: nothing }, { rounds: before.rounds + 1, messages: before.messages + shorter.droppedMessages }, trimmed);
    },
  };
}

/** What was dropped from a request so far. */
interface Trimmed {
  readonly rounds: number;
  readonly messages: number;
}

/** Says what was dropped, and counts on from there if this is not the end of it. */
function remembering(prepared: Prepared, sofar: Trimmed, trimmed: WeakMap<InferenceRequest, Trimmed>): Prepared {
  trimmed.set(prepared.request, sofar);
  return { request: prepared.request, rewrites: [...prepared.rewrites, 'context_trim'], headers: { 'x-oar-dropped-messages': String(sofar.messages) } };
}

function withStablePrefix(request: ChatRequest, order: readonly string[] | null): Prepared | null {
  const decoded = { messages: request.messages, tools: request.tools };
  const found = prefixEdits(decoded, order);
  if (found === null) return null;
  const onWire = prefixEdits(JSON.parse(request.wire), order);
  const { messages, tools } = editValue(decoded, found.edits) as typeof decoded;
  return { request: { ...request, messages, tools, wire: editJson(request.wire, onWire?.edits ?? []) }, rewrites: found.rules };
}

/** Asked for each request, told by settings that never change. */
const localBackends = new WeakMap<ServingBackend, boolean>();

/** One of the operator's own, by its kind or by its address. */
function isLocal(backend: ServingBackend): boolean {
  const known = localBackends.get(backend);
  if (known !== undefined) return known;
  const local = backend.kind.local === true || isOwnHost(new URL(backend.settings.url).hostname);
  localBackends.set(backend, local);
  return local;
}

/** A service of others that reads addresses fetches its pictures itself; Ollama's own API only takes pictures. */
function takesAddresses(request: ChatRequest, { kind }: ServingBackend, local: boolean): boolean {
  return !local && (kind.speaks.includes(request.dialect) || kind.speaks[0]?.startsWith('ollama') !== true);
}
