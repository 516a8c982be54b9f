import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { ChatRequest } from '../core/request.ts';
import type { StreamPart } from '../core/stream.ts';
import { dialect } from '../dialects/openai-responses.ts';
import { driver } from '../store/memory/index.ts';
import type { KeyValueStore } from '../store/store.ts';
import { createConversations } from './conversations.ts';
import type { InferenceCall } from './pipeline.ts';

const ann = { id: 'ann', principalId: 'ann', kind: 'key', address: '127.0.0.1' } as const;
const bob = { ...ann, id: 'bob', principalId: 'bob' };
const ttlMs = 60_000;

const warnings: unknown[] = [];
let clock: FakeClock;
let store: KeyValueStore;

beforeEach(async () => {
  warnings.length = 0;
  clock = new FakeClock();
  store = (await driver.open({ now: () => clock.now() })).kv;
});

const conversations = (more: { readonly store?: KeyValueStore; readonly maxStored?: number } = {}) => createConversations({ store, clock, ttlMs, maxStored: 10, log: { warn: (fields) => void warnings.push(fields) }, ...more });

const ask = (body: object): ChatRequest => dialect.decodeRequest(JSON.stringify({ model: 'm', input: 'Hello', ...body }));

const said = (text: string): StreamPart[] => [{ type: 'text-delta', text }, { type: 'finish', reason: 'stop', usage: {} }];

/** One answer on its way to its caller; resolves with its id when it may end. */
async function answered(kept: ReturnType<typeof conversations>, number: number, request: ChatRequest, parts: readonly StreamPart[], principal: typeof ann = ann): Promise<string | null> {
  const requestId = `req_${number}`;
  const call: InferenceCall = { requestId, dialect, body: request.wire, plane: 'standalone', principal, signal: new AbortController().signal, receivedAt: 0 };
  const watcher = kept.watch(call, request, { requestId, request, model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 1000, router: null });
  for (const part of parts) watcher?.take(part);
  await watcher?.complete();
  return watcher === null ? null : `resp_${number}`;
}

const refused = (param: string) => expect.objectContaining({ code: 'not_found', status: 404, details: expect.objectContaining({ param }) });

test('a request goes on from all that went before, without the instructions of then and with those of now', async () => {
  const kept = conversations();
  const first = await answered(kept, 1, ask({ instructions: 'Speak Polish.', input: 'Who are you?' }), [{ type: 'reasoning-delta', text: 'Hm.' }, ...said('A model.')]);
  const second = await kept.recall(ask({ instructions: 'Be brief.', input: 'Which?', previous_response_id: first }), ann);
  expect(second.messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Who are you?' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'A model.' }], reasoning: 'Hm.' },
    { role: 'user', content: [{ type: 'text', text: 'Which?' }] },
  ]);
  const third = await answered(kept, 2, second, said('A small one.'));
  expect((await kept.recall(ask({ input: 'Good.', previous_response_id: third }), ann)).messages.map((message) => message.role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
});

test('a result alone finds the name of its tool in the answer that called it', async () => {
  const kept = conversations();
  const id = await answered(kept, 1, ask({}), [{ type: 'tool-call', index: 0, id: 'c0', name: 'weather', arguments: '{}' }, { type: 'finish', reason: 'tool-calls', usage: {} }]);
  const { messages } = await kept.recall(ask({ input: [{ type: 'function_call_output', call_id: 'c0', output: '12°' }], previous_response_id: id }), ann);
  expect(messages.slice(1)).toEqual([{ role: 'assistant', content: [], toolCalls: [{ id: 'c0', name: 'weather', arguments: '{}' }] }, { role: 'tool', toolCallId: 'c0', toolName: 'weather', content: [{ type: 'text', text: '12°' }] }]);
});

test('what is not there is said, and never left out in silence', async () => {
  const kept = conversations();
  const id = await answered(kept, 1, ask({}), said('x'));
  await expect(kept.recall(ask({ previous_response_id: 'resp_9' }), ann)).rejects.toEqual(refused('previous_response_id'));
  await expect(kept.recall(ask({ previous_response_id: 'resp_\u0000' }), ann)).rejects.toEqual(refused('previous_response_id'));
  await expect(kept.recall(ask({ previous_response_id: id }), bob)).rejects.toEqual(refused('previous_response_id'));
  expect(await answered(kept, 2, ask({ store: false }), said('x'))).toBeNull();
  await expect(kept.recall(ask({ previous_response_id: 'resp_2' }), ann)).rejects.toEqual(refused('previous_response_id'));
});

test('an answer is read again as it was, and deleted, by its owner alone', async () => {
  const kept = conversations();
  const id = String(await answered(kept, 1, ask({ metadata: { a: 'b' } }), said('Hi.')));
  expect(JSON.parse((await kept.read(id, ann)) ?? '')).toMatchObject({ id, object: 'response', status: 'completed', metadata: { a: 'b' }, output: [{ content: [{ text: 'Hi.' }] }] });
  expect(await kept.read(id, bob)).toBeNull();
  expect(await kept.forget(id, bob)).toBe(false);
  expect(await kept.forget(id, ann)).toBe(true);
  expect(await kept.forget(id, ann)).toBe(false);
  expect(await kept.read(id, ann)).toBeNull();
  expect(await conversations().read(id, ann)).toBeNull();
});

test('the store has it before the answer ends, so that it is there after a restart', async () => {
  const id = String(await answered(conversations(), 1, ask({}), said('Hi.')));
  expect((await conversations().recall(ask({ previous_response_id: id }), ann)).messages).toHaveLength(3);
});

test('after its time it is gone, from memory too', async () => {
  const kept = conversations();
  const id = String(await answered(kept, 1, ask({}), said('Hi.')));
  clock.advance(ttlMs - 1);
  expect(await kept.read(id, ann)).not.toBeNull();
  clock.advance(1);
  expect(await kept.read(id, ann)).toBeNull();
});

test('an answer that broke off is not kept', async () => {
  const kept = conversations();
  const request = ask({});
  const watcher = kept.watch({ requestId: 'req_1', dialect, body: '', plane: 'standalone', principal: ann, signal: new AbortController().signal, receivedAt: 0 }, request, { requestId: 'req_1', request, model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 0, router: null });
  watcher?.take({ type: 'text-delta', text: 'Half' });
  await watcher?.complete();
  expect(await kept.read('resp_1', ann)).toBeNull();
});

test('no more are kept than allowed; the oldest go', async () => {
  const kept = conversations({ maxStored: 2 });
  for (const number of [1, 2, 3]) await answered(kept, number, ask({}), said('x'));
  await expect.poll(() => conversations().read('resp_1', ann)).toBeNull();
  expect(await Promise.all([1, 2, 3].map(async (number) => (await kept.read(`resp_${number}`, ann)) !== null))).toEqual([false, true, true]);
});

test('a store that cannot write fails no answer: it is remembered until a restart, and the log says so', async () => {
  const broken: KeyValueStore = { ...store, get: (key) => store.get(key), put: () => Promise.reject(new RouterError('store_unavailable', 'Disk full.')) };
  const kept = conversations({ store: broken });
  const id = String(await answered(kept, 1, ask({}), said('Hi.')));
  expect(await kept.read(id, ann)).not.toBeNull();
  expect(warnings).toMatchObject([{ response: id }]);
});

test('parts of earlier answers named by id are put in their place, as one message', async () => {
  const kept = conversations();
  const calls: StreamPart[] = ['weather', 'now'].map((name, index) => ({ type: 'tool-call', index, id: `c${index}`, name, arguments: '{}' }));
  await answered(kept, 1, ask({}), [{ type: 'reasoning-delta', text: 'Hm.' }, { type: 'text-delta', text: 'Let me see.' }, ...calls, { type: 'finish', reason: 'tool-calls', usage: {} }]);
  const { output } = JSON.parse((await kept.read('resp_1', ann)) ?? '') as { output: { id: string }[] };
  const refer = (ids: readonly (string | undefined)[]) => ask({ input: [{ role: 'user', content: 'Hi' }, ...ids.map((id) => ({ type: 'item_reference', id })), { type: 'function_call_output', call_id: 'c1', output: 'noon' }] });
  const all = await kept.recall(refer(output.map((item) => item.id)), ann);
  expect(all.messages).toEqual([
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'Let me see.' }], reasoning: 'Hm.', toolCalls: [{ id: 'c0', name: 'weather', arguments: '{}' }, { id: 'c1', name: 'now', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'c1', toolName: 'now', content: [{ type: 'text', text: 'noon' }] },
  ]);
  const one = await kept.recall(refer([output[3]?.id]), ann);
  expect(one.messages[1]).toEqual({ role: 'assistant', content: [], toolCalls: [{ id: 'c1', name: 'now', arguments: '{}' }] });
  for (const id of ['msg_9_0', 'fc_1_7', 'something']) await expect(kept.recall(refer([id]), ann)).rejects.toEqual(refused('input'));
  await expect(kept.recall(refer([output[0]?.id]), bob)).rejects.toEqual(refused('input'));
});

test('an answer is for the plane it was made through, where the owner is bound to one; what an earlier version kept counts as made through the first', async () => {
  const kept = conversations();
  const id = String(await answered(kept, 1, ask({}), said('x')));
  const through = (plane: 'standalone' | 'runtimeAgent') => ({ principalId: 'ann', plane });
  expect([await kept.read(id, through('runtimeAgent')), await kept.forget(id, through('runtimeAgent'))]).toEqual([null, false]);
  expect(await kept.read(id, through('standalone'))).toContain('"x"');
  await store.put('response:old', JSON.stringify({ owner: 'ann', messages: [], answer: '{"old":1}' }), null);
  expect([await kept.read('old', through('standalone')), await kept.read('old', through('runtimeAgent')), await kept.read('old', bob)]).toEqual(['{"old":1}', null, null]);
});

test('a list tells whose answers there are and of which model, newest first, and nothing that was said', async () => {
  const kept = conversations();
  await store.put('response:old', JSON.stringify({ owner: 'b"ob', messages: [], answer: 'secret' }), null);
  await answered(kept, 1, ask({ input: 'secret' }), said('secret'));
  const rows = await kept.list({ limit: 10 });
  expect(JSON.stringify(rows)).not.toContain('secret');
  expect(rows).toEqual([
    { id: 'resp_1', principalId: 'ann', plane: 'standalone', model: 'm', createdAt: clock.now(), expiresAt: clock.now() + ttlMs, bytes: expect.any(Number) },
    { id: 'old', principalId: 'b"ob', plane: 'standalone', model: null, createdAt: null, expiresAt: null, bytes: expect.any(Number) },
  ]);
  expect((await kept.list({ limit: 10, before: 'resp_1' })).map(({ id }) => id)).toEqual(['old']);
});
