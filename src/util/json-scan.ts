/** Finds where the members and elements of a JSON text stand, without reading their values. */
import { RouterError } from '../core/errors.ts';

/** One member of an object, or one element of an array. */
export interface JsonItem {
  /** Of an element: its position. */
  readonly key: string | number;
  /** Where what belongs to the item begins: behind the comma, brace or bracket before it. */
  readonly from: number;
  readonly valueAt: number;
  readonly valueEnd: number;
  /** Where the comma, brace or bracket that ends it stands. */
  readonly to: number;
}

/** What stands in the object or array that begins at `at`. Throws `internal` when none does. */
export function readItems(text: string, at: number): { readonly items: readonly JsonItem[]; readonly closeAt: number } {
  const open = text[at];
  if (open !== '{' && open !== '[') throw notAnObject();
  const close = open === '{' ? '}' : ']';
  const items: JsonItem[] = [];
  let from = at + 1;
  const first = skipSpace(text, from);
  if (text[first] === close) return { items, closeAt: first };
  for (;;) {
    const { key, valueAt } = open === '{' ? readKey(text, from) : { key: items.length, valueAt: skipSpace(text, from) };
    const valueEnd = endOfValue(text, valueAt);
    const to = skipSpace(text, valueEnd);
    items.push({ key, from, valueAt, valueEnd, to });
    if (text[to] === close) return { items, closeAt: to };
    if (text[to] !== ',') throw notAnObject();
    from = to + 1;
  }
}

function readKey(text: string, from: number): { readonly key: string; readonly valueAt: number } {
  const at = skipSpace(text, from);
  const end = endOfString(text, at);
  const colon = skipSpace(text, end);
  if (text[colon] !== ':') throw notAnObject();
  const quoted = text.slice(at, end);
  return { key: quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1), valueAt: skipSpace(text, colon + 1) };
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Hops from quote to quote, so that long strings cost one native search each. */
function endOfString(text: string, from: number): number {
  if (text[from] !== '"') throw notAnObject();
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === '\\') before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  throw notAnObject();
}

/** Where the value that begins at `from` has ended. */
export function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first === '{' || first === '[') return endOfNested(text, from);
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at)) && text[at] !== ',' && text[at] !== '}' && text[at] !== ']') at += 1;
  if (at === from) throw notAnObject();
  return at;
}

function endOfNested(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at) - 1;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  throw notAnObject();
}

export function notAnObject(): RouterError {
  return new RouterError('internal', 'A JSON text that should have been an object is not one.');
}
