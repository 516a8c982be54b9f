/** The embedded engine as a user gets it: real weights, real llama.cpp, in its own process. The first run downloads about 180 MB. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { BadRequestError } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFolder } from '../../src/backends/embedded/cache-folder.ts';
import { engineEnvironment, readReadyLine } from '../../src/backends/embedded/engine-settings.ts';
import { engineVersion } from '../../src/backends/embedded/install.ts';
import { type EmbeddedEngine, startEmbeddedEngine } from '../../src/backends/embedded/start-engine.ts';

const root = join(import.meta.dirname, '..', '..');
const cacheDir = cacheFolder(process.env, process.platform, homedir());
const { OAR_EMBEDDED_MODEL: _own, OAR_EMBEDDED_GPU: _gpu, ...env } = process.env;
const warnings: string[] = [];
const returns: string[] = [];
let folder = '';
let childEntry = '';
let engine: EmbeddedEngine;
let client: OpenAI;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'oar-engine-'));
  childEntry = compileEngine();
  engine = await startEmbeddedEngine({
    cacheDir,
    env,
    ollamaStores: [],
    childEntry,
    onProgress: () => {},
    signal: AbortSignal.timeout(800_000),
    log: { info: (_fields, message) => returns.push(message), warn: (fields) => warnings.push(JSON.stringify(fields)) },
  });
  client = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: engine.apiKey, maxRetries: 0, timeout: 60_000 });
});

afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The engine's program alone, so that what is tested is what the sources say now. */
function compileEngine(): string {
  const files = [join(root, 'src', 'backends', 'embedded', 'engine-child.ts')];
  const compilerOptions = { rootDir: join(root, 'src'), outDir: join(folder, 'out'), declaration: false, sourceMap: false, typeRoots: [join(root, 'node_modules', '@types')] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], { stdio: 'inherit' });
  return join(folder, 'out', 'backends', 'embedded', 'engine-child.js');
}

const ask = (text: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
  client.chat.completions.create({ model: engine.modelName, messages: [{ role: 'user', content: text }], ...more });

test('it is listed with its context', async () => {
  expect(engine.modelName).toBe('smollm2:135m');
  const { data } = await client.models.list();
  expect(data).toMatchObject([{ id: 'smollm2:135m', meta: { n_ctx: 4096 } }]);
});

test('a question is answered, with real counts', async () => {
  const answer = await ask('What is the capital of France?', { temperature: 0, max_tokens: 60 });
  expect(answer.choices[0]?.message.content).toContain('Paris');
  expect(answer.choices[0]?.finish_reason).toBe('stop');
  expect(answer.usage?.prompt_tokens).toBeGreaterThan(10);
  expect(answer.usage?.prompt_tokens).toBeLessThan(40);
  expect(answer.usage?.completion_tokens).toBeGreaterThan(3);
});

test('an answer streams in pieces, is cut at the limit, and ends with usage only when asked for', async () => {
  const stream = await client.chat.completions.create({ model: engine.modelName, messages: [{ role: 'user', content: 'Tell me about turtles.' }], stream: true, stream_options: { include_usage: true }, max_tokens: 30 });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
  expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content).length).toBeGreaterThan(10);
  expect(chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])).toEqual(['length']);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 30 } });
  expect(chunks.slice(0, -1).every((chunk) => !chunk.usage)).toBe(true);
});

test('what was said before is known, and only what was said before', async () => {
  const question = { role: 'user', content: 'What is the secret word?' } as const;
  const before = [{ role: 'user', content: 'The secret word is banana.' }, { role: 'assistant', content: 'I will remember: the secret word is banana.' }] as const;
  const answerTo = async (messages: readonly OpenAI.ChatCompletionMessageParam[]) =>
    (await client.chat.completions.create({ model: engine.modelName, temperature: 0, max_tokens: 40, messages: [...messages] })).choices[0]?.message.content;
  expect(await answerTo([...before, question])).toContain('banana');
  expect(await answerTo([question])).not.toContain('banana');
});

test('a seed repeats itself, a stop text ends the answer and is not in it', async () => {
  const sampled = { seed: 7, temperature: 1, max_tokens: 25 };
  const [one, two] = [await ask('Write a poem.', sampled), await ask('Write a poem.', sampled)];
  expect(two.choices[0]?.message.content).toBe(one.choices[0]?.message.content);
  const stopped = await ask('What is the capital of France?', { temperature: 0, stop: ['Paris'] });
  expect(stopped.choices[0]?.message.content).toContain('capital');
  expect(stopped.choices[0]?.message.content).not.toContain('Paris');
  expect(stopped.choices[0]?.finish_reason).toBe('stop');
});

test('JSON is JSON, and a schema is kept', async () => {
  const plain = await ask('Answer with a JSON object that has the one key "capital": what is the capital of France?', { response_format: { type: 'json_object' }, max_tokens: 300, temperature: 0 });
  expect(plain.choices[0]?.finish_reason).toBe('stop');
  expect(JSON.parse(plain.choices[0]?.message.content ?? '')).toBeTypeOf('object');
  const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 30 }, size: { enum: ['small', 'big'] }, rivers: { type: 'array', items: { type: 'string', maxLength: 20 }, maxItems: 2 } }, required: ['city', 'size', 'rivers'], additionalProperties: false };
  const strict = await ask('Describe Paris.', { response_format: { type: 'json_schema', json_schema: { name: 'city', strict: true, schema } }, max_tokens: 300 });
  const value = JSON.parse(strict.choices[0]?.message.content ?? '') as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(['city', 'size', 'rivers']);
  expect(['small', 'big']).toContain(value['size']);
  expect((value['rivers'] as unknown[]).length).toBeLessThanOrEqual(2);
});

test('a prompt that is too long, tools, another model and a wrong key are refused in words', async () => {
  const long = await ask('word '.repeat(5000)).catch((thrown: unknown) => thrown);
  expect(long).toBeInstanceOf(BadRequestError);
  expect((long as BadRequestError).error).toMatchObject({ type: 'exceed_context_size_error', n_ctx: 4096 });
  expect(((long as BadRequestError).error as { n_prompt_tokens: number }).n_prompt_tokens).toBeGreaterThan(5000);
  await expect(ask('x', { tools: [{ type: 'function', function: { name: 'f' } }] })).rejects.toMatchObject({ status: 400, type: 'unsupported_feature' });
  await expect(ask('x', { model: 'llama3' })).rejects.toMatchObject({ status: 404 });
  expect((await fetch(`${engine.url}/v1/models`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
});

test('requests wait for each other, and one who leaves in the middle of a long prompt makes way at once', async () => {
  const leaver = new AbortController();
  const left = client.chat.completions.create({ model: engine.modelName, messages: [{ role: 'user', content: 'other '.repeat(3500) }] }, { signal: leaver.signal }).catch((thrown: unknown) => thrown);
  const behind = ask('Hi', { max_tokens: 3 });
  setTimeout(() => leaver.abort(), 500);
  expect(await left).toBeInstanceOf(OpenAI.APIUserAbortError);
  const leftAt = performance.now();
  expect((await behind).usage?.completion_tokens).toBe(3);
  // The long prompt alone takes 20 s and more.
  expect(performance.now() - leftAt).toBeLessThan(5000);
});

test.runIf(process.platform === 'linux')('killed, it is back at the same address within seconds', async () => {
  const processId = processesOf(childEntry)[0] ?? 0;
  expect(processId).toBeGreaterThan(0);
  process.kill(processId, 'SIGKILL');
  await expect.poll(() => returns.length, { timeout: 30_000 }).toBe(1);
  expect(warnings.join()).toContain('SIGKILL');
  expect((await ask('What is the capital of France?', { temperature: 0, max_tokens: 20 })).choices[0]?.message.content).toContain('Paris');
});

function processesOf(program: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      return readFileSync(join('/proc', name, 'cmdline'), 'utf8').split('\0').includes(program);
    } catch {
      return false;
    }
  }).map(Number);
}

test('the engine ends when the router is gone, however it went', async () => {
  const settings = { engineFolder: join(cacheDir, `engine-${engineVersion}`), modelPath: engine.weights.path, modelName: 'm', port: 0, secret: 's', useGpu: false };
  const child = spawn(process.execPath, [childEntry], { env: engineEnvironment(settings, process.env), stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  try {
    await new Promise<void>((resolve) => child.stdout.on('data', (text: Buffer) => text.toString().split('\n').some((line) => readReadyLine(line)) && resolve()));
    child.stdin.destroy();
    expect(await ended).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
});
