/** Edits the top-level members of a JSON object's text and leaves every other byte as it was. */
import { RouterError } from '../core/errors.ts';

interface Member {
  readonly key: string;
  /** Where what belongs to the member begins: behind the comma or brace before it. */
  readonly from: number;
  readonly valueAt: number;
  readonly valueEnd: number;
  /** Where the comma or brace that ends it stands. */
  readonly to: number;
}

/**
 * `edits`: the JSON text to put as the value of a member, or null to remove it. Every duplicate of a key is edited; an
 * absent key with a value is appended before the closing brace. `text` must be the valid JSON text of an object. Throws
 * `internal` when it is not. Returns the very same text when nothing had to change.
 */
export function spliceTopLevel(text: string, edits: ReadonlyMap<string, string | null>): string {
  const { members, braceAt } = readMembers(text);
  const kept: string[] = [];
  const seen = new Set<string>();
  let changed = false;
  for (const member of members) {
    const edit = edits.get(member.key);
    if (edit === undefined) {
      kept.push(text.slice(member.from, member.to));
      continue;
    }
    changed = true;
    seen.add(member.key);
    if (edit !== null) kept.push(text.slice(member.from, member.valueAt) + edit + text.slice(member.valueEnd, member.to));
  }
  for (const [key, value] of edits) {
    if (value === null || seen.has(key)) continue;
    changed = true;
    kept.push(`${JSON.stringify(key)}:${value}`);
  }
  if (!changed) return text;
  const start = members[0]?.from ?? braceAt;
  return text.slice(0, start) + kept.join(',') + text.slice(braceAt);
}

function readMembers(text: string): { members: Member[]; braceAt: number } {
  const members: Member[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== '{') throw notAnObject();
  let from = at + 1;
  at = skipSpace(text, from);
  if (text[at] === '}') return { members, braceAt: at };
  for (;;) {
    at = skipSpace(text, from);
    const keyEnd = endOfString(text, at);
    const colon = skipSpace(text, keyEnd);
    if (text[colon] !== ':') throw notAnObject();
    const valueAt = skipSpace(text, colon + 1);
    const valueEnd = endOfValue(text, valueAt);
    const to = skipSpace(text, valueEnd);
    members.push({ key: readKey(text.slice(at, keyEnd)), from, valueAt, valueEnd, to });
    if (text[to] === '}') return { members, braceAt: to };
    if (text[to] !== ',') throw notAnObject();
    from = to + 1;
  }
}

function readKey(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
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

function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfString(text, from);
  if (first === '{' || first === '[') return endOfNested(text, from);
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at)) && text[at] !== ',' && text[at] !== '}') at += 1;
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

function notAnObject(): RouterError {
  return new RouterError('internal', 'A JSON text that should have been an object is not one.');
}
