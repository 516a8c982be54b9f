import { describe, expect, test } from 'vitest';
import { checkpointName, checkpointsIn, comfyGraph, comfyState } from './comfy-graph.ts';
import { diffusionKitArguments } from './diffusionkit.ts';
import type { PictureOrder } from './media.ts';
import { mfluxArguments } from './mflux.ts';
import { readQwenTranscript } from './qwen3-asr.ts';
import { sdModelIn, sdRequest } from './sd-server.ts';
import { readWhisperTranscript, whisperName } from './whisper-cli.ts';
import { isWhisperPage } from './whisper-server.ts';

const order: PictureOrder = { model: 'flux-dev', prompt: 'a cat', width: 512, height: 256, steps: 8, guidance: 3.5, seed: 7, negativePrompt: 'dogs', quantize: 4 };
const plain: PictureOrder = { model: 'flux-schnell', prompt: 'a cat', width: 1024, height: 1024 };

describe('mflux', () => {
  test('is told every wish that its model takes', () => {
    expect(mfluxArguments(order, '/t/o.png').join(' ')).toBe('--model dev --prompt=a cat --width 512 --height 256 --steps 8 --quantize 4 --guidance 3.5 --seed 7 --output /t/o.png');
    expect(mfluxArguments({ ...order, model: 'qwen-image' }, '/t/o.png')).toContain('--negative-prompt=dogs');
  });

  test('has the steps and bits that each model is made for', () => {
    expect(mfluxArguments(plain, 'o').join(' ')).toContain('--steps 4 --quantize 8');
    expect(mfluxArguments({ ...plain, model: 'z-image-turbo' }, 'o').join(' ')).toContain('--steps 9');
    expect(mfluxArguments({ ...order, model: 'z-image-turbo' }, 'o').join(' ')).not.toContain('guidance');
  });
});

test.each(['--output /etc/passwd', '-h'])('a prompt %j is no option', (prompt) => {
  expect(mfluxArguments({ ...plain, prompt, negativePrompt: prompt }, 'o').filter((one) => one === prompt)).toEqual([]);
  expect(diffusionKitArguments({ ...plain, prompt, negativePrompt: prompt }, 'o').filter((one) => one === prompt)).toEqual([]);
});

test('DiffusionKit is told which version a name means', () => {
  expect(diffusionKitArguments({ ...order, model: 'sd3-medium' }, '/t/o.png').join(' ')).toBe('--prompt=a cat --model-version argmaxinc/mlx-stable-diffusion-3-medium --width 512 --height 256 --steps 8 --cfg 3.5 --seed 7 --negative_prompt=dogs --w16 --a16 --output-path /t/o.png');
});

describe('sd-server', () => {
  test('is told by its capabilities, and asked in the words of Stable Diffusion WebUI', () => {
    expect(sdModelIn('{"model":{"name":"z_image_turbo-Q8_0.gguf","stem":"z_image_turbo-Q8_0","path":"/m"},"supported_modes":["img_gen"]}')).toBe('z_image_turbo-Q8_0');
    for (const other of [null, '', '<html>', '{"model":"x"}', '{"data":[]}']) expect(sdModelIn(other)).toBeNull();
    expect(sdRequest(order)).toEqual({ prompt: 'a cat', negative_prompt: 'dogs', width: 512, height: 256, seed: 7, batch_size: 1, steps: 8, cfg_scale: 3.5 });
    expect(sdRequest(plain)).toEqual({ prompt: 'a cat', negative_prompt: '', width: 1024, height: 1024, seed: -1, batch_size: 1 });
  });
});

describe('ComfyUI', () => {
  test.each([
    ['older', { CheckpointLoaderSimple: { input: { required: { ckpt_name: [['sd/v1-5.safetensors', 'flux.gguf'], {}] } } } }],
    ['newer', { CheckpointLoaderSimple: { input: { required: { ckpt_name: ['COMBO', { options: ['sd/v1-5.safetensors', 'flux.gguf'] }] } } } }],
  ])('lists its checkpoints, in the words of %s versions', (_name, info) => {
    expect(checkpointsIn(info).map(checkpointName)).toEqual(['v1-5', 'flux']);
  });

  test('that is something else has none', () => {
    for (const info of [null, {}, { CheckpointLoaderSimple: { input: [] } }]) expect(checkpointsIn(info)).toEqual([]);
  });

  test('is given a graph in which every wish has its place, and every link leads somewhere', () => {
    const graph = comfyGraph(order, 'sd/v1-5.safetensors', 99) as Record<string, { class_type: string; inputs: Record<string, unknown> }>;
    expect(Object.values(graph).map((node) => node.class_type).toSorted()).toEqual(['CLIPTextEncode', 'CLIPTextEncode', 'CheckpointLoaderSimple', 'EmptyLatentImage', 'KSampler', 'SaveImage', 'VAEDecode']);
    const sampler = Object.values(graph).find((node) => node.class_type === 'KSampler')!.inputs;
    expect(sampler).toMatchObject({ seed: 7, steps: 8, cfg: 3.5 });
    const textAt = (link: unknown): unknown => graph[String((link as unknown[])[0])]?.inputs['text'];
    expect([textAt(sampler['positive']), textAt(sampler['negative'])]).toEqual(['a cat', 'dogs']);
    const links = Object.values(graph).flatMap((node) => Object.values(node.inputs).filter(Array.isArray) as [string, number][]);
    expect(links.every(([id]) => graph[id] !== undefined)).toBe(true);
    expect((comfyGraph(plain, 'c', 99) as typeof graph)['sampler']?.inputs['seed']).toBe(99);
  });

  test('tells how an order goes', () => {
    const image = { filename: 'oar_1.png', subfolder: '', type: 'output' };
    expect(comfyState({}, 'a')).toEqual({ done: false, failure: null, picture: null });
    expect(comfyState({ a: { status: { status_str: 'success', completed: true }, outputs: { 3: {}, 9: { images: [{ filename: 'p.png', type: 'temp', subfolder: '' }, image] } } } }, 'a')).toMatchObject({ done: true, picture: 'filename=oar_1.png&subfolder=&type=output' });
    expect(comfyState({ a: { status: { status_str: 'error', completed: false, messages: [['execution_start', {}], ['execution_error', { exception_message: 'out of memory\n' }]] }, outputs: {} } }, 'a')).toMatchObject({ done: true, failure: 'out of memory' });
    expect(comfyState({ a: { status: { status_str: 'success', completed: true }, outputs: {} } }, 'a')).toEqual({ done: true, failure: null, picture: null });
  });
});

describe('whisper.cpp', () => {
  test.each([
    ['ggml-base.en.bin', 'whisper-base.en'],
    ['ggml-large-v3-turbo-q5_0.bin', 'whisper-large-v3-turbo-q5_0'],
    ['ggml-silero-v5.1.2.bin', null],
    ['for-tests-ggml-tiny.bin', null],
    ['llama.gguf', null],
  ])('%s is %s', (file, name) => {
    expect(whisperName(file)).toBe(name);
  });

  test('writes what it heard in milliseconds', () => {
    const text = JSON.stringify({ systeminfo: 'x', result: { language: 'en' }, transcription: [{ timestamps: { from: '00:00:00,000', to: '00:00:02,500' }, offsets: { from: 0, to: 2500 }, text: ' And so my fellow' }, { offsets: { from: 2500, to: 4000 }, text: ' Americans' }] });
    expect(readWhisperTranscript(text)).toEqual({ text: 'And so my fellow Americans', language: 'en', segments: [{ start: 0, end: 2.5, text: 'And so my fellow' }, { start: 2.5, end: 4, text: 'Americans' }] });
    expect(() => readWhisperTranscript('{"error":1}')).toThrow(/no transcript/);
  });

  test('has a page by which its server is known', () => {
    expect(isWhisperPage('<html><head><title>Whisper.cpp Server</title></head><body><form action="/inference">')).toBe(true);
    for (const other of [null, '', '<title>llama.cpp</title>', 'Ollama is running']) expect(isWhisperPage(other)).toBe(false);
  });
});

test('mlx-qwen3-asr writes what it heard as JSON', () => {
  expect(readQwenTranscript('{"text":" Hello there. ","language":"English","segments":[{"start":0.0,"end":1.5,"text":"Hello there."}]}')).toEqual({ text: 'Hello there.', language: 'English', segments: [{ start: 0, end: 1.5, text: 'Hello there.' }] });
  expect(readQwenTranscript('{"text":"Hi"}')).toEqual({ text: 'Hi', segments: [] });
  expect(() => readQwenTranscript('Hello')).toThrow(/no transcript/);
});
