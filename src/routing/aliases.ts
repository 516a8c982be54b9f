/** Looks up what an alias stands for: exact names first, then patterns with `*`, the longest first. */

/** Null when no alias matches. */
export function aliasTarget(asked: string, aliases: Readonly<Record<string, string>>): string | null {
  if (Object.hasOwn(aliases, asked)) return aliases[asked] ?? null;
  let best: string | null = null;
  for (const pattern of Object.keys(aliases)) {
    if (pattern.includes('*') && (best === null || pattern.length > best.length) && matchesPattern(asked, pattern)) best = pattern;
  }
  return best === null ? null : (aliases[best] ?? null);
}

/** `*` stands for any run of characters, the empty one included. Linear: each piece is taken where it first fits. */
export function matchesPattern(text: string, pattern: string): boolean {
  const [head = '', ...pieces] = pattern.split('*');
  const tail = pieces.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - tail.length >= at && text.endsWith(tail);
}
