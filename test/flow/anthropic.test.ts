/** The Anthropic API on either side: its callers over every kind of server, its servers for every kind of caller. */
import { describe, expect, test } from 'vitest';
import type { FakeBackend, Step } from '../fakes/backend.ts';
import { ask, call, chat, expectAtRest, fakeServer, faultsOf, type Json, objectIn, ollamaChat, ollamaGenerate, openAi, payloadsIn, routerWith, until } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

const messages = '/v1/messages';
const short = { timeouts: { connectMs: 1000, firstByteMs: 300, idleMs: 80, totalMs: 0 } };
const hello = (more: Json = {}): Json => ({ model: 'a:1b', max_tokens: 64, messages: [{ role: 'user', content: 'Hello there' }], ...more });

type Software = 'ollama' | 'llama-server' | 'vllm' | 'anthropic';

function entry(id: string, fake: FakeBackend, more: Json = {}): Json {
  const { software } = fake.catalogue;
  return { id, kind: software === 'ollama' || software === 'anthropic' ? software : 'openai', url: fake.url, ...more };
}

async function start(software: Software, config: Json = {}, more: Json = {}) {
  const backend = await fakeServer({ software, models: ['a:1b'] });
  return { backend, router: await routerWith({ backends: [entry('main', backend, more)], ...config }) };
}

interface Said {
  readonly blocks: Json[];
  readonly stop: unknown;
  readonly usage: Json;
}

/** The message that a stream adds up to. */
function gathered(text: string): Said {
  const blocks: (Json & { pieces?: string })[] = [];
  let stop: unknown = null;
  let usage: Json = {};
  for (const event of payloadsIn(text.replace(/^event:.*\n/gm, '')).map(objectIn) as (Json & { index: number; delta: Json; usage: Json; content_block: Json; message: { usage: Json } })[]) {
    const block = blocks[event.index];
    if (event.type === 'message_start') usage = event.message.usage;
    else if (event.type === 'content_block_start') blocks[event.index] = { ...event.content_block };
    else if (event.type === 'content_block_delta' && block) {
      if (event.delta.type === 'input_json_delta') block.pieces = `${block.pieces ?? ''}${String(event.delta.partial_json)}`;
      else for (const key of ['text', 'thinking']) if (key in event.delta) block[key] = `${String(block[key])}${String(event.delta[key])}`;
    } else if (event.type === 'message_delta') {
      stop = event.delta.stop_reason;
      usage = { ...usage, ...event.usage };
    }
  }
  return { blocks: blocks.map(({ pieces, ...block }) => (pieces === undefined ? block : { ...block, input: JSON.parse(pieces) })), stop, usage };
}

function told(text: string): Json {
  const { error, request_id: requestId } = objectIn(payloadsIn(text.replace(/^event:.*\n/gm, '')).at(-1) ?? '') as { error?: { type: string; message: string; details: Json }; request_id?: string };
  return { ...error?.details, type: error?.type, message: error?.message, requestId };
}

const textOf = (said: Said): string => said.blocks.map((block) => String(block.text ?? '')).join('');

describe.each(['ollama', 'llama-server', 'anthropic'] as const)('an Anthropic caller over %s', (software) => {
  test('a stream and a whole answer say the same: thinking, text, calls, counts', async () => {
    const { backend, router } = await start(software);
    backend.script('a:1b', { reasoning: 'Hm.', chunks: ['One ', 'twö ', '☃'], toolCalls: [{ name: 'weather', arguments: { city: 'Łódź' }, id: 'toolu_7' }, { name: 'now', arguments: {}, id: 'toolu_8' }], usage: { promptTokens: 7, completionTokens: 3 }, finish: software === 'anthropic' ? 'tool_use' : 'tool_calls' });
    const streamed = await ask(router, messages, hello({ stream: true }));
    expect([streamed.status, streamed.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const said = gathered(streamed.text);
    const signature = software === 'anthropic' ? expect.any(String) : '';
    const input = (name: string, given: object, id: string) => ({ type: 'tool_use', id, name, input: given });
    expect(said.blocks).toEqual([{ type: 'thinking', thinking: 'Hm.', signature }, { type: 'text', text: 'One twö ☃' }, input('weather', { city: 'Łódź' }, 'toolu_7'), input('now', {}, 'toolu_8')]);
    expect(said).toMatchObject({ stop: 'tool_use', usage: { input_tokens: 7, output_tokens: 3 } });
    const { body, headers } = await ask(router, messages, hello());
    expect(body).toMatchObject({ type: 'message', role: 'assistant', model: 'a:1b', content: said.blocks.map((block) => (block.type === 'thinking' ? { ...block, signature } : block)), stop_reason: 'tool_use', usage: { input_tokens: 7, output_tokens: 3 } });
    expect(body.id).toBe(software === 'anthropic' ? 'msg_fake' : `msg_${headers.get('x-oar-request-id')}`);
    await expectAtRest(router);
  });

  test('a conversation with tools, images and failed results is put in the server\'s own words', async () => {
    const { backend, router } = await start(software);
    const body = hello({
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } }] },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 's' }, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Łódź' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'no such city', is_error: true }, { type: 'text', text: 'Well?' }] },
      ],
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: 'weather' },
      betas_of_tomorrow: { a: 1 },
    });
    expect((await ask(router, `${messages}?beta=true`, body)).status).toBe(200);
    const [sent] = backend.requests;
    if (software === 'anthropic') {
      expect(sent).toMatchObject({ path: messages, text: JSON.stringify(body) });
      return;
    }
    expect(sent).toMatchObject({
      path: openAi,
      body: {
        max_tokens: 64,
        tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
        tool_choice: { type: 'function', function: { name: 'weather' } },
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBOR' } }] },
          { role: 'assistant', reasoning_content: 'Hm.', tool_calls: [{ id: 'toolu_1', function: { name: 'weather', arguments: '{"city":"Łódź"}' } }] },
          { role: 'tool', tool_call_id: 'toolu_1', content: 'Error: no such city' },
          { role: 'user', content: 'Well?' },
        ],
      },
    });
    expect(sent?.text).not.toMatch(/betas_of_tomorrow|cache_control/);
  });

  const four: Step = { chunks: ['one ', 'two ', 'three ', 'four '], chunkDelayMs: 0 };

  test.each(['cut', 'half-line', 'error-in-stream', 'stall'] as const)('%s: the stream ends with an error event, and never with message_stop', async (fault) => {
    const { backend, router } = await start(software, {}, short);
    backend.script('a:1b', { ...four, fault });
    const { status, text, headers } = await ask(router, messages, hello({ stream: true }));
    expect(status).toBe(200);
    expect('one two three four ').toContain(textOf(gathered(text)));
    expect(textOf(gathered(text))).toMatch(/^one/);
    expect(text).not.toContain('"message_stop"');
    expect(text.match(/^event: error$/gm)).toHaveLength(1);
    expect(text.endsWith('\n\n')).toBe(true);
    if (fault === 'error-in-stream') expect(told(text).message).toContain('the model runner has stopped');
    else expect(told(text)).toMatchObject({ type: 'api_error', error_code: 'stream_interrupted', requestId: headers.get('x-oar-request-id') });
    if (fault === 'stall') await backend.waitForAborts(1);
    await backend.waitForIdle();
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });

  const failures: readonly (readonly [string, Step, number, string, RegExp])[] = [
    ['status 500', { status: 500 }, 502, 'api_error', /scripted status 500/],
    ['status 429', { status: 429 }, 503, 'overloaded_error', /busy/],
    ['status 529', { status: 529 }, software === 'anthropic' ? 503 : 502, software === 'anthropic' ? 'overloaded_error' : 'api_error', /scripted status 529/],
    ['status 400', { status: 400 }, 400, 'invalid_request_error', /refused/],
    ['something that is not HTTP', { fault: 'garbage' }, 502, 'api_error', /not HTTP/],
    ['silence', { fault: 'hang' }, 504, 'timeout_error', /did not begin/],
    ['an answer without a byte', { fault: 'empty' }, 502, 'api_error', /before it began|empty body/],
    ['an answer that is no JSON', { fault: 'not-json' }, 502, 'api_error', /before it began|not a JSON object/],
  ];
  test.each(failures)('%s is an error in the API\'s envelope', async (_what, step, status, type, message) => {
    // A server that is busy is asked again until the request may wait no longer.
    const { backend, router } = await start(software, { router: { holdMs: 100 } }, short);
    backend.script('a:1b', step);
    for (const stream of [true, false]) {
      const answer = await ask(router, messages, hello({ stream }));
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({ type: 'error', error: { type, message: expect.stringMatching(message) }, request_id: answer.headers.get('x-oar-request-id') });
      if (status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await expectAtRest(router);
  });

  test('before the first word nobody notices that another server had to be asked', async () => {
    const start = 'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":1}}}\n\nevent: ping\ndata: {"type": "ping"}\n\n';
    const overloaded = software === 'anthropic' ? `${start}event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n` : 'data: {"error":{"message":"no memory"}}\n\n';
    const steps: readonly Step[] = [{ fault: 'refuse' }, { status: 500 }, { fault: 'hang' }, { body: overloaded, headers: { 'content-type': 'text/event-stream' } }, { body: software === 'anthropic' ? start : ': ping\n\n', headers: { 'content-type': 'text/event-stream' } }];
    for (const step of steps) {
      const [bad, good] = await Promise.all([fakeServer({ software, models: ['a:1b'] }), fakeServer({ software, models: ['a:1b'] })]);
      const router = await routerWith({ backends: [entry('bad', bad, { priority: 1, ...short }), entry('good', good, short)] });
      bad.script('a:1b', step);
      const { text, headers } = await ask(router, messages, hello({ stream: true }));
      expect([textOf(gathered(text)), headers.get('x-oar-backend'), headers.get('x-oar-attempts')]).toEqual(['Hello from a:1b.', 'good', '2']);
      expect(text.match(/"message_start"/g)).toHaveLength(1);
      await expectAtRest(router);
    }
  });

  test.each([[true, { fault: 'stall', ...four }], [true, { fault: 'hang' }], [false, { fault: 'hang' }]] as const)('a caller that leaves (streamed: %s) ends the work', async (stream, step) => {
    const { backend, router } = await start(software);
    backend.script('a:1b', step);
    const caller = call(router, messages, hello({ stream }));
    await backend.waitForRequests(1);
    if (step.fault === 'stall') await (await caller.answer).body?.getReader().read();
    caller.leave();
    await backend.waitForAborts(1);
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });
});

const wire = 'event: message_start\r\ndata: {"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":1},"x_own":12345678901234567890}}\r\n\r\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Héé \\"error\\""}}\n\nevent: own\ndata:{"x":1.0}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2,"x":null}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n';
const whole = '{"id":"msg_1","type":"message", "content":[{"type":"text","text":"é","citations":null}],"stop_reason":"end_turn","big":12345678901234567890 ,"one":1.0}';

test('between a caller and a server of the API every byte passes, both ways', async () => {
  const { backend, router } = await start('anthropic');
  backend.script('a:1b', { body: wire, headers: { 'content-type': 'text/event-stream' }, times: 1 });
  backend.script('a:1b', { body: whole, times: 1 });
  const odd = `{ "max_tokens":5, "model" : "a:1b","messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":1.024e3},"tools":[{"type":"web_search_20250305","name":"web_search"}],"big":12345678901234567890,"stream":`;
  expect((await ask(router, messages, `${odd}true }`)).text).toBe(wire);
  expect((await ask(router, messages, `${odd}false }`)).text).toBe(whole);
  expect(backend.requests.map((request) => request.text)).toEqual([`${odd}true }`, `${odd}false }`]);
});

describe.each([openAi, ollamaChat, ollamaGenerate])('%s over an Anthropic server', (path) => {
  const body = (more: Json = {}): Json => (path === ollamaGenerate ? { model: 'a:1b', prompt: 'Hello there', stream: false, ...more } : chat({ model: 'a:1b', ...more }));
  const saidIn = (text: string): string => payloadsIn(text).map((payload) => {
    const value = objectIn(payload) as { choices?: { delta?: { content?: string }; message?: { content?: string } }[]; message?: { content?: string }; response?: string };
    const [choice] = value.choices ?? [];
    return choice?.delta?.content ?? choice?.message?.content ?? value.message?.content ?? value.response ?? '';
  }).join('');

  test('streamed and whole, with thinking and counts', async () => {
    const { backend, router } = await start('anthropic');
    backend.script('a:1b', { reasoning: 'Hm.', chunks: ['One ', 'twö ', '☃'], usage: { promptTokens: 7, completionTokens: 3 } });
    for (const stream of [true, false]) {
      const { text, status } = await ask(router, path, body({ stream, ...(path === openAi ? { stream_options: { include_usage: true } } : {}) }));
      expect([status, saidIn(text)]).toEqual([200, 'One twö ☃']);
      expect(text).toMatch(path === openAi ? /"reasoning_content":"Hm\."/ : /"thinking":"Hm\."/);
      expect(text).toMatch(path === openAi ? /"prompt_tokens":7,"completion_tokens":3/ : /"prompt_eval_count":7.*"eval_count":3/);
      expect(backend.requests.at(-1)).toMatchObject({ path: messages, body: { model: 'a:1b', max_tokens: 4096, stream, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello there' }] }] } });
    }
    expect((await ask(router, path, body())).headers.get('x-oar-rewrites')).toBe('max_tokens');
    await expectAtRest(router);
  });

  test.each(['cut', 'half-line', 'error-in-stream', 'stall'] as const)('%s: an answer that breaks off never looks complete', async (fault) => {
    const { backend, router } = await start('anthropic', {}, short);
    backend.script('a:1b', { chunks: ['one ', 'two ', 'three ', 'four '], chunkDelayMs: 0, fault });
    const { text } = await ask(router, path, body({ stream: true }));
    expect(saidIn(text)).toMatch(/^one/);
    expect(text).not.toMatch(/\[DONE\]|"done":true|"finish_reason":"/);
    expect(objectIn(payloadsIn(text).at(-1) ?? '')).toHaveProperty('error');
    await expectAtRest(router);
  });

  test('a caller that leaves ends the work', async () => {
    const { backend, router } = await start('anthropic');
    backend.script('a:1b', { fault: 'hang' });
    const caller = call(router, path, body());
    await backend.waitForRequests(1);
    caller.leave();
    await backend.waitForAborts(1);
    await expectAtRest(router);
  });
});

test('tools of an OpenAI caller over an Anthropic server, there and back', async () => {
  const { backend, router } = await start('anthropic');
  backend.script('a:1b', { toolCalls: [{ name: 'weather', arguments: { city: 'Łódź' }, id: 'toolu_1' }, { name: 'weather', arguments: { city: 'Paris' }, id: 'toolu_2' }], times: 2 });
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];
  const calls = [{ id: 'toolu_1', city: 'Łódź' }, { id: 'toolu_2', city: 'Paris' }].map(({ id, city }) => ({ id, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ city }) } }));
  for (const stream of [true, false]) {
    const { text } = await ask(router, openAi, chat({ model: 'a:1b', tools, stream }));
    const found = payloadsIn(text).flatMap((payload) => (objectIn(payload) as { choices?: { delta?: { tool_calls?: Json[] }; message?: { tool_calls?: Json[] } }[] }).choices ?? []).flatMap((choice) => choice.delta?.tool_calls ?? choice.message?.tool_calls ?? []);
    expect(found).toMatchObject(calls);
  }
  const results = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '12°' }));
  await ask(router, openAi, chat({ model: 'a:1b', tools, messages: [{ role: 'user', content: 'Weather?' }, { role: 'assistant', content: null, tool_calls: calls }, ...results] }));
  expect(backend.requests.at(-1)?.body).toMatchObject({
    messages: [{}, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1' }, { type: 'tool_use', id: 'toolu_2' }] }, { role: 'user', content: [{ tool_use_id: 'toolu_1' }, { tool_use_id: 'toolu_2' }] }],
  });
});

test('what an Anthropic server cannot be told is refused before it is asked', async () => {
  const { backend, router } = await start('anthropic');
  const { status, body } = await ask(router, openAi, chat({ model: 'a:1b', logprobs: true }));
  expect([status, body.error]).toMatchObject([400, { code: 'unsupported_feature', param: 'logprobs' }]);
  expect(backend.received).toBe(0);
});

test('the backend\'s key goes into its own header, and a wrong one is named as the problem', async () => {
  const backend = await fakeServer({ software: 'anthropic', models: ['claude-x'], apiKey: 'sk-ant-right' });
  const right = await routerWith({ backends: [entry('cloud', backend, { apiKey: 'sk-ant-right', headers: { 'anthropic-beta': 'some-feature', 'anthropic-version': '2026-01-01' } })] });
  expect((await ask(right, messages, hello({ model: 'claude-x' }), { authorization: 'Bearer of-the-caller' })).status).toBe(200);
  expect(backend.requests[0]?.headers).toMatchObject({ 'x-api-key': 'sk-ant-right', 'anthropic-beta': 'some-feature', 'anthropic-version': '2026-01-01' });
  expect(backend.requests[0]?.headers).not.toHaveProperty('authorization');
  const wrong = await routerWith({ backends: [entry('cloud', backend, { apiKey: 'sk-ant-wrong', models: ['claude-x'] })] });
  const { text } = await ask(wrong, messages, hello({ model: 'claude-x' }));
  expect(text).not.toContain('sk-ant-wrong');
  const [state] = wrong.fleet.view().backends;
  expect(state?.problem).toMatch(/key for backend cloud was refused.*apiKey/);
});

test('a prompt that is too long for the server is a 400 with both numbers', async () => {
  const { backend, router } = await start('anthropic');
  backend.script('a:1b', { status: 400, body: JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 209353 tokens > 200000 maximum' } }) });
  const { status, body } = await ask(router, messages, hello());
  expect([status, body.error]).toMatchObject([400, { type: 'invalid_request_error', message: expect.stringMatching(/209353.*200000/), details: { error_code: 'context_overflow' } }]);
});

test('Claude Code\'s names are served by whatever an alias says, and its questions beside are answered', async () => {
  const { backend, router } = await start('ollama', { aliases: { 'claude-*': 'a:1b' } });
  const { body, headers } = await ask(router, `${messages}?beta=true`, hello({ model: 'claude-sonnet-4-5-20250929' }), { 'x-api-key': 'any', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a,b' });
  expect([body.model, headers.get('x-oar-requested-model'), headers.get('x-oar-model')]).toEqual(['a:1b', 'claude-sonnet-4-5-20250929', 'a:1b']);
  expect(backend.requests[0]?.body).toMatchObject({ model: 'a:1b' });
  const count = await ask(router, `${messages}/count_tokens?beta=true`, { model: 'claude-opus-4-6', messages: [{ role: 'user', content: 'x'.repeat(400) }] });
  expect([count.status, count.body]).toEqual([200, { input_tokens: 100 }]);
  const greeting = await router.get(messages);
  expect([greeting.status, await greeting.json()]).toEqual([200, { ok: true, service: 'ollama-agent-router', endpoint: messages }]);
  expect((await fetch(`${router.url}${messages}`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(router.url, { method: 'HEAD' })).status).toBe(200);
  expect(backend.received).toBe(1);
});

test('the list of models has the shape of whoever asks', async () => {
  const { router } = await start('ollama');
  const list = async (path: string, headers: Record<string, string> = {}) => (await fetch(`${router.url}${path}`, { headers })).json();
  const version = { 'anthropic-version': '2023-06-01' };
  expect(await list('/v1/models', version)).toMatchObject({ data: [{ type: 'model', id: 'a:1b', display_name: 'a:1b', created_at: expect.stringMatching(/^\d{4}-.*Z$/) }, { id: 'auto' }], has_more: false, first_id: 'a:1b', last_id: 'auto' });
  expect(await list('/v1/models/a:1b', version)).toMatchObject({ type: 'model', id: 'a:1b' });
  expect(await list('/v1/models/none', version)).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  expect(await list('/v1/models')).toMatchObject({ object: 'list', data: [{ object: 'model', id: 'a:1b' }, {}] });
});

test('a request without a model is routed, and its router object sets limits as in any API', async () => {
  const { router } = await start('ollama', { models: [model('a:1b')], routes: { code_fix: ['a:1b'] } });
  const { model: _model, ...rest } = hello({ router: { taskType: 'code_fix' } });
  const { status, headers, body } = await ask(router, messages, rest);
  expect([status, headers.get('x-oar-task-type'), headers.get('x-oar-model'), body.type]).toEqual([200, 'code_fix', 'a:1b', 'message']);
  const wrong = await ask(router, messages, hello({ router: { priority: 'urgent' } }));
  expect([wrong.status, wrong.body]).toMatchObject([400, { type: 'error', error: { type: 'invalid_request_error', details: { param: 'router.priority' } } }]);
});

test('errors of the router itself are in the envelope too', async () => {
  const { router } = await start('ollama');
  const cases: readonly (readonly [unknown, number, string, RegExp])[] = [
    [hello({ model: 'none:1b' }), 404, 'not_found_error', /none:1b/], ['{', 400, 'invalid_request_error', /valid JSON/], [{ model: 'a:1b', messages: [{ role: 'user', content: 'x' }] }, 400, 'invalid_request_error', /max_tokens/],
    [hello({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }), 400, 'invalid_request_error', /tools/],
  ];
  for (const [body, status, type, message] of cases) {
    const answer = await ask(router, messages, body);
    expect([answer.status, answer.body]).toMatchObject([status, { type: 'error', error: { type, message: expect.stringMatching(message) }, request_id: expect.any(String) }]);
  }
});

test('what an answer used is recorded, translated or not, and after an abort', async () => {
  const usageOf = async (software: Software, step: Step, leave = false): Promise<unknown> => {
    const { backend, router } = await start(software);
    backend.script('a:1b', step);
    await leaving(router, leave);
    await expectAtRest(router);
    return router.lines.find((line) => line.message === 'request')?.fields;
  };
  const step: Step = { text: 'Hi', usage: { promptTokens: 7, completionTokens: 3 } };
  for (const software of ['ollama', 'anthropic'] as const) expect(await usageOf(software, step)).toMatchObject({ promptTokens: 7, completionTokens: 3 });
  expect(await usageOf('anthropic', { ...step, chunks: ['a', 'b'], fault: 'stall' }, true)).toMatchObject({ promptTokens: 7 });
});

async function leaving(router: TestRouter, leave: boolean): Promise<void> {
  const caller = call(router, messages, hello({ stream: true }));
  const response = await caller.answer;
  if (!leave) await response.text();
  else {
    await response.body?.getReader().read();
    caller.leave();
  }
}

test.each([[['completion', 'tools'], false], [['completion', 'tools', 'thinking'], true]])('a wish for thinking reaches a model with %j: %s', async (capabilities, reaches) => {
  const fake = await fakeServer({ models: [{ name: 'a:1b', capabilities }] });
  const router = await routerWith({ backends: [entry('main', fake)] });
  await until(() => router.fleet.view().backends[0]?.report?.models[0]?.capabilities !== undefined);
  const answer = await ask(router, messages, { model: 'a:1b', max_tokens: 2048, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: [{ role: 'user', content: 'Hello' }] });
  expect(answer.status).toBe(200);
  expect('reasoning_effort' in (fake.requests.at(-1)?.body ?? {})).toBe(reaches);
  expect(answer.headers.get('x-oar-rewrites')?.includes('thinking') ?? false).toBe(!reaches);
});
