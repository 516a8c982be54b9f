/** Raw prompts over real sockets: OpenAI's completions API and Ollama's raw generate, to servers of either kind. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { type CompletionScript, completes } from '../fakes/completions.ts';
import { ask, backendsOf, fakeServer, handWritten, routerWith } from '../support/flow-bed.ts';

const path = '/v1/completions';

async function start(software: 'ollama' | 'llama-server', script: CompletionScript) {
  const backend = await fakeServer({ software, models: [{ name: 'small:1b', contextLength: 4096 }], handlers: completes(script) });
  const router = await routerWith({ backends: backendsOf({ main: backend }) });
  return { backend, router, openai: new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 }), ollama: new Ollama({ host: router.url }) };
}

function sent(backend: FakeBackend): { readonly path?: string; readonly body?: Readonly<Record<string, unknown>> | undefined } {
  const last = backend.requests.at(-1);
  return { path: last?.path ?? '', body: last?.body };
}

describe.each(['ollama', 'llama-server'] as const)('a completions caller over %s', (software) => {
  test('a whole text, sent as it was and answered as it came', async () => {
    const { backend, router } = await start(software, { chunks: ['Once ', 'upon ', 'żółw 🐢'] });
    const body = '{ "model":"small:1b", "prompt":"Tell", "max_tokens":5, "zz":1.0, "echo":false }';
    const answer = await ask(router, path, body);
    expect(answer.status).toBe(200);
    expect(sent(backend)).toMatchObject({ path });
    expect(backend.requests[0]?.text).toBe(body);
    expect(answer.body).toMatchObject({ id: 'cmpl-fake', object: 'text_completion', choices: [{ text: 'Once upon żółw 🐢', finish_reason: 'stop' }], usage: { prompt_tokens: 7, completion_tokens: 3 } });
    expect(answer.headers.get('x-oar-backend')).toBe('main');
  });

  test('a stream with its usage, and several prompts that only such a server takes', async () => {
    const { backend, openai } = await start(software, { chunks: ['a', 'b'], finish: 'length' });
    const texts: string[] = [];
    let last: OpenAI.Completion | undefined;
    let end: unknown = null;
    for await (const chunk of await openai.completions.create({ model: 'small:1b', prompt: ['x', 'y'], suffix: 'z', stream: true, stream_options: { include_usage: true } })) {
      expect(chunk.object).toBe('text_completion');
      if (chunk.choices[0]?.text) texts.push(chunk.choices[0].text);
      end = chunk.choices[0]?.finish_reason ?? end;
      last = chunk;
    }
    expect([texts, end]).toEqual([['a', 'b'], 'length']);
    expect(last?.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 2 });
    expect(sent(backend).body).toMatchObject({ prompt: ['x', 'y'], suffix: 'z' });
  });

  test('an answer that breaks off is an error', async () => {
    const { openai } = await start(software, { chunks: ['a', 'b', 'c'], breakAfter: 2 });
    const reading = async (): Promise<void> => {
      for await (const _chunk of await openai.completions.create({ model: 'small:1b', prompt: 'x', stream: true }));
    };
    await expect(reading()).rejects.toThrow(/broke off|interrupted|incomplete/i);
  });
});

describe("Ollama's raw generate over a server of the OpenAI API", () => {
  test('a raw prompt reaches the model without a template', async () => {
    const { backend, ollama } = await start('llama-server', { chunks: ['4', '2'] });
    const answer = await ollama.generate({ model: 'small:1b', prompt: '6 x 7 = ', raw: true, options: { num_predict: 2, temperature: 0 } });
    expect(answer).toMatchObject({ model: 'small:1b', response: '42', done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 2 });
    expect(sent(backend)).toEqual({ path, body: { model: 'small:1b', prompt: '6 x 7 = ', stream: false, max_tokens: 2, temperature: 0 } });
  });

  test('a gap is filled, streamed', async () => {
    const { backend, ollama } = await start('llama-server', { chunks: ['  return', ' n + 1\n'] });
    let text = '';
    for await (const part of await ollama.generate({ model: 'small:1b', prompt: 'def next(n):\n', suffix: '\nprint(next(1))', stream: true })) text += part.response;
    expect(text).toBe('  return n + 1\n');
    expect(sent(backend).body).toMatchObject({ prompt: 'def next(n):\n', suffix: '\nprint(next(1))', stream: true });
  });

  test('without either, the prompt is a message as before; on Ollama all stays as it was', async () => {
    const { backend, ollama } = await start('llama-server', { chunks: ['no'] });
    await ollama.generate({ model: 'small:1b', prompt: 'Hello' });
    expect(sent(backend)).toMatchObject({ path: '/v1/chat/completions', body: { messages: [{ role: 'user', content: 'Hello' }] } });
    const native = await start('ollama', { chunks: ['no'] });
    await native.ollama.generate({ model: 'small:1b', prompt: 'Hello', raw: true });
    expect(sent(native.backend)).toMatchObject({ path: '/api/generate', body: { prompt: 'Hello', raw: true } });
  });

  test('what a raw prompt cannot have beside it is refused by name', async () => {
    const { router, backend } = await start('llama-server', { chunks: ['no'] });
    const answer = await ask(router, '/api/generate', { model: 'small:1b', prompt: 'x', raw: true, system: 'Be brief.' });
    expect([answer.status, String(answer.body['error'])]).toEqual([400, expect.stringContaining('`system`')]);
    expect(backend.requests).toEqual([]);
  });
});

test('a server that has chats only is no place for raw prompts, and the answer says so', async () => {
  const backend = { ...(await handWritten((response) => void response.end('{}'))), kind: 'anthropic' };
  const router = await routerWith({ backends: [backend] });
  const answer = await ask(router, path, { model: 'a:1b', prompt: 'x' });
  expect(answer.status).toBe(501);
  expect(answer.body['error']).toMatchObject({ code: 'not_supported', message: expect.stringContaining('a:1b') });
});
