/** Where a page of traces ends, as a text that goes to a caller and comes back. */

/** A place in the order of traces: by their end, and within one moment by the order in which they were written. */
export interface TracePlace {
  readonly endedAt: number;
  readonly number: number;
}

export function cursorOf({ endedAt, number }: TracePlace): string {
  return `${endedAt}_${number}`;
}

/** Null for what is no cursor. */
export function placeIn(cursor: string): TracePlace | null {
  const match = /^(\d+(?:\.\d+)?)_(\d{1,15})$/.exec(cursor);
  return match === null ? null : { endedAt: Number(match[1]), number: Number(match[2]) };
}

/** The cursor after a page that may have been filled; one row more than wanted was looked for. */
export function pageOf<Row extends TracePlace>(found: readonly Row[], limit: number): { readonly rows: readonly Row[]; readonly next: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
