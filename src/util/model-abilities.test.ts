import { describe, expect, test } from 'vitest';
import type { Capability } from '../core/fleet.ts';
import { mayServe, mediaByName, neverChats } from './model-abilities.ts';

describe('a name tells', () => {
  test.each<[string, Capability | null]>([
    ['whisper-1', 'transcription'],
    ['Systran/faster-whisper-small', 'transcription'],
    ['nvidia/parakeet-tdt-0.6b-v2', 'transcription'],
    ['moonshine-tiny', 'transcription'],
    ['Qwen/Qwen3-ASR-0.6B', 'transcription'],
    ['gpt-4o-mini-transcribe', 'transcription'],
    ['x/z-image-turbo', 'image'],
    ['x/flux2-klein:9b', 'image'],
    ['black-forest-labs/FLUX.1-schnell', 'image'],
    ['sd3-medium', 'image'],
    ['sd3.5-large', 'image'],
    ['stabilityai/stable-diffusion-xl-base-1.0', 'image'],
    ['sd-cpp-local', 'image'],
    ['Qwen/Qwen-Image', 'image'],
    ['dall-e-3', 'image'],
    ['hexgrad/Kokoro-82M', 'speech'],
    ['tts-1-hd', 'speech'],
    ['dinov2-vit-s14', 'image-embedding'],
    ['siglip2-base', 'image-embedding'],
    ['clip-vit-b32', 'image-embedding'],
    ['llama3.2:1b', null],
    ['qwen3-coder:30b', null],
    ['deepseek-r1:8b', null],
    ['influx-assistant', null],
    ['llava:7b', null],
    ['gemma3:4b', null],
  ])('%s: %s', (name, capability) => {
    expect(mediaByName(name)).toBe(capability);
  });
});

describe('who chats', () => {
  test.each<[string, readonly Capability[] | undefined, boolean]>([
    ['llama3', undefined, false],
    ['llama3', [], false],
    ['nomic-embed-text', undefined, true],
    ['whisper-1', undefined, true],
    // The server's word beats the name.
    ['whisper-chat', ['chat'], false],
    ['m', ['image'], true],
    ['m', ['embedding', 'chat'], false],
  ])('%s with %j never: %s', (name, capabilities, expected) => {
    expect(neverChats({ name, ...(capabilities === undefined ? {} : { capabilities }) })).toBe(expected);
  });
});

describe('who may serve', () => {
  test('a picture is asked of no text model, a recording of no image model', () => {
    expect(mayServe({ name: 'llava:7b', capabilities: ['chat', 'vision'] }, 'image')).toBe(false);
    expect(mayServe({ name: 'x/z-image-turbo' }, 'transcription')).toBe(false);
    expect(mayServe({ name: 'x/z-image-turbo' }, 'image', true)).toBe(true);
  });

  test('what nobody knows may be tried, unless it must be certain', () => {
    expect(mayServe({ name: 'studio' }, 'image')).toBe(true);
    expect(mayServe({ name: 'studio' }, 'image', true)).toBe(false);
    expect(mayServe(undefined, 'image')).toBe(true);
    expect(mayServe(undefined, 'image', true)).toBe(false);
  });

  test('chat and embeddings are asked of whoever is named', () => {
    expect(mayServe({ name: 'x/z-image-turbo', capabilities: ['image'] }, 'chat')).toBe(true);
    expect(mayServe({ name: 'llama3', capabilities: ['chat'] }, 'embedding')).toBe(true);
  });
});
