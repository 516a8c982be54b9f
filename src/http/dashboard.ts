/** The dashboard's files under `/dashboard`: one page whose addresses are its views, with its scripts and styles; it brings no data of its own. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { RouterError } from '../core/errors.ts';
import type { Exchange, Route } from './http.ts';
import { prefersHtml, takesEncoding } from './preferences.ts';
import { rules } from './rules.ts';

interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Buffer;
  /** By content coding, best first; made when the page is built. */
  readonly packed: readonly (readonly [string, Buffer])[];
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png' };
const codings = [['br', '.br'], ['gzip', '.gz']] as const;

/** Nothing but what this router itself serves is loaded, no script stands in the page, and no other page frames it. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
const guards = { 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', vary: 'Accept-Encoding' };

/** `folder` is where the page was built. */
export function dashboardRoutes(folder: string, basePath: string): Route[] {
  const files = readFiles(folder, basePath);
  const home = `${basePath === '/' ? '' : basePath}/dashboard`;
  const mark = [...files.keys()].find((name) => /^assets\/mark-.+\.svg$/.test(name));
  return [
    ...['/favicon.svg', '/favicon.ico'].map((path): Route => ({ method: 'GET', path, rule: rules.open, handle: (exchange) => sendMark(exchange, home, mark) })),
    { method: 'GET', path: '/', header: 'accept', rule: rules.open, handle: (exchange) => greet(exchange, home) },
    { method: 'GET', path: '/dashboard', rule: rules.open, handle: (exchange) => sendFile(exchange, files, 'index.html') },
    { method: 'GET', path: '/dashboard/*file', rule: rules.open, handle: (exchange) => sendFile(exchange, files, fileFor(exchange.params['file'] ?? '', files)) },
  ];
}

/** Ollama's own greeting, which clients look for, unless a browser asks. */
function greet(exchange: Exchange, home: string): void {
  if (prefersHtml(exchange.headers.accept ?? '')) exchange.send(302, '', { location: home, vary: 'Accept' });
  else exchange.send(200, 'Ollama is running', { vary: 'Accept' });
}

/** Where browsers and old pages look for it. */
function sendMark(exchange: Exchange, home: string, mark: string | undefined): void {
  if (mark === undefined) throw new RouterError('not_found', 'The dashboard was not built. Run `npm run build` and start the router again.');
  exchange.send(302, '', { location: `${home}/${mark}` });
}

/** An address without a file is one of the app's views; those of its API are no views. */
function fileFor(path: string, files: ReadonlyMap<string, PageFile>): string {
  if (files.has(path)) return path;
  if (/^(?:api|events|assets)(?:\/|$)/i.test(path)) throw new RouterError('not_found', `There is nothing at /dashboard/${path.slice(0, 100)}.`);
  return 'index.html';
}

function sendFile({ headers, reply }: Exchange, files: ReadonlyMap<string, PageFile>, name: string): void {
  const file = files.get(name);
  if (file === undefined) throw new RouterError('not_found', 'The dashboard was not built. Run `npm run build` and start the router again.');
  // Names of assets carry a hash of what is in them.
  const head = { ...guards, etag: file.etag, 'content-type': file.type, 'cache-control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' };
  if (headers['if-none-match']?.includes(file.etag)) {
    reply.head(304, head);
    return reply.end();
  }
  const [coding, bytes] = file.packed.find(([one]) => takesEncoding(String(headers['accept-encoding'] ?? ''), one)) ?? [null, file.bytes];
  reply.head(200, { ...head, 'content-length': String(bytes.length), ...(coding === null ? {} : { 'content-encoding': coding }) });
  reply.end(bytes);
}

function readFiles(folder: string, basePath: string): ReadonlyMap<string, PageFile> {
  const paths = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : [];
  const kept = paths.filter((path) => extname(path) in types);
  return new Map(kept.map((path) => [relative(folder, path).split(sep).join('/'), readFile(path, basePath)]));
}

function readFile(path: string, basePath: string): PageFile {
  const type = types[extname(path)] ?? '';
  // The page's own addresses begin where the router lives.
  const moved = basePath !== '/' && path.endsWith('.html');
  const bytes = moved ? Buffer.from(readFileSync(path, 'utf8').replace('<base href="/', `<base href="${basePath}/`)) : readFileSync(path);
  const packed = moved ? [] : codings.flatMap(([coding, ending]) => (existsSync(path + ending) ? [[coding, readFileSync(path + ending)] as const] : []));
  return { type, bytes, packed, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}
