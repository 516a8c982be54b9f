import { expect, test } from 'vitest';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { dialect } from './ollama-generate.ts';
import { dialect as openAi } from './openai-chat.ts';
import { dialect as completions } from './openai-completions.ts';

const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ model: 'm', prompt: 'Why?', ...body }));

test('a prompt is a conversation of one message', () => {
  expect(ask({ system: 'Be brief.', images: ['iVBORw0KGgo='] })).toMatchObject({
    stream: true,
    tools: [],
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Why?' }, { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }] },
    ],
  });
});

test('a recorded stream', () => {
  const decoder = dialect.decodeResponse({ stream: true, relay: false });
  const parts = [...decoder.push(readWire('ollama-generate.ndjson')), ...decoder.end()];
  expect(parts.map((part) => (part.type === 'text-delta' ? part.text : part.type))).toEqual(['Thank', ' you', ',', 'finish']);
  expect(parts.at(-1)).toMatchObject({ reason: 'length', usage: { promptTokens: 11, completionTokens: 3 } });
});

test('an empty prompt only loads or unloads, and needs an Ollama backend', () => {
  for (const body of ['{"model":"m"}', '{"model":"m","prompt":"","keep_alive":0,"system":"x"}']) {
    const request = dialect.decodeRequest(body);
    expect(request.messages).toEqual([]);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(body);
    expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  }
});

test.each([{ template: '{{ .Prompt }}' }, { context: [1, 2] }])('%j is kept for Ollama and refused elsewhere', (own) => {
  const request = ask(own);
  expect(request.extra).toEqual(own);
  expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param: Object.keys(own)[0] }) }));
});

test.each([
  [{ raw: true }, { prompt: 'Why?' }, 'prompt'],
  [{ suffix: 'end' }, { prompt: 'Why?', suffix: 'end' }, 'suffix'],
  [{ raw: true, suffix: 'end' }, { prompt: 'Why?', suffix: 'end' }, 'suffix'],
])('%j is a raw prompt: no chat API takes it, the completions API does', (own, raw, param) => {
  const request = ask({ ...own, options: { num_predict: 3 } });
  expect(request.raw).toEqual(raw);
  expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param }) }));
  expect(JSON.parse(completions.encodeRequest(request, { model: 'm' }).body)).toEqual({ model: 'm', ...raw, stream: true, stream_options: { include_usage: true }, max_tokens: 3 });
});

test.each([
  [{ system: 'Be brief.' }, 'system'],
  [{ images: ['iVBORw0KGgo='] }, 'images'],
  [{ format: 'json' }, 'format'],
  [{ think: true }, 'think'],
])('beside a raw prompt, %j is refused by the completions API', (own, param) => {
  expect(() => completions.encodeRequest(ask({ raw: true, ...own }), { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param }) }));
});

test('a completions caller is served: its prompt passes without a template, a gap with the one for gaps', () => {
  const from = (body: object) => JSON.parse(dialect.encodeRequest(completions.decodeRequest(JSON.stringify(body)), { model: 'm' }).body);
  expect(from({ prompt: 'def f(', max_tokens: 5, logprobs: 2 })).toEqual({ model: 'm', prompt: 'def f(', raw: true, stream: false, options: { num_predict: 5 }, logprobs: true, top_logprobs: 2 });
  expect(from({ prompt: 'def f(', suffix: 'return x', stream: true })).toEqual({ model: 'm', prompt: 'def f(', suffix: 'return x', stream: true });
  expect(() => from({ prompt: '' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param: 'prompt' }) }));
});

test('without a prompt there is nothing raw: the model is only loaded', () => {
  expect(ask({ prompt: '', raw: true, suffix: 'end' })).toMatchObject({ messages: [] });
  expect(ask({ prompt: '', raw: true, suffix: 'end' }).raw).toBeUndefined();
});

test('fields that ask for nothing are no obstacle', () => {
  expect(JSON.parse(openAi.encodeRequest(ask({ raw: false, suffix: '', template: '', context: [] }), { model: 'm' }).body).messages).toEqual([{ role: 'user', content: 'Why?' }]);
});

test('only a single prompt with a system text can be said here', () => {
  const from = (body: object) => JSON.parse(dialect.encodeRequest(openAi.decodeRequest(JSON.stringify(body)), { model: 'm' }).body);
  const user = { role: 'user', content: 'x' };
  const system = { role: 'system', content: 's' };
  expect(from({ messages: [system, user] })).toEqual({ model: 'm', system: 's', prompt: 'x', stream: false });
  for (const messages of [[user, user], [system, system, user], [user, { role: 'assistant', content: 'y' }], [{ role: 'assistant', content: 'y' }], [system]]) {
    expect(() => from({ messages })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  }
  expect(() => from({ messages: [user], tools: [{ type: 'function', function: { name: 'f' } }] })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
});

test.each([[{ prompt: 5 }, 'prompt'], [{ images: 'x' }, 'images'], [{ system: [] }, 'system'], [{ raw: 1 }, 'raw'], [{ suffix: 1 }, 'suffix']])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});
