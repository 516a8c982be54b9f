/** The Vercel AI SDK, unmodified, against the router: text, streams, tools, objects and embeddings over either kind of server. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { backendsOf, fakeServer, routerWith } from '../support/flow-bed.ts';

const softwares = ['ollama', 'llama-server'] as const;

async function start(software: (typeof softwares)[number], handlers: Parameters<typeof fakeServer>[0] = {}) {
  const backend = await fakeServer({ software, models: [{ name: 'small:1b', contextLength: 4096, capabilities: ['completion', 'tools'] }], ...handlers });
  const router = await routerWith({ backends: backendsOf({ main: backend }) });
  const provider = createOpenAICompatible({ name: 'oar', baseURL: `${router.url}/v1`, includeUsage: true });
  return { backend, router, provider };
}

function lastBody(backend: FakeBackend): Record<string, unknown> {
  return backend.requests.at(-1)?.body ?? {};
}

describe.each(softwares)('over %s', (software) => {
  test('a whole text with its usage', async () => {
    const { backend, provider } = await start(software);
    backend.script('small:1b', { text: 'Good day!', usage: { promptTokens: 12, completionTokens: 3 } });
    const answer = await generateText({ model: provider('small:1b'), prompt: 'Greet me.', maxRetries: 0 });
    expect(answer.text).toBe('Good day!');
    expect(answer.finishReason).toBe('stop');
    expect(answer.usage).toMatchObject({ inputTokens: 12, outputTokens: 3 });
  });

  test('a stream, with reasoning apart from the text', async () => {
    const { backend, provider } = await start(software);
    backend.script('small:1b', { reasoning: 'Let me think.', chunks: ['Ärger ', '🎉'], chunkDelayMs: 0, usage: { promptTokens: 5, completionTokens: 2 } });
    const answer = streamText({ model: provider('small:1b'), prompt: 'Go on.', maxRetries: 0 });
    let text = '';
    for await (const piece of answer.textStream) text += piece;
    expect(text).toBe('Ärger 🎉');
    expect(await answer.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 });
    expect(await answer.reasoningText).toBe('Let me think.');
  });

  test('a tool is called, and its result is answered', async () => {
    const { backend, provider } = await start(software);
    backend.script('small:1b', { toolCalls: [{ name: 'weather', arguments: { city: 'Łódź' } }], times: 1 });
    backend.script('small:1b', { text: 'It is 12° there.' });
    const asked: unknown[] = [];
    const weather = tool({
      description: 'Tells the weather.',
      inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
      execute: (input) => {
        asked.push(input);
        return Promise.resolve('12°');
      },
    });
    const answer = await generateText({ model: provider('small:1b'), prompt: 'Weather in Łódź?', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
    expect(asked).toEqual([{ city: 'Łódź' }]);
    expect(answer.text).toBe('It is 12° there.');
    expect(lastBody(backend)['messages']).toMatchObject([{ role: 'user' }, { role: 'assistant', tool_calls: [{ function: { name: 'weather' } }] }, { role: 'tool', content: expect.stringContaining('12°') }]);
  });

  test('an object', async () => {
    const { backend, provider } = await start(software);
    backend.script('small:1b', { text: '{"answer":42}' });
    const answer = await generateObject({ model: provider('small:1b'), prompt: 'Six times seven?', schema: jsonSchema<{ answer: number }>({ type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'] }), maxRetries: 0 });
    expect(answer.object).toEqual({ answer: 42 });
  });

  test('an unknown model is an error with a status and words', async () => {
    const { provider } = await start(software);
    const failed = await generateText({ model: provider('nowhere:7b'), prompt: 'Hello', maxRetries: 0 }).catch((error: unknown) => error);
    expect(APICallError.isInstance(failed)).toBe(true);
    expect(failed).toMatchObject({ statusCode: 404, message: expect.stringContaining('nowhere:7b') });
  });
});

test('embeddings of several values', async () => {
  const vectors = [[0.5, -1], [2, 0.25]];
  const { provider } = await start('llama-server', {
    handlers: {
      'POST /v1/embeddings': (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ object: 'list', model: 'small:1b', data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })), usage: { prompt_tokens: 4, total_tokens: 4 } }));
      },
    },
  });
  const answer = await embedMany({ model: provider.embeddingModel('small:1b'), values: ['a', 'b'], maxRetries: 0 });
  expect(answer.embeddings).toEqual(vectors);
  expect(answer.usage).toEqual({ tokens: 4 });
});
