/** ComfyUI: its checkpoints as image models, its queue asked politely. */
import { RouterError } from '../../core/errors.ts';
import { checkpointName, checkpointsIn, comfyGraph, comfyState } from './comfy-graph.ts';
import { textIn } from './fields.ts';
import { askServer, fieldsOf, lookAt } from './local-server.ts';
import { badAnswer, checkPng } from './media-failure.ts';
import type { MediaHost, MediaTool } from './media.ts';
import { parseObject } from '../../util/json-object.ts';

const name = 'comfyui';
const usualUrl = 'http://127.0.0.1:8188';
const lookEveryMs = 500;
const byeMs = 2000;
const seeds = 2 ** 32;

export function comfyUi(url = usualUrl, random: () => number = Math.random): MediaTool {
  const checkpoints = async (host: MediaHost, signal: AbortSignal): Promise<readonly string[]> => {
    const info = await lookAt(host, `${url}/object_info/CheckpointLoaderSimple`, signal);
    return checkpointsIn(info === null ? null : parseObject(info));
  };
  return {
    name,
    find: async (host, signal) => (await checkpoints(host, signal)).map((file) => ({ name: checkpointName(file), capability: 'image' })),
    async paint(order, host, signal) {
      const checkpoint = (await checkpoints(host, signal)).find((file) => checkpointName(file) === order.model);
      if (checkpoint === undefined) throw badAnswer(name, `has no ${order.model} any more`);
      const id = await submit(url, comfyGraph(order, checkpoint, Math.floor(random() * seeds)), host, signal);
      try {
        const picture = await finished(url, id, host, signal);
        const response = await askServer(host, name, `${url}/view?${picture}`, { signal });
        return checkPng(name, Buffer.from(await response.arrayBuffer()));
      } catch (thrown) {
        if (signal.aborted) await forget(url, id, host);
        throw thrown;
      }
    },
  };
}

async function submit(url: string, prompt: object, host: MediaHost, signal: AbortSignal): Promise<string> {
  const response = await askServer(host, name, `${url}/prompt`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ prompt, client_id: 'oar' }), signal });
  const id = textIn(await fieldsOf(name, response), 'prompt_id');
  if (id === undefined) throw badAnswer(name, 'took the order and gave no id for it');
  return id;
}

async function finished(url: string, id: string, host: MediaHost, signal: AbortSignal): Promise<string> {
  for (;;) {
    const state = comfyState(await fieldsOf(name, await askServer(host, name, `${url}/history/${encodeURIComponent(id)}`, { signal })), id);
    if (state.failure !== null) throw new RouterError('backend_failed', `${name} failed: ${state.failure}`);
    if (state.picture !== null) return state.picture;
    if (state.done) throw badAnswer(name, 'ended well and left no picture');
    await host.pause(lookEveryMs, signal);
  }
}

/** Takes our order back. What runs is broken off only when it is ours: ComfyUI belongs to the one who sits there. */
async function forget(url: string, id: string, host: MediaHost): Promise<void> {
  const signal = AbortSignal.timeout(byeMs);
  const post = (path: string, body: object) => host.fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal });
  try {
    await post('/queue', { delete: [id] });
    const running = parseObject((await lookAt(host, `${url}/queue`, signal)) ?? '')?.['queue_running'];
    const ours = Array.isArray(running) && running.some((one) => Array.isArray(one) && one[1] === id);
    if (ours) await post('/interrupt', { prompt_id: id });
  } catch {
    // It is gone, and the order with it.
  }
}
