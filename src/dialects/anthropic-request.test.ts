import { expect, test } from 'vitest';
import type { ChatRequest } from '../core/request.ts';
import { dialect } from './anthropic-messages.ts';
import { dialect as ollama } from './ollama-chat.ts';
import { dialect as openAi } from './openai-chat.ts';

const user = { role: 'user', content: 'Hello' };

function ask(body: object): ChatRequest {
  return dialect.decodeRequest(JSON.stringify({ model: 'm', max_tokens: 9, messages: [user], ...body }));
}

function refusal(body: object, to = openAi): unknown {
  try {
    to.encodeRequest(ask(body), { model: 'm' });
    return null;
  } catch (thrown) {
    return thrown;
  }
}

test('a request is read with every kind of block', () => {
  const request = ask({
    system: [{ type: 'text', text: 'One.', cache_control: { type: 'ephemeral' } }, { type: 'text', text: 'Two.' }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'UklGR' } }, { type: 'image', source: { type: 'url', url: 'https://a/b.png' } }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }, { type: 'redacted_thinking', data: 'xyz' }, { type: 'text', text: 'I see.' },
          { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Łódź' } }, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And?' },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'text', text: 'noon' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } }] },
          { type: 'tool_result', tool_use_id: 'toolu_1', content: 'no such city', is_error: true },
        ],
      },
    ],
    metadata: { user_id: 'ada' }, stop_sequences: ['END'], temperature: 0.5, top_p: 0.9, top_k: 5, stream: true,
  });
  expect(request).toMatchObject({ task: 'chat', dialect: 'anthropic-messages', model: 'm', stream: true, includeUsage: true, user: 'ada', router: null });
  expect(request.sampling).toEqual({ maxTokens: 9, stop: ['END'], temperature: 0.5, topP: 0.9, topK: 5 });
  expect(request.messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'One.' }, { type: 'text', text: 'Two.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image', mediaType: 'image/webp', data: 'UklGR' }, { type: 'image-url', url: 'https://a/b.png' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'I see.' }], reasoning: 'Hm.', toolCalls: [{ id: 'toolu_1', name: 'weather', arguments: '{"city":"Łódź"}' }, { id: 'toolu_2', name: 'now', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'toolu_2', toolName: 'now', content: [{ type: 'text', text: 'noon' }, { type: 'image', mediaType: 'image/png', data: 'iVBOR' }] },
    { role: 'tool', toolCallId: 'toolu_1', toolName: 'weather', content: [{ type: 'text', text: 'Error: no such city' }] },
    { role: 'user', content: [{ type: 'text', text: 'And?' }] },
  ]);
});

test('a failed call without a text still says that it failed, and one that says so says it once', () => {
  const result = (content: unknown) => ask({ messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', is_error: true, content }] }] }).messages[0]?.content;
  expect(result(undefined)).toEqual([{ type: 'text', text: 'Error' }]);
  expect(result('<error>gone</error>')).toEqual([{ type: 'text', text: '<error>gone</error>' }]);
});

test.each([
  [{ max_tokens: undefined }, 'max_tokens'], [{ max_tokens: null }, 'max_tokens'], [{ max_tokens: 1.5 }, 'max_tokens'],
  [{ messages: [] }, 'messages'], [{ messages: 'hi' }, 'messages'], [{ messages: [{ content: 'x' }] }, 'messages[0].role'], [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
  [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'], [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
  [{ messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64' } }] }] }, 'messages[0].content[0].source.data'],
  [{ messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages[0].content[0].tool_use_id'],
  [{ messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a' }] }] }, 'messages[0].content[0].name'],
  [{ system: 5 }, 'system'], [{ tools: [{ input_schema: {} }] }, 'tools[0].name'], [{ tool_choice: 'auto' }, 'tool_choice'], [{ tool_choice: { type: 'tool' } }, 'tool_choice.name'],
  [{ thinking: { budget_tokens: 5 } }, 'thinking.type'], [{ metadata: { user_id: 7 } }, 'metadata.user_id'], [{ stop_sequences: [1] }, 'stop_sequences[0]'], [{ temperature: '1' }, 'temperature'],
  [{ output_config: { format: { type: 'json_schema' } } }, 'output_config.format.schema'],
])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});

test.each([
  [{ type: 'enabled', budget_tokens: 1024 }, undefined, { enabled: true, effort: 'low' }],
  [{ type: 'enabled', budget_tokens: 4096 }, undefined, { enabled: true, effort: 'low' }],
  [{ type: 'enabled', budget_tokens: 4097 }, undefined, { enabled: true, effort: 'medium' }],
  [{ type: 'enabled', budget_tokens: 16_384 }, undefined, { enabled: true, effort: 'medium' }],
  [{ type: 'enabled', budget_tokens: 31_999 }, undefined, { enabled: true, effort: 'high' }],
  [{ type: 'enabled' }, undefined, { enabled: true }],
  [{ type: 'enabled', budget_tokens: 31_999 }, 'low', { enabled: true, effort: 'low' }],
  [{ type: 'adaptive' }, undefined, undefined],
  [{ type: 'adaptive' }, 'max', { enabled: true, effort: 'high' }],
  [undefined, 'medium', { enabled: true, effort: 'medium' }],
  [{ type: 'disabled' }, 'high', { enabled: false }],
  [undefined, undefined, undefined],
])('thinking %j with effort %s asks for %j', (thinking, effort, expected) => {
  expect(ask({ thinking, output_config: { effort } }).reasoning).toEqual(expected);
});

test('tools, the choice among them, and formats in each of their forms', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } } };
  const request = ask({ tools: [{ name: 'a', description: 'A.', input_schema: schema, strict: true, cache_control: {} }, { type: 'custom', name: 'b' }], tool_choice: { type: 'any', disable_parallel_tool_use: true } });
  expect(request.tools).toEqual([{ name: 'a', description: 'A.', parameters: schema, strict: true }, { name: 'b' }]);
  expect(request).toMatchObject({ toolChoice: 'required', parallelToolCalls: false });
  expect(ask({ tool_choice: { type: 'tool', name: 'a' } })).toMatchObject({ toolChoice: { name: 'a' } });
  expect([ask({ tool_choice: { type: 'auto' } }).toolChoice, ask({ tool_choice: { type: 'none' } }).toolChoice]).toEqual(['auto', 'none']);
  expect(ask({ tool_choice: { type: 'auto' } })).not.toHaveProperty('parallelToolCalls');
  const format = { type: 'json_schema', schema };
  for (const body of [{ output_config: { format } }, { output_format: format }]) expect(ask(body).responseFormat).toEqual({ type: 'json-schema', schema });
});

test('what only this API does is passed on to it, and refused by others', () => {
  const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 };
  const document = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } };
  const cases: readonly (readonly [object, string])[] = [
    [{ tools: [search, { name: 'a', input_schema: {} }] }, 'tools'],
    [{ tool_choice: { type: 'someday' } }, 'tool_choice'],
    [{ output_config: { format: { type: 'grammar' } } }, 'output_config'],
    [{ mcp_servers: [{ type: 'url', url: 'https://a', name: 'b' }] }, 'mcp_servers'],
    [{ messages: [{ role: 'user', content: [document] }] }, 'messages'],
    [{ messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'file_1' } }] }] }, 'messages'],
    [{ messages: [{ role: 'critic', content: 'x' }] }, 'messages'],
  ];
  for (const [body, param] of cases) {
    for (const to of [openAi, ollama]) expect(refusal(body, to)).toMatchObject({ code: 'unsupported_feature', details: { param } });
    const request = ask(body);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(request.wire);
  }
  expect(refusal({ context_management: { edits: [] }, service_tier: 'auto', betas: ['x'], container: null, mcp_servers: [] })).toBeNull();
});

test('to its own API nothing goes that the caller did not write, and the router object stays here', () => {
  const request = ask({ router: { priority: 'high' } });
  expect(dialect.encodeRequest(request, { model: 'm', keepAlive: '5m', contextLength: 4096 })).toEqual({ path: '/v1/messages', rewrites: [], body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [user] }) });
  expect(request.router).toMatchObject({ priority: 'high', allowAsync: true });
});
