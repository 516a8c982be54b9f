/** HTTPS straight from the router: versions, renewed certificates, and callers who show one of their own. */
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { rules } from '../../src/http/rules.ts';
import { type RunningServer, startServer } from '../../src/http/server.ts';
import { FakeClock } from '../fakes/clock.ts';
import { accessOf, bearer, closed, keyEntry, open, ownFolder } from '../support/access-bed.ts';
import { fakeServer, type Json, openAi, routerOver, routerWith } from '../support/flow-bed.ts';
import { startTestRouter, type TestRouter } from '../support/test-router.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name);
const pair = (name: string): { cert: Buffer; key: Buffer } => ({ cert: readFileSync(fixture(`${name}.crt`)), key: readFileSync(fixture(`${name}.key`)) });
const https = { enabled: true, certPath: fixture('loopback.crt'), keyPath: fixture('loopback.key') };
const withAuthority = { https: { ...https, caPath: fixture('authority.crt') } };

let server: RunningServer | null = null;

afterEach(async () => {
  await server?.stop(0);
  server = null;
});

/** Shakes hands and leaves; resolves with the other side's certificate and the version agreed upon. */
function shake(port: number, options: ConnectionOptions = {}): Promise<{ readonly peer: PeerCertificate; readonly version: string | null }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      resolve({ peer: socket.getPeerCertificate(), version: socket.getProtocol() });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** The status of a request on a connection of its own, which shows the certificate of that name. */
function ask(router: TestRouter, path: string, headers: Record<string, string> = {}, certificate: string | null = null): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(`${router.url}${path}`, { agent: false, rejectUnauthorized: false, headers, ...(certificate === null ? {} : pair(certificate)) }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sending.on('error', reject);
    sending.end();
  });
}

test('TLS 1.2 and 1.3 are spoken, older versions are not', async () => {
  const router = await routerOver(await fakeServer(), { server: { https } });
  expect((await shake(router.port)).version).toBe('TLSv1.3');
  expect((await shake(router.port, { maxVersion: 'TLSv1.2' })).version).toBe('TLSv1.2');
  // The client itself must be talked into offering it at all.
  await expect(shake(router.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/alert protocol version|version/i);
});

test('who speaks no TLS is hung up on, and the others are served on', async () => {
  const router = await routerOver(await fakeServer(), { server: { https } });
  await expect(fetch(router.url.replace('https:', 'http:'))).rejects.toThrow();
  expect(await ask(router, '/health/live')).toBe(200);
});

interface Lines {
  readonly warnings: string[];
  readonly infos: string[];
}

async function serveFrom(folder: string, clock: FakeClock): Promise<Lines> {
  const lines: Lines = { warnings: [], infos: [] };
  const log = { debug() {}, info: (_fields: unknown, message: string) => void lines.infos.push(message), warn: (_fields: unknown, message: string) => void lines.warnings.push(message), error() {}, flush: () => Promise.resolve() };
  const shape = (): Json => ({});
  server = await startServer({ host: '127.0.0.1', port: 0, basePath: '/', bodyLimitBytes: 1000, formLimitBytes: 1000, tls: { certPath: join(folder, 'c.pem'), keyPath: join(folder, 'k.pem'), requestCert: false }, access: null, origins: [], routes: [{ method: 'GET', path: '/', rule: rules.open, handle: (exchange) => exchange.send(200, 'here') }], shapes: { ollama: shape, openAi: shape }, clock, newRequestId: () => 'req_x', log });
  return lines;
}

let writes = 0;

/** Each write is later than the one before, however coarse the clock of the file system. */
function write(folder: string, cert: string, key: string): void {
  writes += 1;
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, writes));
  for (const [from, to] of [[`${cert}.crt`, 'c.pem'], [`${key}.key`, 'k.pem']] as const) {
    copyFileSync(fixture(from), join(folder, to));
    utimesSync(join(folder, to), at, at);
  }
}

test('a renewed certificate is shown to new connections, without a restart; one that does not fit its key is not', async () => {
  const folder = ownFolder();
  const clock = new FakeClock();
  write(folder, 'loopback', 'loopback');
  const lines = await serveFrom(folder, clock);
  const port = server?.port ?? 0;
  const organisation = async (): Promise<unknown> => (await shake(port)).peer.subject.O;
  expect(await organisation()).toBeUndefined();
  const before = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise((resolve) => before.once('secureConnect', resolve));
  // In the middle of being replaced: the certificate is new, the key is not yet.
  write(folder, 'renewed', 'loopback');
  clock.advance(31_000);
  expect([await organisation(), lines.warnings.length]).toEqual([undefined, 1]);
  write(folder, 'renewed', 'renewed');
  clock.advance(31_000);
  expect([await organisation(), lines.warnings.length, lines.infos]).toEqual(['Renewed', 1, ['certificates are read again']]);
  // A connection that is open goes on.
  const answered = new Promise<string>((resolve) => before.once('data', (piece: Buffer) => resolve(piece.toString())));
  before.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  before.destroy();
  writeFileSync(join(folder, 'c.pem'), 'no certificate');
  server?.reloadCertificates();
  expect([await organisation(), lines.warnings.length]).toEqual(['Renewed', 2]);
  clock.advance(120_000);
  expect(lines.warnings.length).toBe(2);
});

test('a certificate and a key that do not belong together stop the start, with a sentence that names both', async () => {
  const fake = await fakeServer();
  await expect(startTestRouter({ ollama: { baseUrl: fake.url }, server: { https: { ...https, keyPath: fixture('renewed.key') } } })).rejects.toThrow(/loopback\.crt[\s\S]*renewed\.key/);
});

const fingerprint = '__computed__';

async function fingerprintOf(name: string): Promise<string> {
  const { X509Certificate } = await import('node:crypto');
  return new X509Certificate(readFileSync(fixture(`${name}.crt`))).fingerprint256;
}

test.each<[string, Json, readonly [number, number, number, number]]>([
  ['any of the authority', {}, [403, 200, 200, 403]],
  ['one fingerprint', { allowedFingerprints: [fingerprint] }, [403, 200, 403, 403]],
  ['the same, written otherwise', { allowedFingerprints: [`sha256:${fingerprint}`] }, [403, 200, 403, 403]],
  ['a name, which must be the whole of it (AR-D30)', { allowedSubjects: ['CN=admin'] }, [403, 200, 403, 403]],
  ['a name and an organisation', { allowedSubjects: ['O=Example, CN=admin'] }, [403, 200, 403, 403]],
  ['an organisation', { allowedSubjects: ['O=Example'] }, [403, 200, 200, 403]],
  ['a name of somebody else', { allowedSubjects: ['CN=root'] }, [403, 403, 403, 403]],
])('the admin plane that asks for %s', async (_what, clientCert, expected) => {
  const own = await fingerprintOf('admin');
  const allowed = JSON.parse(JSON.stringify(clientCert).replaceAll(fingerprint, own.replaceAll(':', '').toLowerCase())) as Json;
  const fake = await fakeServer();
  const router = await routerWith({ ollama: { baseUrl: fake.url }, server: withAuthority, access: accessOf({ standalone: open, runtimeAgent: open }, [], { trustedProxy: [], clientCert: { required: true, ...allowed } }) });
  const statuses: number[] = [];
  for (const certificate of [null, 'admin', 'admin-evil', 'stranger']) statuses.push(await ask(router, '/v1/admin/access/config', bearer('admin'), certificate));
  expect(statuses).toEqual(expected);
  // A certificate is asked for beside the key, not in its place.
  expect(await ask(router, '/v1/admin/access/config', {}, 'admin')).toBe(401);
  // Other planes do not ask for it.
  expect(await ask(router, '/v1/models')).toBe(200);
});

test('a plane may ask for a certificate of the authority, beside its key or in the place of one; the other plane does not', async () => {
  const fake = await fakeServer();
  const planes = { standalone: { ...closed, requireClientCert: true }, runtimeAgent: closed };
  const router = await routerWith({ ollama: { baseUrl: fake.url }, server: withAuthority, access: accessOf(planes, [keyEntry('ann', { scopes: ['standalone', 'runtimeAgent'] })], { trustedProxy: [] }) });
  for (const [certificate, expected] of [[null, 401], ['stranger', 401], ['admin', 200], ['admin-evil', 200]] as const) {
    expect([certificate, await ask(router, '/v1/models', bearer('ann'), certificate)]).toEqual([certificate, expected]);
  }
  expect(await ask(router, '/v1/models', {}, 'admin')).toBe(401);
  expect(await ask(router, '/v1/router/runtime', bearer('ann'))).toBe(200);
  const without = await routerWith({ ollama: { baseUrl: fake.url }, server: withAuthority, access: accessOf({ standalone: { requireClientCert: true }, runtimeAgent: closed }, [], { trustedProxy: [] }) });
  expect([await ask(without, '/v1/models', {}, 'admin'), await ask(without, '/v1/models')]).toEqual([200, 401]);
  expect(await ask(without, openAi, {}, 'stranger')).toBe(405);
});
