import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ggufOf } from '../../../test/fakes/archives.ts';
import { chooseFromStore, inOrderOfChoice, weightsLayer } from './ollama-store.ts';

let store = '';
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'oar-store-'));
});
afterEach(() => rmSync(store, { recursive: true, force: true }));

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

function manifest(digest: string, size: number): string {
  return JSON.stringify({ schemaVersion: 2, config: { digest: digestOf('0'), size: 5 }, layers: [{ mediaType: 'application/vnd.ollama.image.template', digest: digestOf('1'), size: 9 }, { mediaType: 'application/vnd.ollama.image.model', digest, size }] });
}

function add(name: string, letter: string, content: Buffer, claimedBytes = content.length): void {
  const [model = '', tag = ''] = name.split(':');
  const path = join(store, 'manifests', 'registry.ollama.ai', 'library', model, tag);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, manifest(digestOf(letter), claimedBytes));
  mkdirSync(join(store, 'blobs'), { recursive: true });
  writeFileSync(join(store, 'blobs', `sha256-${letter.repeat(64)}`), content);
}

const chat = (padding: number) => Buffer.concat([ggufOf({ 'general.architecture': 'qwen3' }), Buffer.alloc(padding)]);

test('the weights are the layer of the model type', () => {
  expect(weightsLayer(manifest(digestOf('a'), 42))).toEqual({ digest: digestOf('a'), sizeBytes: 42 });
});

test.each(['', 'not json', '[]', '{"layers":"none"}', '{"layers":[null,{"mediaType":"application/vnd.ollama.image.model","digest":"../../etc/passwd","size":1}]}'])('a manifest without weights is null: %s', (text) => {
  expect(weightsLayer(text)).toBeNull();
});

test('SmolLM2 first, then the smallest; nothing of 3 GB or more, nothing for embeddings', () => {
  const model = (name: string, sizeBytes: number) => ({ name, sizeBytes, path: name });
  const models = [model('qwen3:0.6b', 500), model('llama3:70b', 3_000_000_000), model('nomic-embed-text:latest', 100), model('smollm2:360m', 700), model('gemma3:270m', 300)];
  expect(inOrderOfChoice(models).map(({ name }) => name)).toEqual(['smollm2:360m', 'gemma3:270m', 'qwen3:0.6b']);
});

test('the smallest whole chat model of a store is chosen', async () => {
  add('tiny:latest', 'a', Buffer.concat([ggufOf({ 'general.architecture': 'nomic-bert' })]));
  add('halfway:latest', 'b', chat(10), 99_999);
  add('notgguf:latest', 'c', Buffer.from('something else'));
  add('qwen3:0.6b', 'd', chat(2000));
  add('qwen3:1.7b', 'e', chat(4000));
  expect(await chooseFromStore(store)).toMatchObject({ name: 'qwen3:0.6b', path: join(store, 'blobs', `sha256-${'d'.repeat(64)}`) });
});

test('a store that is not there has nothing', async () => {
  expect(await chooseFromStore(join(store, 'missing'))).toBeNull();
});
