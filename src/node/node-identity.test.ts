import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identityPath, loadIdentity, newNodeId, rememberMembership } from './node-identity.ts';

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'oar-identity-')), 'state');
});
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const place = (hostName = 'studio.fritz.box') => ({ folder, hostName, random: randomBytes });

test('an id is made once: the host\'s short name and letters of its own; the file is its owner\'s alone', async () => {
  const made = await loadIdentity(place());
  expect(made.id).toMatch(/^studio-[a-z0-9]{5}$/);
  expect(made.secret.length).toBeGreaterThanOrEqual(43);
  expect(await loadIdentity(place('renamed'))).toEqual(made);
  expect(statSync(identityPath(folder)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('two machines of the same name have different ids', () => {
  const ids = new Set(Array.from({ length: 50 }, () => newNodeId('laptop', randomBytes)));
  expect(ids.size).toBe(50);
});

test.each([
  ['Anna\'s MacBook Pro.local', /^anna-s-macbook-pro-[a-z0-9]{5}$/],
  ['', /^node-[a-z0-9]{5}$/],
  ['日本', /^node-[a-z0-9]{5}$/],
])('a host called %j gives an id that can stand in a header', (hostName, id) => {
  expect(newNodeId(hostName, randomBytes)).toMatch(id);
});

test('an id that is given stands above the kept one, which stays; one that cannot be an id is refused', async () => {
  const made = await loadIdentity(place());
  expect(await loadIdentity(place(), 'rack-3')).toEqual({ ...made, id: 'rack-3' });
  expect(await loadIdentity(place())).toEqual(made);
  await expect(loadIdentity(place(), 'two words')).rejects.toThrow(/two words.*cannot be the id/);
});

test('several agents that start at once agree on one id', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, () => loadIdentity(place())));
  expect(new Set(all.map(({ id, secret }) => `${id} ${secret}`)).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['node.json']);
});

test('the router that let it in is remembered until it lets it go, and nothing else changes', async () => {
  const made = await loadIdentity(place());
  const membership = { secret: 'told', router: 'Router of the den' };
  await rememberMembership(folder, membership);
  expect(await loadIdentity(place())).toEqual({ ...made, membership });
  expect(statSync(identityPath(folder)).mode & 0o777).toBe(0o600);
  await rememberMembership(folder, null);
  expect(await loadIdentity(place())).toEqual(made);
});

test('a file that is not one is not overwritten, but named', async () => {
  const made = await loadIdentity(place());
  writeFileSync(identityPath(folder), '{"id": 3}');
  await expect(loadIdentity(place())).rejects.toThrow(/node\.json does not hold who this machine is/);
  expect(readFileSync(identityPath(folder), 'utf8')).toBe('{"id": 3}');
  expect(made.id).not.toBe('');
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is named', async () => {
  chmodSync(join(folder, '..'), 0o500);
  await expect(loadIdentity(place())).rejects.toThrow(/cannot be written.*--state-dir/);
  chmodSync(join(folder, '..'), 0o700);
});
