/** The file in which a machine keeps what it learned: whole or not there at all, and never larger than a little. */
import { mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../../util/error-code.ts';
import type { LearnerMemory, OpenHour } from './capacity.ts';
import { slotCount } from './weekly-profile.ts';

/** After a crash there is the old file or the new one, whole. Rejects with the codes of node:fs. */
export async function writeState(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (thrown) {
    await unlink(draft).catch(() => {});
    throw thrown;
  }
}

/** Undefined when there is none. A broken file is put aside, and `say` told where. Never rejects. */
export async function readMemory(path: string, say: (line: string) => void): Promise<LearnerMemory | undefined> {
  try {
    const memory = parseMemory(await readFile(path, 'utf8'));
    if (memory !== null) return memory;
    await rename(path, `${path}.broken`);
    say(`What this machine has learned of its owner's week cannot be read. It was put aside as ${path}.broken, and learning begins anew.`);
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') say(`${path} cannot be read (${errorCode(cause) ?? String(cause)}), so what was learned is not used.`);
  }
  return undefined;
}

/** Null: this is not what a learner wrote. */
export function parseMemory(text: string): LearnerMemory | null {
  let memory: Partial<LearnerMemory> | null;
  try {
    memory = JSON.parse(text) as Partial<LearnerMemory> | null;
  } catch {
    return null;
  }
  if (memory?.version !== 1) return null;
  const { slots, daysObserved, lastDay, hour, surprise } = memory;
  if (!Array.isArray(slots) || slots.length !== slotCount || !slots.every((slot) => isNumbers(slot, 4) && slot.every((value) => value >= 0) && (slot[1] ?? 0) <= (slot[0] ?? 0) + 0.001)) return null;
  if (!isCount(daysObserved) || !(lastDay === null || isFiniteNumber(lastDay)) || !isNumbers(surprise, 2) || !(hour === null || isOpenHour(hour))) return null;
  return memory as LearnerMemory;
}

function isOpenHour(hour: Partial<OpenHour> | undefined): boolean {
  return typeof hour === 'object' && [hour.slot, hour.day, hour.seconds, hour.freeSeconds, hour.loadSeconds].every(isFiniteNumber) && isCount(hour.slot) && hour.slot < slotCount;
}

function isNumbers(value: unknown, length: number): value is readonly number[] {
  return Array.isArray(value) && value.length === length && value.every(isFiniteNumber);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isFiniteNumber(value) && Number.isInteger(value) && value >= 0;
}
