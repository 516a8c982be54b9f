/** Edits the top-level members of a JSON object's text and leaves every other byte as it was. */
import { notAnObject, readItems, skipSpace } from './json-scan.ts';

/**
 * `edits`: the JSON text to put as the value of a member, or null to remove it. Every duplicate of a key is edited; an
 * absent key with a value is appended before the closing brace. `text` must be the valid JSON text of an object. Throws
 * `internal` when it is not. Returns the very same text when nothing had to change.
 */
export function spliceTopLevel(text: string, edits: ReadonlyMap<string, string | null>): string {
  const at = skipSpace(text, 0);
  if (text[at] !== '{') throw notAnObject();
  const { items: members, closeAt: braceAt } = readItems(text, at);
  const kept: string[] = [];
  const seen = new Set<string>();
  let changed = false;
  for (const member of members) {
    const key = String(member.key);
    const edit = edits.get(key);
    if (edit === undefined) {
      kept.push(text.slice(member.from, member.to));
      continue;
    }
    changed = true;
    seen.add(key);
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
