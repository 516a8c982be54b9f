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

/** What each has ordered, over or not. */
export type Orders = Readonly<Record<Override['by'], Ordered | null>>;

/** Never rejects: a file that says nothing that can be understood is none. */
export async function readOrders(folder: string): Promise<Orders> {
  const [owner, router] = await Promise.all((['owner', 'router'] as const).map(async (by) => parseOrder(await readFile(fileOf(folder, by), 'utf8').catch(() => ''))));
  return { owner: owner ?? null, router: router ?? null };
}

/** What holds at an instant: the owner's word before the router's. */
export function holding(orders: Orders, at: number): Override | undefined {
  for (const by of ['owner', 'router'] as const) {
    const ordered = orders[by];
    if (ordered !== null && ordered.mode !== 'auto' && (ordered.until === null || at < ordered.until)) return { mode: ordered.mode, by };
  }
  return undefined;
}

export function parseOrder(text: string): Ordered | null {
  try {
    const { mode, until } = JSON.parse(text) as { readonly mode?: unknown; readonly until?: unknown };
    if (mode !== 'full' && mode !== 'paused' && mode !== 'auto') return null;
    return until === null || typeof until === 'number' ? { mode, until } : null;
  } catch {
    return null;
  }
}
