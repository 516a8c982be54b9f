import { describe, expect, test } from 'vitest';
import { RouterError } from '../../src/core/errors.ts';
import type { StreamPart, TokenLogprob } from '../../src/core/stream.ts';
import type { AnswerContext, InferenceDialect } from '../../src/dialects/dialect.ts';
import { dialects } from '../../src/dialects/index.gen.ts';
import { chat } from '../fakes/brain.ts';
import { kits } from './dialect-kits.ts';
import { type Answer, type Asked, type Gap, type Kit, samplePng, type ToolSketch, type Turn } from './kits/kit.ts';

const chatting = dialects.filter((dialect): dialect is InferenceDialect => dialect.kind === 'inference' && dialect.task === 'chat');
const inference = chatting.filter((dialect) => kits[dialect.id] !== undefined);
const pairs = inference.flatMap((caller) => inference.map((backend) => [caller.id, backend.id, caller, backend] as const));

function kitOf(dialect: InferenceDialect): Kit {
  const kit = kits[dialect.id];
  if (!kit) throw new Error(`kits/ has no kit for ${dialect.id}`);
  return kit;
}

function contextOf(stream: boolean, more: Partial<AnswerContext> = {}): AnswerContext {
  return { requestId: 'r1', request: chat(''), model: 'm:1b', stream, relay: false, includeUsage: true, createdAt: 1_767_225_600_123, router: null, ...more };
}

const toBytes = (piece: string | Uint8Array | null): Uint8Array => (piece === null ? new Uint8Array() : Buffer.from(piece));

/** Everything an encoder writes for these parts. */
function encode(dialect: InferenceDialect, parts: readonly StreamPart[], context: AnswerContext): Buffer {
  const encoder = dialect.encodeResponse(context);
  return Buffer.concat([...parts.map((part) => toBytes(encoder.push(part))), toBytes(encoder.end())]);
}

function decode(dialect: InferenceDialect, bytes: Uint8Array, size: number, options: { stream: boolean; relay: boolean }): StreamPart[] {
  const decoder = dialect.decodeResponse(options);
  const parts: StreamPart[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(...decoder.push(bytes.subarray(at, at + size)));
  return [...parts, ...decoder.end()];
}

const logprobs: TokenLogprob[] = [
  { token: 'a', logprob: -0.25, bytes: [97], top_logprobs: [{ token: 'a', logprob: -0.25, bytes: [97] }, { token: 'b', logprob: -2.5 }] },
  { token: '🐢', logprob: -1, bytes: null },
];
const usage = { promptTokens: 11, completionTokens: 7 };
const finish = (reason: Extract<StreamPart, { type: 'finish' }>['reason']): StreamPart => ({ type: 'finish', reason, usage });
const text = (value: string): StreamPart => ({ type: 'text-delta', text: value });

interface Case {
  readonly parts: readonly StreamPart[];
  readonly expected: (kit: Kit, backend: Kit) => Partial<Answer>;
}

const call = (index: number, name: string, given: string): StreamPart => ({ type: 'tool-call', index, id: `c${index}`, name, arguments: given });

const answers: Readonly<Record<string, Case>> = {
  'text with any character': {
    parts: [text('Zażółć '), text('🐢\u2028"\\n"'), text('\ndata: [DONE]\n\n{"done":true}\n\nevent: message_stop\n\n'), finish('stop')],
    expected: ({ stops }) => ({ text: 'Zażółć 🐢\u2028"\\n"\ndata: [DONE]\n\n{"done":true}\n\nevent: message_stop\n\n', end: stops.stop, calls: [], reasoning: '' }),
  },
  'nothing at all': { parts: [finish('stop')], expected: ({ stops }) => ({ text: '', calls: [], end: stops.stop }) },
  'tags of thinking inside text are left alone': { parts: [text('<think>x</think>y'), finish('stop')], expected: () => ({ text: '<think>x</think>y', reasoning: '' }) },
  'reasoning before text': {
    parts: [{ type: 'reasoning-delta', text: 'Hm, ' }, { type: 'reasoning-delta', text: 'żółw.' }, text('Yes'), finish('length')],
    expected: ({ stops }) => ({ reasoning: 'Hm, żółw.', text: 'Yes', end: stops.length }),
  },
  'several tool calls': {
    parts: [text('Let me see.'), call(0, 'weather', '{"city":"Łódź","done":true}'), call(1, 'now', '{}'), call(2, 'weather', '{"city":"Paris"}'), finish('tool-calls')],
    expected: ({ stops }) => ({
      text: 'Let me see.',
      calls: [{ name: 'weather', arguments: { city: 'Łódź', done: true } }, { name: 'now', arguments: {} }, { name: 'weather', arguments: { city: 'Paris' } }],
      end: stops.toolCalls,
    }),
  },
  'text and tool calls in turn': {
    parts: [text('One'), call(0, 'now', '{"in":1}'), { type: 'reasoning-delta', text: 'Hm.' }, text(', two'), call(1, 'now', '{"in":2}'), finish('tool-calls')],
    expected: ({ stops }) => ({ text: 'One, two', reasoning: 'Hm.', calls: [{ name: 'now', arguments: { in: 1 } }, { name: 'now', arguments: { in: 2 } }], end: stops.toolCalls }),
  },
  'a content filter': {
    parts: [text('No'), finish('content-filter')],
    expected: ({ stops }, backend) => ({ text: 'No', end: backend.stops.contentFilter === backend.stops.stop ? stops.stop : stops.contentFilter }),
  },
  'log probabilities': {
    parts: [{ type: 'text-delta', text: 'a🐢', logprobs }, finish('stop')],
    expected: () => ({ text: 'a🐢', logprobs: [{ token: 'a', logprob: -0.25 }, { token: '🐢', logprob: -1 }] }),
  },
};

/** What is left of an answer when one of the two APIs has no words for some of it. */
function sayable({ end, ...expected }: Partial<Answer>, kit: Kit, backend: Kit): Partial<Answer> {
  const gaps = { ...kit.cannotAnswer, ...backend.cannotAnswer };
  const endKept = end === undefined || (gaps.calls !== undefined && (expected.calls ?? []).length > 0) ? {} : { end };
  return {
    ...expected,
    ...endKept,
    ...(gaps.logprobs !== undefined && expected.logprobs ? { logprobs: [] } : {}),
    ...(gaps.reasoning !== undefined && expected.reasoning ? { reasoning: '' } : {}),
    ...(gaps.calls !== undefined && expected.calls ? { calls: [] } : {}),
  };
}

const answerMatrix = pairs.flatMap(([callerId, backendId, caller, backend]) =>
  Object.entries(answers).flatMap(([name, one]) => [true, false].map((stream) => [callerId, backendId, stream ? 'streamed' : 'whole', name, caller, backend, stream, one] as const)));

test('every dialect has a kit', () => {
  expect(chatting.filter((dialect) => kits[dialect.id] === undefined).map((dialect) => dialect.id)).toEqual([]);
});

describe('an answer of any backend reaches any caller', () => {
  test.each(answerMatrix)('%s from %s, %s: %s', (_caller, _backend, _stream, _name, caller, backend, stream, one) => {
    const kit = kitOf(caller);
    const wire = encode(backend, one.parts, contextOf(stream));
    for (const size of [1, 7, wire.length]) {
      const parts = decode(backend, wire, size, { stream, relay: false });
      const out = encode(caller, parts, contextOf(stream)).toString();
      const answer = stream ? kit.readStream(out) : kit.readBody(out);
      expect(answer).toMatchObject({ ...sayable(one.expected(kit, kitOf(backend)), kit, kitOf(backend)), promptTokens: 11, completionTokens: 7 });
      expect(parts.filter((part) => part.type === 'finish')).toHaveLength(1);
    }
  });
});

const asked: Asked = {
  model: 'asked', stream: true, system: 'Be brief.', user: 'What is this? żółw 🐢', image: samplePng,
  temperature: 0.5, topP: 0.9, topK: 30, seed: 7, stop: ['\n\n', 'END'], maxTokens: 64,
  schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, effort: 'low', topLogprobs: 2, keepAlive: '7m',
};

const turns: readonly Turn[] = [
  { role: 'system', text: 'Use tools.' },
  { role: 'user', text: 'Weather?' },
  { role: 'assistant', text: '', calls: [{ name: 'weather', arguments: { city: 'Łódź' } }, { name: 'now', arguments: {} }] },
  { role: 'tool', text: '12°', toolName: 'weather' },
  { role: 'tool', text: 'noon', toolName: 'now' },
  { role: 'assistant', text: 'And', calls: [{ name: 'weather', arguments: { city: 'Paris' } }] },
  { role: 'tool', text: '15°', toolName: 'weather' },
];
const tool: ToolSketch = { name: 'weather', description: 'Tells it.', parameters: { type: 'object', properties: { city: { type: 'string' } } } };

const gapsOf = (kit: Kit, outcome?: Gap['outcome']): readonly (keyof Asked)[] =>
  Object.entries(kit.cannotAsk ?? {}).flatMap(([field, gap]) => (outcome === undefined || gap.outcome === outcome ? [field as keyof Asked] : []));

function without(from: Asked, fields: readonly (keyof Asked)[]): Asked {
  return Object.fromEntries(Object.entries(from).filter(([field]) => !fields.includes(field as keyof Asked))) as unknown as Asked;
}

/** What a caller of the one API may say to a backend of the other without being refused. */
function saidTo(caller: Kit, backend: Kit): Asked {
  return without(asked, [...gapsOf(caller), ...gapsOf(backend, 'refused')]);
}

/** Prompts that go to the model as they are only go to a backend that carries such prompts, and nothing else goes where only those are taken. */
const requestPairs = pairs.filter(([, , caller, backend]) => (kitOf(caller).raw !== true || backend.raw === true) && (kitOf(backend).raw !== true || kitOf(caller).raw === true));
const conversationsToRaw = pairs.filter(([, , caller, backend]) => kitOf(caller).raw !== true && kitOf(backend).raw === true);
const refusals = requestPairs.flatMap(([callerId, backendId, caller, backend]) =>
  gapsOf(kitOf(backend), 'refused').filter((field) => !gapsOf(kitOf(caller)).includes(field)).map((field) => [callerId, backendId, field, caller, backend] as const));

test('every gap says why it is one', () => {
  for (const kit of Object.values(kits)) {
    for (const gap of Object.values(kit.cannotAsk ?? {})) expect(gap.why).toMatch(/^[A-Z].*\.$/);
    for (const why of Object.values(kit.cannotAnswer ?? {})) expect(why).toMatch(/^[A-Z].*\.$/);
  }
});

describe('a request of any caller reaches any backend', () => {
  test.each(requestPairs)('%s to %s: text, image, sampling, schema, thinking, log probabilities', (_caller, _backend, caller, backend) => {
    const [from, to] = [kitOf(caller), kitOf(backend)];
    const said = saidTo(from, to);
    for (const stream of [true, false]) {
      const request = caller.decodeRequest(JSON.stringify(from.write({ ...said, stream })));
      expect(request).toMatchObject({ model: 'asked', stream });
      const wire = backend.encodeRequest(request, { model: 'served:1b' });
      expect(to.read(JSON.parse(wire.body))).toEqual({ ...without(said, gapsOf(to)), stream, model: 'served:1b' });
      expect(wire).toMatchObject({ path: backend.routes[0]?.path, rewrites: [] });
    }
  });

  test.each(conversationsToRaw)('%s to %s: what is no raw prompt is refused', (_caller, _backend, caller, backend) => {
    const request = caller.decodeRequest(JSON.stringify(kitOf(caller).write({ model: 'm', stream: true, user: 'Hello', maxTokens: 5 })));
    expect(() => backend.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  });

  test.each(refusals)('%s to %s: `%s` is refused rather than left out', (_caller, _backend, field, caller, backend) => {
    const [from, to] = [kitOf(caller), kitOf(backend)];
    const request = caller.decodeRequest(JSON.stringify(from.write({ ...saidTo(from, to), [field]: asked[field] })));
    const { param } = to.cannotAsk?.[field] ?? {};
    expect(() => backend.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param }) }));
  });

  test.each(requestPairs)('%s to %s: several tool calls and their results', (_caller, _backend, caller, backend) => {
    const from = kitOf(caller);
    const to = kitOf(backend);
    if (!from.writeTurns) return;
    const request = caller.decodeRequest(JSON.stringify(from.writeTurns(turns, [tool])));
    if (!to.conversations) {
      expect(() => backend.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
      return;
    }
    const body = JSON.parse(backend.encodeRequest(request, { model: 'm' }).body);
    if (caller !== backend) expect(to.readTurns?.(body)).toEqual(turns);
    expect(to.readTools?.(body)).toEqual([tool]);
  });

  test.each(requestPairs)('%s to %s: what the router decides is put in, and named', (_caller, _backend, caller, backend) => {
    const [from, to] = [kitOf(caller), kitOf(backend)];
    const said = without(saidTo(from, to), ['keepAlive']);
    const request = caller.decodeRequest(JSON.stringify({ ...from.write(said), router: { priority: 'high' } }));
    const wire = backend.encodeRequest(request, { model: 'served', keepAlive: '9m', contextLength: 8192 });
    const sent = JSON.parse(wire.body);
    expect(sent).not.toHaveProperty('router');
    expect(to.read(sent)).toEqual({ ...without(said, gapsOf(to)), model: 'served', ...(to.decides.includes('keep_alive') ? { keepAlive: '9m' } : {}) });
    expect(sent.options?.num_ctx).toBe(to.decides.includes('num_ctx') ? 8192 : undefined);
    expect(wire.rewrites).toEqual(to.decides);
  });
});

describe.each(inference.map((dialect) => [dialect.id, dialect] as const))('%s', (_id, dialect) => {
  const kit = kitOf(dialect);
  const streamWire = encode(dialect, [text('Hel'), text('lo 🐢'), finish('stop')], contextOf(true));

  test('a request for a backend of the same dialect keeps its bytes', () => {
    const body = `{ "zz": 12345678901234567890, "t":1.0, "model" : "m",${JSON.stringify(kit.write({ ...asked, model: 'x' })).slice(1, -1).replace('"model":"x",', '')}, "unknown":{"a":1,"a":2} }\n`;
    const request = dialect.decodeRequest(body);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(body);
    expect(dialect.encodeRequest(request, { model: 'n' }).body).toBe(body.replace('"model" : "m"', '"model" : "n"'));
    expect(request.extra).toMatchObject({ t: 1 });
  });

  test('a relayed stream passes byte for byte in whole lines, with its counts', () => {
    const unknown = Buffer.from(streamWire.toString().replaceAll('"model":', '"x_unknown":[1.0,{"a":"\\u017c"}],"model":'));
    for (const size of [1, 7, unknown.length]) {
      const parts = decode(dialect, unknown, size, { stream: true, relay: true });
      const raw = parts.flatMap((part) => (part.type === 'raw' ? [part.wire] : []));
      expect(encode(dialect, parts, contextOf(true, { relay: true }))).toEqual(unknown);
      for (const piece of raw) expect(toBytes(piece).at(-1)).toBe(10);
      expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop', usage });
    }
  });

  test('chunks that end with a line keep their boundaries', () => {
    const lines = streamWire.toString().split(/(?<=\n)/).map((line) => Buffer.from(line));
    const decoder = dialect.decodeResponse({ stream: true, relay: true });
    for (const line of lines) expect(decoder.push(line)).toEqual([{ type: 'raw', wire: line, content: expect.any(Boolean) }]);
  });

  test('a relayed body passes byte for byte, and carries the router object when one is wanted', () => {
    const body = encode(dialect, [text('Hello'), finish('stop')], contextOf(false)).toString().replace('{', '{ "big": 12345678901234567890,');
    const parts = decode(dialect, Buffer.from(body), 5, { stream: false, relay: true });
    expect(encode(dialect, parts, contextOf(false, { relay: true })).toString()).toBe(body);
    expect(parts.at(-1)).toMatchObject({ type: 'finish', usage });
    const router = { selectedModel: 'm' };
    const marked = encode(dialect, parts, contextOf(false, { relay: true, router: () => router })).toString();
    expect(marked).toBe(`${body.slice(0, -1)},"router":{"selectedModel":"m"}}`);
    expect(JSON.parse(encode(dialect, [finish('stop')], contextOf(false, { router: () => router })).toString())).toMatchObject({ router });
  });

  test.each([[true], [false]])('half a stream never looks complete (relay %s)', (relay) => {
    const outcomes = new Set<boolean>();
    for (let cut = 0; cut <= streamWire.length; cut += 1) {
      const decoder = dialect.decodeResponse({ stream: true, relay });
      const encoder = dialect.encodeResponse(contextOf(true, { relay }));
      const written = decoder.push(streamWire.subarray(0, cut)).map((part) => toBytes(encoder.push(part)));
      let thrown: unknown = null;
      try {
        written.push(...decoder.end().map((part) => toBytes(encoder.push(part))), toBytes(encoder.end()));
      } catch (error) {
        thrown = error;
        expect(error).toBeInstanceOf(RouterError);
        expect(['stream_interrupted', 'backend_protocol']).toContain((error as RouterError).code);
        written.push(Buffer.from(encoder.error(new RouterError('stream_interrupted', 'It broke off.'))));
        expect(kit.readStreamError(Buffer.concat(written).toString())).toBe('It broke off.');
      }
      const complete = kit.looksComplete(Buffer.concat(written).toString());
      expect(complete).toBe(thrown === null);
      outcomes.add(complete);
    }
    expect(outcomes).toEqual(new Set([true, false]));
  });

  test('a failure that the backend reports inside a stream becomes an error with its message', () => {
    const broken = encode(dialect, [text('Once')], contextOf(true)).toString() + dialect.encodeResponse(contextOf(true)).error(new RouterError('backend_failed', 'context shift "ż" is disabled'));
    for (const relay of [true, false]) {
      for (const size of [1, 7, 1000]) {
        const decoder = dialect.decodeResponse({ stream: true, relay });
        const bytes = Buffer.from(broken);
        const parts: StreamPart[] = [];
        for (let at = 0; at < bytes.length; at += size) parts.push(...decoder.push(bytes.subarray(at, at + size)));
        expect(parts.find((part) => part.type === 'error')).toMatchObject({ error: { code: 'backend_failed', message: 'context shift "ż" is disabled' } });
      }
    }
  });

  test.each(['', 'not json', '[1]', '"text"', '{"half":'])('a body that is no JSON object is a protocol error: %s', (body) => {
    for (const relay of [true, false]) {
      expect(() => decode(dialect, Buffer.from(body), 3, { stream: false, relay })).toThrow(expect.objectContaining({ code: 'backend_protocol' }));
    }
  });

  test.each(['not json', '[]', 'null', '', '{"messages":'])('a request that is no JSON object is invalid: %s', (body) => {
    expect(() => dialect.decodeRequest(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test('wrong types are named by their path', () => {
    const base = kit.write(asked);
    const wrong: Readonly<Record<string, object>> = {
      model: { model: 5 },
      stream: { stream: 'yes' },
      router: { router: 1 },
      'router.priority': { router: { priority: 'urgent' } },
      'router.preferredModels[1]': { router: { preferredModels: ['a', 2] } },
      'router.maxExecutionTimeMs': { router: { maxExecutionTimeMs: 0 } },
      'router.allowAsync': { router: { allowAsync: 'no' } },
    };
    for (const [param, field] of Object.entries(wrong)) {
      expect(() => dialect.decodeRequest(JSON.stringify({ ...base, ...field }))).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
    }
  });

  test('the router object is read with its defaults; null members and Lua empty lists are nothing', () => {
    const decodeRouter = (router: unknown) => dialect.decodeRequest(JSON.stringify({ ...kit.write(asked), router })).router;
    expect(decodeRouter(null)).toBeNull();
    expect(decodeRouter({})).toEqual({ allowAsync: true, preferredModels: [], forbiddenModels: [] });
    expect(decodeRouter({ mode: 'async', taskType: 'code_fix', priority: null, preferredModels: {}, forbiddenModels: ['x'], maxQueueTimeMs: 0, requireGpuOnly: true, later: 1 }))
      .toEqual({ mode: 'async', allowAsync: true, taskType: 'code_fix', preferredModels: [], forbiddenModels: ['x'], maxQueueTimeMs: 0, requireGpuOnly: true });
  });

  test('an absent, null or empty model is null', () => {
    const { model: _model, ...rest } = kit.write(asked) as { model: string };
    for (const body of [rest, { ...rest, model: '' }, { ...rest, model: null }]) {
      const request = dialect.decodeRequest(JSON.stringify(body));
      expect(request.model).toBeNull();
      expect(JSON.parse(dialect.encodeRequest(request, { model: 'chosen' }).body)).toMatchObject({ model: 'chosen' });
    }
  });
});
