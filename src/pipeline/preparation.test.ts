import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { agentConversations, promptOf, sharedPart } from '../../test/fakes/agent-conversations.ts';
import { RouterError } from '../core/errors.ts';
import type { ChatRequest } from '../core/request.ts';
import { dialects } from '../dialects/index.gen.ts';
import { createPreparation, type PreparationTerms } from './preparation.ts';
import type { Prepared, ServingBackend } from './pipeline.ts';

const never = new AbortController().signal;
const known = new Map(dialects.filter((one) => one.kind === 'inference').map((one) => [one.id, one]));

function preparation(terms: Partial<PreparationTerms> = {}) {
  const fetch = () => Promise.reject(new RouterError('internal', 'nothing is fetched here'));
  return createPreparation({ overflow: 'trim', stablePrefix: true, pictures: { fetch, timeoutMs: 1000, clock: new FakeClock() }, ...terms });
}

/** As much of a backend as its address and its dialects. */
function backend(url: string, speaks: readonly string[], local?: boolean): ServingBackend {
  return { settings: { id: 'b', url }, kind: { speaks, local } } as unknown as ServingBackend;
}

const ollama = backend('http://192.168.1.5:11434', ['openai-chat', 'ollama-chat']);
const cloud = backend('https://api.example.com', ['openai-chat', 'ollama-chat', 'anthropic-messages']);

function decode(dialect: string, body: unknown): ChatRequest {
  const request = known.get(dialect)?.decodeRequest(typeof body === 'string' ? body : JSON.stringify(body));
  if (request?.task !== 'chat') throw new Error(`${dialect} is no dialect for chat`);
  return request;
}

function encoded(request: ChatRequest, dialect: string): Record<string, unknown> {
  return JSON.parse(known.get(dialect)?.encodeRequest(request, { model: 'm' }).body ?? '{}') as Record<string, unknown>;
}

function rolesIn(prepared: Prepared | null): readonly string[] {
  return prepared?.request.task === 'chat' ? prepared.request.messages.map((message) => message.role) : [];
}

function now(prepared: Prepared | Promise<Prepared>): Prepared {
  if (prepared instanceof Promise) throw new Error('nothing had to be waited for');
  return prepared;
}

describe.each(agentConversations)('$agent', ({ dialect, bodies, rules }) => {
  const later = bodies.slice(1);

  /** What each of the requests shares with the one after it, as the backend gets them. */
  function shares(spoken: string, stablePrefix: boolean): readonly number[] {
    const { prepare } = preparation({ stablePrefix });
    const prompts = bodies.map((body) => promptOf(encoded(now(prepare(decode(dialect, body), ollama, never)).request as ChatRequest, spoken)));
    return prompts.slice(1).map((prompt, index) => sharedPart(prompts[index] ?? '', prompt));
  }

  test.each([...new Set([dialect, 'openai-chat', 'ollama-chat'])])('each request begins with nearly all of the one before, spoken as %s', (spoken) => {
    expect(Math.min(...shares(spoken, true))).toBeGreaterThanOrEqual(0.99);
    expect(shares(spoken, true)).toHaveLength(later.length);
  });

  test(rules.length === 0 ? 'it is so without the rules, too' : 'it is not so without the rules', () => {
    const least = Math.min(...shares(dialect, false));
    if (rules.length === 0) expect(least).toBeGreaterThanOrEqual(0.99);
    else expect(least).toBeLessThan(0.99);
  });

  test('the trace lists the rules that found something', () => {
    const { prepare } = preparation();
    const named = bodies.map((body) => now(prepare(decode(dialect, body), ollama, never)).rewrites);
    expect([...new Set(named.flat())].toSorted()).toEqual([...rules].toSorted());
  });
});

describe('a stable prefix', () => {
  const text = '{ "model":"m", "seed" : 12345678901234567890123,\n "messages": [{"role":"system","content":"Current time: 18:00:31\\nBe br\\u0069ef."},{"role":"user","content":"Hi"}] , "x":1.0}';

  test('leaves every byte of the wire outside of the rewritten texts', () => {
    const { request, rewrites } = now(preparation().prepare(decode('openai-chat', text), ollama, never));
    expect(request.wire).toBe(text.replace('"Current time: 18:00:31\\nBe br\\u0069ef."', '"Be brief."').replace('"Hi"', '"Hi\\n\\n[Current time: 18:00:31]"'));
    expect(rewrites).toEqual(['clock-time']);
    expect(request).toMatchObject({ messages: [{ role: 'system', content: [{ text: 'Be brief.' }] }, { role: 'user', content: [{ text: 'Hi\n\n[Current time: 18:00:31]' }] }] });
  });

  test.each([
    ['a service of others', cloud, true, text],
    ['stablePrefix: false', ollama, false, text],
    ['nothing to rewrite', ollama, true, '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Current time: 18:00:31"}]}'],
  ])('%s: the very same request', (_why, to, stablePrefix, body) => {
    const request = decode('openai-chat', body);
    const prepared = now(preparation({ stablePrefix }).prepare(request, to, never));
    expect(prepared.request).toBe(request);
    expect(prepared.rewrites).toEqual([]);
  });

  test.each([
    ['its kind says so', backend('https://gpu.example.com', ['openai-chat'], true), ['clock-time']],
    ['it is this machine', backend('http://localhost:1234/v1', ['openai-chat']), ['clock-time']],
    ['it is a container beside', backend('http://vllm:8000', ['openai-chat']), ['clock-time']],
    ['it is out there', backend('https://gpu.example.com', ['openai-chat']), []],
  ])('a backend is local when %s', (_why, to, rewrites) => {
    expect(now(preparation().prepare(decode('openai-chat', text), to, never)).rewrites).toEqual(rewrites);
  });

  test('a prompt without a chat template is nobody’s but the caller’s', () => {
    const request = decode('openai-completions', { prompt: 'Current time: 18:00:31\nBe brief.' });
    expect(now(preparation().prepare(request, ollama, never)).request).toBe(request);
  });

  test('looking at 100 kB in which there is nothing to do takes next to no time', () => {
    const line = 'You are a coding agent; read src/queue.ts:12 before you edit, and answer in the current language. ';
    const said = Array.from({ length: 40 }, (_, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: line.repeat(20) }));
    const request = decode('openai-chat', { messages: [{ role: 'system', content: line.repeat(300) }, ...said] });
    const { prepare } = preparation();
    const best = Math.min(...Array.from({ length: 7 }, () => {
      const start = performance.now();
      for (let count = 0; count < 200; count += 1) prepare(request, ollama, never);
      return ((performance.now() - start) / 200) * 1000;
    }));
    expect(request.wire.length).toBeGreaterThan(100_000);
    // The bound is 20 µs; a machine that does other work as well is given some more.
    expect(best).toBeLessThan(60);
  });
});

describe('a picture by its address', () => {
  const body = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/1.png' } }] }] };
  const fetch = () => Promise.resolve({ mediaType: 'image/png', data: 'AAAA' });
  const terms = { pictures: { fetch, timeoutMs: 1000, clock: new FakeClock() } };

  test.each([
    ['a server of one’s own', ollama, true],
    ['a service of others in the caller’s API', cloud, false],
    ['a service of others in another API that takes addresses', backend('https://api.example.com', ['anthropic-messages']), false],
    ['a service of others that only takes pictures', backend('https://ollama.example.com', ['ollama-chat']), true],
  ])('for %s', async (_what, to, fetched) => {
    const request = decode('openai-chat', body);
    const prepared = await preparation(terms).prepare(request, to, never);
    expect(prepared.rewrites).toEqual(fetched ? ['picture-fetch'] : []);
    if (!fetched) expect(prepared.request).toBe(request);
    else expect(prepared.request.wire).toContain('data:image/png;base64,AAAA');
  });

  test('goes together with what the rules do to the front', async () => {
    const prepared = await preparation(terms).prepare(decode('openai-chat', { messages: [{ role: 'system', content: 'Current time: 18:00' }, { role: 'system', content: 'Be brief.' }, ...body.messages] }), ollama, never);
    expect(prepared.rewrites).toEqual(['picture-fetch', 'clock-time']);
    expect(JSON.parse(prepared.request.wire)).toEqual({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }, { type: 'text', text: '[Current time: 18:00]' }] }] });
  });
});

describe('trimming', () => {
  const overflow = (numbers: { promptTokens?: number; contextTokens?: number }) => new RouterError('context_overflow', 'too long', { overflow: numbers });
  const words = (count: number) => 'word '.repeat(count);
  /** Turns of about 250 tokens each, by our own count. */
  const body = {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: `one ${words(200)}` },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'result' },
      { role: 'assistant', content: 'done' },
      { role: 'system', content: 'Mind the tests.' },
      { role: 'user', content: `two ${words(200)}` },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: `three ${words(200)}` },
    ],
  };

  test('drops whole turns, oldest first, with their calls and results, and never a system message', () => {
    const { shorten } = preparation();
    const shorter = shorten(decode('openai-chat', body), overflow({ promptTokens: 1000, contextTokens: 1000 }));
    expect(shorter?.request.wire).toBe(JSON.stringify({ ...body, messages: [body.messages[0], ...body.messages.slice(5)] }));
    expect(shorter).toMatchObject({ rewrites: ['context_trim'], headers: { 'x-oar-dropped-messages': '4' } });
    expect(rolesIn(shorter)).toEqual(['system', 'system', 'user', 'assistant', 'user']);
  });

  test('as many as it takes by the numbers of the backend, which counts otherwise', () => {
    const { shorten } = preparation();
    const dropped = (numbers: { promptTokens?: number; contextTokens?: number }) => shorten(decode('openai-chat', body), overflow(numbers))?.headers?.['x-oar-dropped-messages'];
    expect(dropped({ promptTokens: 5000, contextTokens: 4800 })).toBe('4');
    expect(dropped({ promptTokens: 5000, contextTokens: 2400 })).toBe('6');
    expect(dropped({ contextTokens: 800 })).toBe('4');
    expect(dropped({})).toBe('6');
  });

  test('goes on where it stopped, and counts all that was dropped', () => {
    const { shorten } = preparation();
    const once = shorten(decode('openai-chat', body), overflow({ promptTokens: 1000, contextTokens: 1000 }));
    const twice = shorten(once?.request as ChatRequest, overflow({ promptTokens: 800, contextTokens: 700 }));
    expect(twice?.headers).toEqual({ 'x-oar-dropped-messages': '6' });
    expect(shorten(twice?.request as ChatRequest, overflow({ promptTokens: 800, contextTokens: 700 }))).toBeNull();
  });

  test('three times at most', () => {
    const { shorten } = preparation();
    let request = decode('openai-chat', { messages: Array.from({ length: 40 }, (_, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: words(50) })).slice(0, -1) });
    let rounds = 0;
    for (let shorter = shorten(request, overflow({ promptTokens: 101, contextTokens: 130 })); shorter !== null; shorter = shorten(request, overflow({ promptTokens: 101, contextTokens: 130 }))) {
      request = shorter.request as ChatRequest;
      rounds += 1;
    }
    expect(rounds).toBe(3);
  });

  test('a request that was made shorter before it was placed keeps saying so', () => {
    const { shorten, prepare } = preparation();
    const shorter = shorten(decode('openai-chat', body), overflow({ contextTokens: 800 }));
    expect(now(prepare(shorter?.request as ChatRequest, ollama, never))).toMatchObject({ rewrites: ['context_trim'], headers: { 'x-oar-dropped-messages': '4' } });
  });

  test('a result that a user answers himself stays with its call, in Anthropic’s shape too', () => {
    const anthropic = {
      model: 'm',
      max_tokens: 10,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: words(200) },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'read', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'x' }, { type: 'text', text: 'and now?' }] },
        { role: 'assistant', content: 'done' },
        { role: 'user', content: 'thanks' },
      ],
    };
    const shorter = preparation().shorten(decode('anthropic-messages', anthropic), overflow({}));
    expect(shorter?.request.wire).toBe(JSON.stringify({ ...anthropic, messages: anthropic.messages.slice(4) }));
    expect(rolesIn(shorter)).toEqual(['system', 'user']);
  });

  test('the items of a responses request go the same way', () => {
    const input = [
      { role: 'user', content: words(200) },
      { type: 'function_call', call_id: 'c1', name: 'read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'x' },
      { role: 'assistant', content: 'done' },
      { role: 'user', content: 'thanks' },
    ];
    const shorter = preparation().shorten(decode('openai-responses', { model: 'm', input }), overflow({}));
    expect(shorter?.request.wire).toBe(JSON.stringify({ model: 'm', input: input.slice(4) }));
  });

  test.each([
    ['the default is to refuse', { overflow: 'reject' } as const, 'openai-chat', body],
    ['there is one turn only', {}, 'openai-chat', { messages: [body.messages[0], ...body.messages.slice(1, 5)] }],
    ['it is one prompt', {}, 'ollama-generate', { model: 'm', prompt: words(200) }],
    ['it has no chat template', {}, 'openai-completions', { model: 'm', prompt: words(200) }],
  ])('nothing is dropped when %s', (_why, terms, dialect, from) => {
    expect(preparation(terms).shorten(decode(dialect, from), overflow({ promptTokens: 1000, contextTokens: 10 }))).toBeNull();
  });
});
