/** Rows in order, and as text for other programs. Pure. */

export type Cell = string | number | boolean | null | undefined;

export interface Order {
  readonly column: string;
  readonly down: boolean;
}

/** `-tokens` is the column tokens, largest first. */
export function orderIn(text: string | undefined, usual: Order): Order {
  if (text === undefined || text === '') return usual;
  return text.startsWith('-') ? { column: text.slice(1), down: true } : { column: text, down: false };
}

export function orderText({ column, down }: Order): string {
  return down ? `-${column}` : column;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** What is not known comes last, whichever way the rows are sorted; equal rows stay as they were. */
export function sorted<Row>(rows: readonly Row[], read: (row: Row) => Cell, down: boolean): readonly Row[] {
  const missing = (value: Cell): boolean => value === null || value === undefined || value === '';
  return [...rows].sort((a, b) => {
    const [left, right] = [read(a), read(b)];
    if (missing(left) || missing(right)) return Number(missing(left)) - Number(missing(right));
    return (down ? -1 : 1) * compared(left, right);
  });
}

function compared(left: Cell, right: Cell): number {
  return typeof left === 'number' && typeof right === 'number' ? left - right : collator.compare(String(left), String(right));
}

/** RFC 4180; a text that a spreadsheet would run as a formula begins with an apostrophe. */
export function csvOf(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return `${[heads, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

function csvCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Which rows of a long list are drawn, of those that the reader sees; the others only keep their room. */
export function windowOf(total: number, { top, height, rowHeight, spare = 20 }: { readonly top: number; readonly height: number; readonly rowHeight: number; readonly spare?: number }): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.min(total, Math.floor(top / rowHeight) - spare));
  const last = Math.min(total, Math.ceil((top + height) / rowHeight) + spare);
  return { first, last: Math.max(first, last) };
}
