import { expect, test } from 'vitest';
import { readModelRequest } from './model-request.ts';

function read(action: Parameters<typeof readModelRequest>[0], body: string, query = '', wanted?: string) {
  return readModelRequest(action, { body, query: new URLSearchParams(query), wanted });
}

const digest = `sha256:${'0a'.repeat(32)}`;

test('a body goes on as it is, byte for byte', () => {
  const body = '{ "name" : "m",\n"insecure":true, "future": {"x": 1.0} }';
  expect(read('pull', body)).toEqual({ action: 'pull', model: 'm', blobs: [], stream: true, targets: { kind: 'choice' }, body });
});

test('the router\'s own fields are taken out of it', () => {
  const { body, targets } = read('pull', '{"targets":["a","b"],"model":"m","backend":"c","node_id":"d","router":{}, "stream": false}');
  expect(JSON.parse(body)).toEqual({ model: 'm', stream: false });
  expect(targets).toEqual({ kind: 'several', names: ['a', 'b'], param: 'targets' });
});

test('names may stand in the query', () => {
  expect(read('delete', '', 'model=m%3A1b')).toMatchObject({ model: 'm:1b', body: '{"model":"m:1b"}' });
  expect(read('copy', '', 'source=a&destination=b')).toMatchObject({ model: 'a', destination: 'b', body: '{"source":"a","destination":"b"}' });
  expect(read('pull', '{"model":""}', 'name=m').body).toBe('{"model":"m"}');
});

test.each([
  ['{"model":"m"}', '', 'a', { kind: 'one', name: 'a', param: 'X-OAR-Backend' }],
  ['{"model":"m","backend":"b"}', '', undefined, { kind: 'one', name: 'b', param: 'backend' }],
  ['{"model":"m","node_id":"n"}', '', undefined, { kind: 'one', name: 'n', param: 'node_id' }],
  ['{"model":"m"}', 'backend=b', undefined, { kind: 'one', name: 'b', param: 'backend' }],
  ['{"model":"m","targets":"all"}', '', undefined, { kind: 'all' }],
  ['{"model":"m"}', 'targets=a,b', undefined, { kind: 'several', names: ['a', 'b'], param: 'targets' }],
  ['{"model":"m","targets":null,"backend":null}', '', '', { kind: 'choice' }],
])('%s with ?%s and the header %s', (body, query, wanted, targets) => {
  expect(read('pull', body, query, wanted).targets).toEqual(targets);
});

test('what a new model is made from', () => {
  expect(read('create', `{"model":"m","from":"base","files":{"a.gguf":"${digest}"},"adapters":{"b.gguf":"${digest}"},"quantize":"q4_K_M"}`)).toMatchObject({ from: 'base', blobs: [digest, digest] });
  expect(read('create', '{"model":"m","files":{"a":"../../etc/passwd"}}').blobs).toEqual([]);
});

test.each([
  ['pull', '{}', 'model'],
  ['pull', '{"model":5}', 'model'],
  ['copy', '{"source":"a"}', 'destination'],
  ['copy', '{"model":"a","destination":"b"}', 'source'],
  ['pull', '{"model":"m","targets":[]}', 'targets'],
  ['pull', '{"model":"m","targets":"a"}', 'targets'],
  ['pull', '{"model":"m","backend":["a"]}', 'backend'],
  ['pull', '[]', undefined],
  ['pull', '{', undefined],
] as const)('%s with %s is refused, naming the field', (action, body, param) => {
  expect(() => read(action, body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining(param === undefined ? {} : { param }) as unknown }));
});
