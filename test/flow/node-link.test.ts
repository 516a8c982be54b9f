/** How a node talks to a router over HTTPS: a certificate that nobody vouches for is said, and taken only when that is wanted. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterLink } from '../../src/node/router-link.ts';
import { systemClock } from '../../src/util/system-clock.ts';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../fixtures/tls', name));
const signal = new AbortController().signal;

test('without --insecure it is no router, and why is said once; with it, it is one', async () => {
  const server = createServer({ cert: fixture('loopback.crt'), key: fixture('loopback.key') }, (_, response) => response.end('{"status": "ok"}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  const careful = createRouterLink({ clock: systemClock, insecure: false, untrusted: (at, why) => void said.push(`${at} ${why}`) });
  expect([await careful.probe(url, signal), await careful.probe(url, signal)]).toEqual([null, null]);
  expect(said).toEqual([expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+ [A-Z_]+$/)]);
  careful.close();
  const careless = createRouterLink({ clock: systemClock, insecure: true, untrusted: (at) => void said.push(at) });
  expect(await careless.probe(url, signal)).toMatchObject({ status: 200, localAddress: '127.0.0.1' });
  expect((await careless.post(url, '/heartbeat', '{}', {}, signal)).text).toBe('{"status": "ok"}');
  expect(said).toHaveLength(1);
  careless.close();
});

test('an address where nobody answers is no router, and nothing is said of certificates', async () => {
  const said: string[] = [];
  const link = createRouterLink({ clock: systemClock, insecure: false, untrusted: (at) => void said.push(at) });
  expect(await link.probe('http://127.0.0.1:9', signal)).toBeNull();
  await expect(link.post('http://127.0.0.1:9', '/heartbeat', '{}', {}, signal)).rejects.toThrow();
  expect(said).toEqual([]);
  link.close();
});
