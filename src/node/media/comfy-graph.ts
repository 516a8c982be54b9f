/** A picture as ComfyUI wants it told: a graph of nodes, each with its inputs. Pure. */
import { textIn } from './fields.ts';
import type { PictureOrder } from './media.ts';
import { isObject, type JsonObject } from '../../util/json-object.ts';

const usual = { steps: 20, guidance: 7 };

/** From a checkpoint and two texts to a file, with the nodes that every ComfyUI has. `anySeed` where the caller names none. */
export function comfyGraph({ prompt, negativePrompt, width, height, steps, guidance, seed }: PictureOrder, checkpoint: string, anySeed: number): JsonObject {
  const node = (type: string, inputs: JsonObject): JsonObject => ({ class_type: type, inputs });
  return {
    checkpoint: node('CheckpointLoaderSimple', { ckpt_name: checkpoint }),
    size: node('EmptyLatentImage', { width, height, batch_size: 1 }),
    wanted: node('CLIPTextEncode', { text: prompt, clip: ['checkpoint', 1] }),
    unwanted: node('CLIPTextEncode', { text: negativePrompt ?? '', clip: ['checkpoint', 1] }),
    sampler: node('KSampler', {
      model: ['checkpoint', 0], positive: ['wanted', 0], negative: ['unwanted', 0], latent_image: ['size', 0],
      seed: seed ?? anySeed, steps: steps ?? usual.steps, cfg: guidance ?? usual.guidance, sampler_name: 'euler', scheduler: 'normal', denoise: 1,
    }),
    decoded: node('VAEDecode', { samples: ['sampler', 0], vae: ['checkpoint', 2] }),
    saved: node('SaveImage', { images: ['decoded', 0], filename_prefix: 'oar' }),
  };
}

/** Names of checkpoints in `/object_info/CheckpointLoaderSimple`. */
export function checkpointsIn(info: JsonObject | null): readonly string[] {
  let value: unknown = info;
  for (const key of ['CheckpointLoaderSimple', 'input', 'required', 'ckpt_name']) value = isObject(value) ? value[key] : undefined;
  const [first, second] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  // Newer versions say what kind of input it is, and put the choices behind it.
  const choices = Array.isArray(first) ? first : isObject(second) ? second['options'] : undefined;
  return Array.isArray(choices) ? choices.filter((one) => typeof one === 'string') : [];
}

/** Without its folder and ending. */
export function checkpointName(file: string): string {
  return file.replace(/^.*[\\/]/, '').replace(/\.(?:safetensors|ckpt|gguf|sft|pt)$/i, '');
}

export interface ComfyState {
  readonly done: boolean;
  /** Why it failed; null: it did not. */
  readonly failure: string | null;
  /** Where to fetch the first picture, as a query. */
  readonly picture: string | null;
}

/** An entry of `/history/ID`; empty while it runs. */
export function comfyState(history: JsonObject, id: string): ComfyState {
  const entry = history[id];
  if (!isObject(entry)) return { done: false, failure: null, picture: null };
  const status = isObject(entry['status']) ? entry['status'] : {};
  if (status['status_str'] === 'error') return { done: true, failure: failureIn(status['messages']), picture: null };
  const images = Object.values(isObject(entry['outputs']) ? entry['outputs'] : {}).flatMap((output) => (isObject(output) && Array.isArray(output['images']) ? output['images'].filter(isObject) : []));
  const image = images.find((one) => one['type'] === 'output') ?? images[0];
  if (image === undefined) return { done: status['completed'] === true, failure: null, picture: null };
  return { done: true, failure: null, picture: new URLSearchParams(Object.fromEntries(['filename', 'subfolder', 'type'].map((key) => [key, textIn(image, key) ?? '']))).toString() };
}

function failureIn(messages: unknown): string {
  const told = Array.isArray(messages) ? messages.find((message) => Array.isArray(message) && message[0] === 'execution_error') : undefined;
  const details: unknown = Array.isArray(told) ? told[1] : undefined;
  return isObject(details) && typeof details['exception_message'] === 'string' ? details['exception_message'].trim() : 'it gave no reason';
}
