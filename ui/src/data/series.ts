/** From rows with times to lines on a common time axis. Pure. */

export interface Line {
  readonly name: string;
  /** One for each time of the axis; null: nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface Plot {
  /** Epoch seconds, rising. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

/** Every bucket of the range, also those of which nothing was recorded. */
export function bucketTimes(range: { readonly from: number; readonly to: number }, step: number): readonly number[] {
  const first = Math.floor(range.from / step) * step;
  const amount = Math.min(5000, Math.max(0, Math.floor((range.to - first) / step) + 1));
  return Array.from({ length: amount }, (_, index) => first + index * step);
}

/** Rows of one group and bucket are one value; where there is no row, `empty`. */
export function linesOf<Row>(rows: readonly Row[], times: readonly number[], read: { readonly at: (row: Row) => number; readonly group: (row: Row) => string; readonly value: (row: Row) => number | null | undefined }, empty: number | null): readonly Line[] {
  const places = new Map(times.map((time, index) => [time, index]));
  const lines = new Map<string, (number | null)[]>();
  for (const row of rows) {
    const place = places.get(read.at(row));
    if (place === undefined) continue;
    const values = lines.get(read.group(row)) ?? times.map(() => empty);
    lines.set(read.group(row), values);
    values[place] = read.value(row) ?? empty;
  }
  return [...lines].map(([name, values]) => ({ name, values }));
}

/** The largest groups by their sum, and all others as one. */
export function largest(lines: readonly Line[], most: number, othersName: string): readonly Line[] {
  const sum = (line: Line): number => line.values.reduce<number>((all, value) => all + (value ?? 0), 0);
  const ranked = [...lines].sort((a, b) => sum(b) - sum(a));
  if (ranked.length <= most) return ranked;
  const others = ranked.slice(most - 1);
  const values = (others[0]?.values ?? []).map((_, index) => others.reduce((all, line) => all + (line.values[index] ?? 0), 0));
  return [...ranked.slice(0, most - 1), { name: othersName, values }];
}

/** Each line raised by those before it, for bars on top of each other; the first is the lowest. */
export function stacked(lines: readonly Line[]): readonly Line[] {
  const height: number[] = [];
  return lines.map((line) => ({ name: line.name, values: line.values.map((value, index) => (height[index] = (height[index] ?? 0) + (value ?? 0))) }));
}

/** The points of a small line in a box of 100 by 20, newest at the right. */
export function sparkPoints(values: readonly number[], room: number, ceiling = 0): string {
  const top = Math.max(ceiling, ...values, 1e-9);
  const step = 100 / Math.max(1, room - 1);
  const start = 100 - (values.length - 1) * step;
  return values.map((value, index) => `${(start + index * step).toFixed(1)},${(19 - (18 * Math.max(0, value)) / top).toFixed(1)}`).join(' ');
}
