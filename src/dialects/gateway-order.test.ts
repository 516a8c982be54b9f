import { expect, test } from 'vitest';
import { readGatewayOrder } from './gateway-order.ts';
import { readOpenAiChatRequest } from './openai-chat-request.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const order = (more: object = {}, request: object = { messages }) => JSON.stringify({ selectedModel: 'coder:7b', request, ...more });

test('the request reaches its model byte for byte, but for the model and the router object', () => {
  const request = '{ "model" : "auto", "messages":[{"role":"user","content":"caf\\u00e9"}],\n "seed":12345678901234567890, "future": 1.0 }';
  const { requestFor } = readGatewayOrder(`{"selectedModel":"coder:7b", "request": ${request} }`);
  const sent = requestFor('coder:7b', 'sync');
  expect(sent.startsWith(request.replace('"auto"', '"coder:7b"').slice(0, -1))).toBe(true);
  expect(readOpenAiChatRequest(sent)).toMatchObject({ model: 'coder:7b', router: { mode: 'sync', allowAsync: false } });
});

test('the gateway decides the mode and the model; the limits of the request stay', () => {
  const router = { mode: 'async', allowAsync: true, preferredModels: ['node-2/x'], forbiddenModels: ['coder:7b'], maxQueueTimeMs: 7, maxExecutionTimeMs: 9, requireGpuOnly: true, taskType: 'triage' };
  const { requestFor } = readGatewayOrder(order({}, { messages, router }));
  expect(readOpenAiChatRequest(requestFor('coder:7b', 'sync')).router).toEqual({ mode: 'sync', allowAsync: false, taskType: 'triage', preferredModels: [], forbiddenModels: [], maxQueueTimeMs: 7, maxExecutionTimeMs: 9, requireGpuOnly: true });
  expect(readOpenAiChatRequest(requestFor('coder:7b', 'async')).router).toMatchObject({ mode: 'async', allowAsync: true });
});

test.each([
  [{ priority: 'high', routerDecision: { priority: 'low' } }, { priority: 'normal' }, 'high'],
  [{ routerDecision: { priority: 'low' } }, { priority: 'normal' }, 'low'],
  [{ priority: null, routerDecision: null }, { priority: 'high' }, 'high'],
  [{}, {}, undefined],
])('priority of %o over %o is %s', (more, router, expected) => {
  const read = readGatewayOrder(order(more, { messages, router }));
  expect([read.priority, readOpenAiChatRequest(read.requestFor('m', 'sync')).router?.priority]).toEqual([expected, expected]);
});

test.each([
  [{ classification: { taskType: 'code_fix', complexity: 'heavy', confidence: 0.5 }, routerDecision: { taskType: 'triage' } }, 'code_fix', 'heavy'],
  [{ routerDecision: { taskType: 'of-our-own', score: 250, reason: 'Selected by Kong', more: [1] } }, 'of-our-own', 'medium'],
  [{ classification: {} }, undefined, 'medium'],
  [{ classification: { taskType: 'x'.repeat(1000) } }, 'x'.repeat(100), 'medium'],
])('what it is about: %o', (more, taskType, complexity) => {
  expect(readGatewayOrder(order(more))).toMatchObject({ complexity, ...(taskType === undefined ? {} : { taskType }) });
  if (taskType === undefined) expect(readGatewayOrder(order(more))).not.toHaveProperty('taskType');
});

test.each([
  ['[]', undefined],
  ['{"request":{}}', 'selectedModel'],
  [order({ selectedModel: '' }), 'selectedModel'],
  [order({ selectedModel: 7 }), 'selectedModel'],
  ['{"selectedModel":"m"}', 'request'],
  [order({ request: 'hello' }), 'request'],
  [order({ priority: 'urgent' }), 'priority'],
  [order({ routerDecision: { priority: 1 } }), 'routerDecision.priority'],
  [order({ classification: { complexity: 'huge' } }), 'classification.complexity'],
  [order({}, { messages, stream: 'yes' }), 'request.stream'],
  [order({}, { messages, router: { priority: 'urgent' } }), 'request.router.priority'],
])('%s is refused, naming the field', (text, param) => {
  expect(() => readGatewayOrder(text)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining(param === undefined ? {} : { param }) }));
});

test('of a member that stands there twice the last counts', () => {
  const { requestFor } = readGatewayOrder('{"selectedModel":"m","request":{"messages":[]},"request":{"messages":[{"role":"user","content":"last"}]}}');
  expect(JSON.parse(requestFor('m', 'sync'))).toMatchObject({ messages: [{ content: 'last' }] });
});

test('depth and odd names break nothing', () => {
  const deep = `${'['.repeat(100_000)}{}${']'.repeat(100_000)}`;
  const text = `{"selectedModel":"m","__proto__":{"priority":"high"},"constructor":1,"request":{"messages":[{"role":"user","content":"x"}],"extra":${deep},"__proto__":{"stream":true}}}`;
  const read = readGatewayOrder(text);
  expect([read.stream, read.priority]).toEqual([false, undefined]);
  expect(read.requestFor('m', 'sync')).toContain(deep);
});
