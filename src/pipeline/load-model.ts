/** Answers a request that only loads a model or lets it go, on a server whose chat API takes no such request. */
import type { Placement } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { StartedAnswer } from './answer.ts';
import type { ServingBackend } from './pipeline.ts';

/** Ollama's clients send a conversation without messages, and `keep_alive: 0` to let the model go. */
export function onlyLoads(request: InferenceRequest, { kind }: ServingBackend): boolean {
  return request.task === 'chat' && request.messages.length === 0 && request.raw === undefined && kind.load !== undefined && kind.unload !== undefined;
}

/** Resolves when the server has taken the order. Rejects like any call to it. */
export async function loadModel(request: InferenceRequest, backend: ServingBackend, { model }: Placement, signal: AbortSignal): Promise<StartedAnswer> {
  const client = backend.probeClient(signal);
  const letGo = request.keepAlive === 0 || /^-?0+(?:ms|s|m|h)?$/.test(String(request.keepAlive));
  await (letGo ? backend.kind.unload?.(client, model) : backend.kind.load?.(client, model));
  return { contentType: 'application/json', relay: false, streamed: false, rewrites: [], first: [{ type: 'finish', reason: 'stop', usage: {} }], next: () => null, usage: () => ({}), cancel() {} };
}
