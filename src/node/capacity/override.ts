/** What somebody set by hand for this machine: kept in two small files, one for its owner and one for its router, so that neither undoes the other. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Override } from './capacity.ts';
import { writeState } from './state-file.ts';

export interface Ordered {
  readonly mode: 'full' | 'paused' | 'auto';
  /** Epoch milliseconds; null: for ever. */
  readonly until: number | null;
}

const fileOf = (folder: string, by: Override['by']): string => join(folder, `capacity-${by}.json`);

/** Mode `auto` ends what the same one has ordered. */
export async function order(folder: string, by: Override['by'], ordered: Ordered): Promise<void> {
  await writeState(fileOf(folder, by), JSON.stringify({ mode: ordered.mode, until: ordered.until }));
}

/** What holds now: the owner's word before the router's. */
export async function orderedFor(folder: string, at: number): Promise<Override | undefined> {
  for (const by of ['owner', 'router'] as const) {
    const mode = holding(await readFile(fileOf(folder, by), 'utf8').catch(() => ''), at);
    if (mode !== null) return { mode, by };
  }
  return undefined;
}

/** Null: nothing was ordered, it is over, or the file says nothing that can be understood. */
export function holding(text: string, at: number): Override['mode'] | null {
  try {
    const { mode, until } = JSON.parse(text) as { readonly mode?: unknown; readonly until?: unknown };
    const isOver = until !== null && !(typeof until === 'number' && at < until);
    return (mode === 'full' || mode === 'paused') && !isOver ? mode : null;
  } catch {
    return null;
  }
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `2h`, `1h30m`, `1d`; null when it is none. */
export function spanMs(text: string): number | null {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.trim()) return null;
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  return ms > 0 ? Math.round(ms) : null;
}
