/** What the doctor looks at by itself: folders, SQLite, programs, ports, cards without a driver, routers in the network. */
import { constants } from 'node:fs';
import { access, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Gpu } from '../core/fleet.ts';
import { browseMdns } from '../node/browse-mdns.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import { drivers } from '../store/index.gen.ts';
import { errorCode } from '../util/error-code.ts';
import { callRouter } from './call-router.ts';
import { fieldsOf } from '../commands/loose-json.ts';
import type { DoctorFacts } from './doctor-facts.ts';

const programMs = 3000;
const listenMs = 2000;
const sqliteHead = 'SQLite format 3\0';

/** A folder that is not there yet may be made if the one above may be written to. Null: all is well. */
export async function whyNotWritable(folder: string): Promise<string | null> {
  for (let place = folder; ; place = dirname(place)) {
    try {
      if (!(await stat(place)).isDirectory()) return `${place} is a file.`;
      await access(place, constants.W_OK | constants.X_OK);
      return null;
    } catch (thrown) {
      const code = errorCode(thrown) ?? String(thrown);
      if (code !== 'ENOENT' || dirname(place) === place) return code === 'ENOTDIR' ? `a part of ${place} is a file.` : `${place} may not be written by you (${code}).`;
    }
  }
}

/** Tries it with a file of its own, which is gone afterwards; of `path`, if it is there, only the first bytes are read. */
export async function whyNoSqlite(path: string | null): Promise<{ readonly why: string; readonly ofFile: boolean } | null> {
  const folder = await mkdtemp(join(tmpdir(), 'oar-doctor-'));
  try {
    const store = await drivers.find(({ kind }) => kind === 'sqlite')?.open({ path: join(folder, 'try.db') });
    await store?.close();
  } catch (thrown) {
    return { why: thrown instanceof Error ? thrown.message : String(thrown), ofFile: false };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const head = path === null ? '' : await firstBytes(path);
  return head === '' || head === sqliteHead ? null : { why: `${path} is no SQLite database.`, ofFile: true };
}

/** Empty when there is none, or it may not be read, which is told of its folder. */
async function firstBytes(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(sqliteHead.length), 0, sqliteHead.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

export function isInstalled(program: string): Promise<boolean> {
  return collectorTools.run(program, ['--version'], programMs, AbortSignal.timeout(programMs)).then(() => true, () => false);
}

export async function portOwner(number: number): Promise<NonNullable<DoctorFacts['port']>> {
  if (await isFree(number)) return { number, takenBy: 'nobody' };
  const { body } = await callRouter('GET', '/health/live', { url: `http://127.0.0.1:${number}` }, undefined, programMs).catch(() => ({ body: null }));
  return { number, takenBy: fieldsOf(body)?.service === 'ollama-agent-router' ? 'router' : 'somebody' };
}

/** Listens there for a moment, on this machine alone. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const makers: Readonly<Record<string, { readonly name: string; readonly vendor: Gpu['vendor'] }>> = { '0x10de': { name: 'An NVIDIA card', vendor: 'nvidia' }, '0x1002': { name: 'An AMD card', vendor: 'amd' } };
const devices = '/sys/bus/pci/devices';

/** What Linux lists as a display on the bus, of makers whose driver shows none. */
export async function cardsWithoutDriver(seen: readonly Gpu[], { list, read }: Pick<typeof collectorTools, 'list' | 'read'> = collectorTools): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const device of await list(devices)) {
    const kind = await read(`${devices}/${device}/class`);
    const maker = makers[(await read(`${devices}/${device}/vendor`)) ?? ''];
    if (kind?.startsWith('0x03') && maker !== undefined && !seen.some(({ vendor }) => vendor === maker.vendor)) found.add(maker.name);
  }
  return [...found];
}

/** Waits for a moment. Never rejects. */
export async function hearRouters(): Promise<NonNullable<DoctorFacts['mdns']>> {
  const networks = new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).flatMap(({ family, internal, address }) => (family === 'IPv4' && !internal ? [address] : []))));
  try {
    const browser = browseMdns(() => {});
    try {
      await new Promise<void>((resolve) => void setTimeout(resolve, listenMs));
      return { networks: networks.size, heard: browser.found(), error: null };
    } finally {
      browser.close();
    }
  } catch (thrown) {
    return { networks: networks.size, heard: [], error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
