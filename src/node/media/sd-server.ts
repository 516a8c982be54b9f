/** stable-diffusion.cpp's `sd-server`, by the one of its APIs that takes every wish: the one of Stable Diffusion WebUI. */
import { textIn } from './fields.ts';
import { askServer, fieldsOf, lookAt } from './local-server.ts';
import { badAnswer, checkPng } from './media-failure.ts';
import type { MediaHost, MediaTool, PictureOrder } from './media.ts';
import { isObject, parseObject } from '../../util/json-object.ts';

const name = 'sd-server';
const usualUrl = 'http://127.0.0.1:1234';

/** `-1` means any seed. */
export function sdRequest({ prompt, width, height, steps, guidance, seed, negativePrompt }: PictureOrder): Readonly<Record<string, unknown>> {
  return {
    prompt,
    negative_prompt: negativePrompt ?? '',
    width,
    height,
    seed: seed ?? -1,
    batch_size: 1,
    ...(steps === undefined ? {} : { steps }),
    ...(guidance === undefined ? {} : { cfg_scale: guidance }),
  };
}

/** The name of its one model, out of what it says of itself; null: it is something else. */
export function sdModelIn(capabilities: string | null): string | null {
  const fields = capabilities === null ? null : parseObject(capabilities);
  const model = fields?.['model'];
  if (!isObject(model)) return null;
  return textIn(model, 'stem') || textIn(model, 'name') || null;
}

export function sdServer(url = usualUrl): MediaTool {
  return {
    name,
    async find(host, signal) {
      const model = sdModelIn(await lookAt(host, `${url}/sdcpp/v1/capabilities`, signal));
      return model === null ? [] : [{ name: model, capability: 'image' }];
    },
    async paint(order, host: MediaHost, signal) {
      const response = await askServer(host, name, `${url}/sdapi/v1/txt2img`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(sdRequest(order)), signal });
      const { images } = await fieldsOf(name, response);
      const [first] = Array.isArray(images) ? images : [];
      if (typeof first !== 'string') throw badAnswer(name, 'answered without a picture');
      return checkPng(name, Buffer.from(first.replace(/^data:[^,]*,/, ''), 'base64'));
    },
  };
}
