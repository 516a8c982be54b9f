/** The dashboard's files: who gets them, how they are packed, and what they may load. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { accessOf, closed, keyEntry } from '../support/access-bed.ts';
import { routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: number;
}

/** Without unpacking, redirects or cookies of its own. */
function raw(router: TestRouter, path: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    request(`${router.url}${path}`, { headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(parts).toString(), bytes: Buffer.concat(parts).length }));
    }).on('error', reject).end();
  });
}

test('a browser that opens the router is sent to the dashboard, and a program hears that Ollama is running', async () => {
  const router = await routerWith({ backends: [] });
  expect(await raw(router, '/', browser)).toMatchObject({ status: 302, headers: { location: '/dashboard' } });
  for (const accept of ['*/*', 'application/json', '']) expect(await raw(router, '/', accept === '' ? {} : { accept })).toMatchObject({ status: 200, text: 'Ollama is running' });
});

test('who asks for the head of the greeting, as Ollama\'s own client does, needs no key where the greeting needs none', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann')]) });
  for (const accept of ['*/*', 'application/json']) {
    const [get, head] = await Promise.all(['GET', 'HEAD'].map((method) => fetch(`${router.url}/`, { method, headers: { accept } })));
    expect([get?.status, head?.status]).toEqual([200, 200]);
  }
});

test('every address of a view gives the page, in which nothing but its own files may run', async () => {
  const router = await routerWith({ backends: [] });
  for (const path of ['/dashboard', '/dashboard/', '/dashboard/trends', '/dashboard/recommendations?range=7d', '/dashboard/color-states']) {
    const { status, headers, text } = await raw(router, path, browser);
    expect([path, status, headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8']);
    expect(text).toContain('<div id="app">');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(text).not.toMatch(/<script(?![^>]* src=)|https?:\/\/|\sstyle=|\son\w+=/);
  }
});

test('browsers find the mark of the page where they look for it', async () => {
  const router = await routerWith({ backends: [] });
  for (const path of ['/favicon.ico', '/favicon.svg']) {
    const { status, headers } = await raw(router, path, browser);
    expect([path, status]).toEqual([path, 302]);
    expect(await raw(router, String(headers['location']))).toMatchObject({ status: 200, headers: { 'content-type': 'image/svg+xml' } });
  }
});

test('what is not there is not the page: addresses of its API and of its files', async () => {
  const router = await routerWith({ backends: [] });
  for (const path of ['/dashboard/api/nothing', '/dashboard/assets/nothing.js', '/dashbored']) expect((await raw(router, path, browser)).status).toBe(404);
});

/** The addresses of the page's scripts and styles. */
async function assetsOf(router: TestRouter): Promise<readonly string[]> {
  const { text } = await raw(router, '/dashboard');
  const base = /<base href="([^"]+)"/.exec(text)?.[1] ?? '';
  return [...text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path = '']) => `${base}${path}`);
}

test('files are packed, kept by the browser, and asked for again only when they have changed', async () => {
  const router = await routerWith({ backends: [] });
  const assets = await assetsOf(router);
  expect(assets.length).toBeGreaterThanOrEqual(2);
  let first = (await raw(router, '/dashboard', { 'accept-encoding': 'gzip' })).bytes;
  for (const path of assets.filter((one) => /\.(?:js|css)$/.test(one))) {
    const whole = await raw(router, path);
    const packed = await raw(router, path, { 'accept-encoding': 'gzip, deflate' });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding', 'cache-control': 'public, max-age=31536000, immutable' });
    expect(packed.bytes).toBeLessThan(whole.bytes / 2);
    expect((await raw(router, path, { 'accept-encoding': 'gzip, br' })).headers['content-encoding']).toBe('br');
    first += packed.bytes;
  }
  // The bound for the first view.
  expect(first).toBeLessThan(100_000);
  const { etag } = (await raw(router, '/dashboard')).headers;
  expect(await raw(router, '/dashboard', { 'if-none-match': String(etag) })).toMatchObject({ status: 304, text: '' });
  expect((await raw(router, '/dashboard', { 'if-none-match': '"other"' })).status).toBe(200);
});

test('below a base path the page begins there', async () => {
  const router = await routerWith({ backends: [], server: { basePath: '/ai' } });
  expect((await raw(router, '/', browser)).headers['location']).toBe('/ai/dashboard');
  const [asset = ''] = await assetsOf(router);
  expect(asset).toMatch(/^\/ai\/dashboard\/assets\//);
  expect((await raw(router, asset.slice('/ai'.length))).status).toBe(200);
});

test('the page itself needs no key: it holds nothing, and asks for one', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann')]) });
  expect((await raw(router, '/dashboard', browser)).status).toBe(200);
  expect((await raw(router, '/api/usage', browser)).status).toBe(401);
});

test('it can be left out', async () => {
  const router = await routerWith({ backends: [], dashboard: { enabled: false } });
  expect((await raw(router, '/dashboard', browser)).status).toBe(404);
  expect(await raw(router, '/', browser)).toMatchObject({ status: 200, text: 'Ollama is running' });
});
