/** The relay of a node, over real sockets: who may use it, what passes, and what happens when either side leaves. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LocalServer } from '../../src/node/node.ts';
import { Relay } from '../../src/node/relay.ts';
import { RelayKeys } from '../../src/node/relay-keys.ts';
import { ServerDoors } from '../../src/node/server-doors.ts';
import type { ServerState } from '../../src/node/server-watch.ts';
import { systemClock } from '../../src/util/system-clock.ts';

let server: Server;
let relay: Relay;
let key: string;
let seen: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const keys = new RelayKeys();

beforeEach(async () => {
  seen = [];
  answer = (incoming, response) => incoming.pipe(response.writeHead(200, { 'content-type': 'text/plain', 'x-own': 'kept' }));
  server = createServer((incoming, response) => {
    seen.push(incoming);
    answer(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  key = keys.keyFor({ name: 'ollama', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  relay = await Relay.listen('127.0.0.1', 0, keys);
});

afterEach(() => {
  relay.close();
  server.closeAllConnections();
  server.close();
});

const url = (path: string) => `http://127.0.0.1:${relay.port}${path}`;
const ask = (path: string, init: RequestInit = {}) => fetch(url(path), { ...init, headers: { authorization: `Bearer ${key}`, ...(init.headers as object | undefined) } });

test('method, path, query, body and headers pass; the key does not', async () => {
  const answered = await ask('/api/chat?x=1&y=%2F', { method: 'POST', body: 'Hello', headers: { 'x-request-id': 'r1' } });
  expect([answered.status, await answered.text(), answered.headers.get('x-own')]).toEqual([200, 'Hello', 'kept']);
  const [{ method, url: path, headers } = {} as IncomingMessage] = seen;
  expect([method, path, headers?.['x-request-id'], headers?.['authorization']]).toEqual(['POST', '/api/chat?x=1&y=%2F', 'r1', undefined]);
  expect(headers?.host).toBe(`127.0.0.1:${(server.address() as AddressInfo).port}`);
});

test('without its key nothing reaches the server, and the connection is closed', async () => {
  for (const authorization of ['', 'Bearer wrong', `Basic ${key}`]) {
    const answered = await fetch(url('/api/tags'), { headers: { authorization } });
    expect([answered.status, answered.headers.get('connection')]).toEqual([401, 'close']);
  }
  expect(seen).toEqual([]);
});

test('connections that strangers only hold open do not keep the router out', async () => {
  expect((await ask('/first')).status).toBe(200);
  const held = Array.from({ length: 600 }, () => connect({ port: relay.port, host: '127.0.0.1', localAddress: '127.0.0.9' }).on('error', () => {}));
  await new Promise<void>((resolve) => held.at(-1)?.once('close', () => resolve()));
  const asked = await Promise.all(Array.from({ length: 20 }, () => ask('/again', { headers: { connection: 'close' } })));
  expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 200));
  for (const socket of held) socket.destroy();
});

test('a request for elsewhere is refused', async () => {
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(relay.port, '127.0.0.1', () => socket.end(`GET http://example.org/api/tags HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`));
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.on('close', () => resolve(text));
  });
  expect(raw).toMatch(/^HTTP\/1\.1 400 /);
  expect(seen).toEqual([]);
});

test('an answer is passed on as it comes, head first', async () => {
  let go = (): void => {};
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    go = () => {
      response.write('one');
      go = () => response.end('two');
    };
  };
  const answered = await ask('/v1/chat/completions');
  const reader = answered.body!.pipeThrough(new TextDecoderStream()).getReader();
  go();
  expect((await reader.read()).value).toBe('one');
  go();
  expect((await reader.read()).value).toBe('two');
  expect((await reader.read()).done).toBe(true);
});

test('an upload is passed on while it still comes, and a chunked body of any method is whole', async () => {
  let first = (_: string): void => {};
  const arrived = new Promise<string>((resolve) => (first = resolve));
  answer = (incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      first(text);
    });
    incoming.on('end', () => response.end(text));
  };
  const call = request(url('/api/delete'), { method: 'DELETE', headers: { authorization: `Bearer ${key}`, 'transfer-encoding': 'chunked' } });
  const answered = new Promise<string>((resolve) => call.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve(text));
  }));
  call.write('half ');
  expect(await arrived).toBe('half ');
  call.end('whole');
  expect(await answered).toBe('half whole');
});

test('when the router leaves, the server is left at once; running requests are counted until then', async () => {
  const left = new Promise<void>((resolve) => {
    answer = (_, response) => {
      response.writeHead(200).write('begun');
      response.on('close', resolve);
    };
  });
  const caller = new AbortController();
  const answered = await ask('/api/generate', { signal: caller.signal });
  expect([answered.status, relay.active]).toEqual([200, 1]);
  const began = performance.now();
  caller.abort();
  await left;
  expect(performance.now() - began).toBeLessThan(100);
  await expect.poll(() => relay.active).toBe(0);
});

test('an answer that breaks off looks broken', async () => {
  answer = (_, response) => {
    response.writeHead(200).write('half');
    setImmediate(() => response.destroy());
  };
  const answered = await ask('/api/generate');
  await expect(answered.text()).rejects.toThrow();
  await expect.poll(() => relay.active).toBe(0);
});

test('a server that is gone is a 502 that says so', async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const answered = await ask('/api/tags');
  expect([answered.status, await answered.json()]).toEqual([502, { error: 'ollama does not answer on its machine.' }]);
});

test('a reader that is slow holds the server back', async () => {
  let written = 0;
  const piece = Buffer.alloc(65_536);
  answer = (_, response) => {
    const more = (): void => {
      while (written < 1e9) {
        written += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
    };
    more();
  };
  const call = request(url('/api/blobs/x'), { headers: { authorization: `Bearer ${key}` } });
  const response = await new Promise<IncomingMessage>((resolve) => call.on('response', resolve).end());
  response.pause();
  let before = -1;
  await expect.poll(() => {
    const still = written === before;
    before = written;
    return still;
  }, { interval: 100, timeout: 5000 }).toBe(true);
  expect(written).toBeLessThan(64 * 1024 * 1024);
  call.destroy();
});

test('one that leaves its address takes no more, and lets what runs end', async () => {
  let end = (): void => {};
  answer = (_, response) => {
    response.writeHead(200).write('begun ');
    end = () => response.end('ended');
  };
  const running = await ask('/api/generate');
  relay.leave();
  await expect(ask('/api/tags')).rejects.toThrow();
  end();
  expect(await running.text()).toBe('begun ended');
});

/** What a node would tell its router of this server, seen from the address `address`. */
function doorsOf(reachable: (url: string) => boolean, relayPort = 0) {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const doors = new ServerDoors({ clock: systemClock, relayPort, terminal: { debug: () => {}, info: say, warn: say } });
  const local: LocalServer = { name: 'ollama', kind: 'ollama', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, probe: () => Promise.reject(new Error('unused')), answersAt: (url) => Promise.resolve(reachable(url)) };
  const up: ServerState = { server: local, status: 'up', report: { models: [{ name: 'a' }], resident: [], version: '1' } };
  const told = async (address: string, state = up) => (await doors.told([state], address, new AbortController().signal))[0];
  return { doors, said, told, up, port: Number(new URL(local.url).port) };
}

test('a server that answers in the router\'s network is told as it is, another one through the relay there', async () => {
  const direct = doorsOf((url) => url === `http://127.0.0.1:${direct.port}`);
  expect(await direct.told('127.0.0.1')).toEqual({ name: 'ollama', kind: 'ollama', port: direct.port, status: 'up', version: '1', models: [{ name: 'a' }], resident: [] });
  const through = await direct.told('127.0.0.3');
  expect(through).toMatchObject({ status: 'up', key: expect.stringMatching(/^oar_relay_/) });
  expect((await fetch(`http://127.0.0.3:${through?.port}/api/tags`, { headers: { authorization: `Bearer ${through?.key}` } })).status).toBe(200);
  await expect(fetch(`http://127.0.0.1:${through?.port}/api/tags`)).rejects.toThrow();
  direct.doors.close();
});

test('in another network the relay moves to the new address, under the same key', async () => {
  const { doors, told } = doorsOf(() => false);
  const before = await told('127.0.0.3');
  const after = await told('127.0.0.4');
  expect(after?.key).toBe(before?.key);
  await expect(fetch(`http://127.0.0.3:${before?.port}/api/tags`)).rejects.toThrow();
  expect((await fetch(`http://127.0.0.4:${after?.port}/api/tags`, { headers: { authorization: `Bearer ${after?.key}` } })).status).toBe(200);
  doors.close();
});

test('a relay port that is taken is said once, and the server is not offered until it is free', async () => {
  const { doors, told, said } = doorsOf(() => false, relay.port);
  for (let time = 0; time < 3; time += 1) expect(await told('127.0.0.1')).toMatchObject({ status: 'down', problem: expect.stringContaining('EADDRINUSE') });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/--relay-port/);
  relay.close();
  await expect.poll(async () => (await told('127.0.0.1'))?.status).toBe('up');
  doors.close();
});

test('a server that has died is told as down, where it was', async () => {
  const { doors, told, up } = doorsOf(() => false);
  const before = await told('127.0.0.1');
  expect(await told('127.0.0.1', { ...up, status: 'down', problem: 'gone' })).toMatchObject({ port: before?.port, key: before?.key, status: 'down', problem: 'gone' });
  expect(await told('127.0.0.1', { ...up, status: 'unknown' })).toBeUndefined();
  doors.close();
});
