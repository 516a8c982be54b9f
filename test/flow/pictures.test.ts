import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFetchPicture, type PictureNetwork } from '../../src/app/fetch-picture.ts';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, backendsOf, call, errorIn, expectAtRest, fakeServer, faultsOf, type Json, ollamaChat, openAi, routerWith, until } from '../support/flow-bed.ts';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const publicAddress = '93.184.216.34';

/** A host for pictures under names of its own, which mean a public address and lead to this machine. */
async function pictureHost(answers: Readonly<Record<string, (response: ServerResponse) => void>>, names: Readonly<Record<string, readonly string[]>> = {}) {
  const asked: string[] = [];
  const seen: Json[] = [];
  const left: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.headers.host}${path}`);
    seen.push(request.headers);
    response.on('close', () => void (response.writableFinished || left.push(path)));
    (answers[path] ?? ((one) => one.writeHead(404).end()))(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const connected: string[] = [];
  const network: PictureNetwork = {
    resolve: (host) => Promise.resolve(names[host] ?? [publicAddress]),
    connect: ({ hostname }, callback) => {
      connected.push(hostname);
      const socket = connectTo((server.address() as AddressInfo).port, '127.0.0.1');
      socket.once('connect', () => callback(null, socket)).once('error', (error) => callback(error, null));
    },
  };
  return { asked, seen, left, connected, network };
}

function send(type: string, body: Buffer | string, headers: Record<string, string> = {}): (response: ServerResponse) => void {
  return (response) => void response.writeHead(200, { 'content-type': type, ...headers }).end(body);
}

/** Sends a picture and goes on from there. */
function begin(headers: Record<string, string>, then: (response: ServerResponse) => void): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-type': 'image/png', ...headers });
    response.write(png, () => then(response));
  };
}

function redirect(location: string): (response: ServerResponse) => void {
  return (response) => void response.writeHead(302, { location }).end();
}

interface Bed {
  readonly answers?: Parameters<typeof pictureHost>[0];
  readonly names?: Parameters<typeof pictureHost>[1];
  readonly software?: 'ollama' | 'vllm';
  readonly media?: Json;
}

async function bed({ answers = {}, names = {}, software = 'ollama', media = {} }: Bed) {
  const host = await pictureHost(answers, names);
  const fake = await fakeServer({ software, models: [{ name: 'see:1b', capabilities: ['completion', 'vision'] }] });
  const settings = { allowedHosts: ['pictures.example', '*.cdn.example'], maxBytes: 1000, timeoutMs: 5000, ...media };
  const router = await routerWith({ backends: backendsOf({ one: fake }), media: settings }, { fetchPicture: createFetchPicture(settings, host.network) });
  return { ...host, fake, router };
}

function asking(...urls: readonly string[]): Json {
  return { model: 'see:1b', stream: false, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...urls.map((url) => ({ type: 'image_url', image_url: { url } }))] }] };
}

const sent = (fake: FakeBackend): unknown => (fake.requests.at(-1)?.body?.['messages'] as Json[] | undefined)?.[0]?.['content'];

describe('a picture named by its address', () => {
  test('is fetched from an allowed host and put in its place, byte for byte around it', async () => {
    const { fake, router, asked, seen, connected } = await bed({ answers: { '/a.png?size=1': send('image/png; charset=binary', png) } });
    const address = 'http://pictures.example/a.png?size=1';
    const answer = await ask(router, openAi, asking(address), { authorization: 'Bearer secret', cookie: 'secret=1' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-oar-rewrites')).toBe('picture-fetch');
    expect(fake.requests.at(-1)?.text).toBe(JSON.stringify(asking(`data:image/png;base64,${png.toString('base64')}`)));
    expect(asked).toEqual(['pictures.example/a.png?size=1']);
    expect(connected).toEqual([publicAddress]);
    expect(JSON.stringify(seen)).not.toContain('secret');
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });

  test('follows redirects to hosts that are allowed, three at most', async () => {
    const answers = { '/1': redirect('/2'), '/2': redirect('http://b.cdn.example/3'), '/3': redirect('//a.cdn.example/4'), '/4': send('image/png', png), '/0': redirect('/1') };
    const { router, asked } = await bed({ answers });
    expect((await ask(router, openAi, asking('http://pictures.example/1'))).status).toBe(200);
    expect(asked).toEqual(['pictures.example/1', 'pictures.example/2', 'b.cdn.example/3', 'a.cdn.example/4']);
    const answer = await ask(router, openAi, asking('http://pictures.example/0'));
    expect(answer.status).toBe(400);
    expect(errorIn(answer.body).message).toContain('more than 3 times');
  });

  const refusals: readonly (readonly [string, string, Bed, RegExp])[] = [
    ['of a host that is not allowed', 'http://elsewhere.example/a.png', {}, /media\.allowedHosts/],
    ['of this machine', 'http://127.0.0.1:11434/api/tags', { media: { allowedHosts: ['127.0.0.1:11434'] } }, /private network/],
    ['of a name that means a private address', 'http://pictures.example/a.png', { names: { 'pictures.example': [publicAddress, '192.168.0.1'] } }, /private network/],
    ['that redirects to this machine', 'http://pictures.example/a.png', { answers: { '/a.png': redirect('http://127.0.0.1/secret') }, media: { allowedHosts: ['pictures.example', '127.0.0.1'] } }, /private network/],
    ['that redirects to a name that means a private address', 'http://pictures.example/a.png', { answers: { '/a.png': redirect('http://x.cdn.example/') }, names: { 'x.cdn.example': ['10.0.0.1'] } }, /private network/],
    ['that redirects to a host that is not allowed', 'http://pictures.example/a.png', { answers: { '/a.png': redirect('http://evil.example/') } }, /evil\.example/],
    ['that redirects to a file', 'http://pictures.example/a.png', { answers: { '/a.png': redirect('file:///etc/passwd') } }, /https:\/\//],
    ['with a password', 'http://me:secret@pictures.example/a.png', {}, /password/],
    ['that says it is too large', 'http://pictures.example/a.png', { answers: { '/a.png': send('image/png', Buffer.concat([png, Buffer.alloc(1000)])) } }, /1000 bytes/],
    ['that does not say it is too large', 'http://pictures.example/a.png', { answers: { '/a.png': begin({}, (response) => response.end(Buffer.alloc(2000))) } }, /1000 bytes/],
    ['of a page', 'http://pictures.example/a.png', { answers: { '/a.png': send('text/html', '<html>') } }, /text\/html/],
    ['of a page that says it is a picture', 'http://pictures.example/a.png', { answers: { '/a.png': send('image/png', '<html>') } }, /no PNG/],
    ['of a picture that says it is a page', 'http://pictures.example/a.png', { answers: { '/a.png': send('text/html', png) } }, /text\/html/],
    ['of a drawing', 'http://pictures.example/a.svg', { answers: { '/a.svg': send('image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>') } }, /svg/],
    ['of something compressed', 'http://pictures.example/a.png', { answers: { '/a.png': send('image/png', png, { 'content-encoding': 'gzip' }) } }, /compressed/],
    ['of nothing', 'http://pictures.example/none.png', {}, /status 404/],
    ['that breaks off', 'http://pictures.example/a.png', { answers: { '/a.png': begin({ 'content-length': '500' }, (response) => response.destroy()) } }, /broke off/],
    ['that stays silent', 'http://pictures.example/a.png', { answers: { '/a.png': () => {} }, media: { timeoutMs: 60 } }, /60 ms/],
    ['that trickles', 'http://pictures.example/a.png', { answers: { '/a.png': begin({}, () => {}) }, media: { timeoutMs: 60 } }, /60 ms/],
  ];

  test.each(refusals)('%s: 400 that names the part, and nothing reaches the backend', async (_what, address, terms, message) => {
    const { fake, router } = await bed(terms);
    const answer = await ask(router, openAi, asking('data:image/png;base64,AAAA', address));
    expect(answer.status).toBe(400);
    expect(errorIn(answer.body)).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message), param: 'messages[0].content[2]' });
    expect(fake.received).toBe(0);
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });

  test('without a setting no host is allowed', async () => {
    const fake = await fakeServer({ models: ['see:1b'] });
    const answer = await ask(await routerWith({ backends: backendsOf({ one: fake }) }), openAi, asking('http://127.0.0.1:1/a.png'));
    expect(answer.status).toBe(400);
    expect(errorIn(answer.body).message).toContain('media.allowedHosts');
  });

  test('is fetched for a local server that could fetch it itself, too', async () => {
    const { fake, router } = await bed({ software: 'vllm', answers: { '/a.png': send('image/png', png) } });
    await ask(router, openAi, asking('http://pictures.example/a.png'));
    expect(sent(fake)).toMatchObject([{ type: 'text' }, { image_url: { url: `data:image/png;base64,${png.toString('base64')}` } }]);
  });

  test('a caller who leaves ends the fetching at once', async () => {
    const { fake, router, asked, left } = await bed({ answers: { '/a.png': () => {} } });
    const caller = call(router, openAi, asking('http://pictures.example/a.png'));
    await until(() => asked.length === 1);
    caller.leave();
    await until(() => left.length === 1);
    expect(fake.received).toBe(0);
    await expectAtRest(router);
  });

  test('is fetched once, however many backends are tried', async () => {
    const { asked, network } = await pictureHost({ '/a.png': send('image/png', png) });
    const first = await fakeServer({ models: ['see:1b'] });
    const second = await fakeServer({ models: ['see:1b'] });
    first.script('see:1b', { status: 500 });
    const [one, two] = backendsOf({ first, second });
    const media = { allowedHosts: ['pictures.example'], maxBytes: 1000 };
    const router = await routerWith({ backends: [{ ...one, priority: 10 }, two], media }, { fetchPicture: createFetchPicture(media, network) });
    const answer = await ask(router, openAi, asking('http://pictures.example/a.png'));
    expect([answer.status, answer.headers.get('x-oar-attempts')]).toEqual([200, '2']);
    expect(asked).toHaveLength(1);
    expect([first, second].map(sent)).toEqual([sent(first), sent(first)]);
  });
});

test('pictures that are sent along pass untouched', async () => {
  const { fake, router, asked } = await bed({});
  const data = png.toString('base64');
  await ask(router, openAi, asking(`data:image/png;base64,${data}`));
  expect(sent(fake)).toMatchObject([{ type: 'text' }, { image_url: { url: `data:image/png;base64,${data}` } }]);
  await ask(router, ollamaChat, { model: 'see:1b', stream: false, messages: [{ role: 'user', content: 'x', images: [data] }] });
  expect(fake.requests.at(-1)?.body?.['messages']).toEqual([{ role: 'user', content: 'x', images: [data] }]);
  expect(asked).toEqual([]);
});
