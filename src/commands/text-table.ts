/** Lines up rows for a terminal. Pure. */

/** Columns as wide as their widest cell, two spaces apart; `empty` stands where there are no rows. */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const lines = [headings.map((heading) => heading.toUpperCase()), ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)));
  return lines.map((line) => headings.map((_, column) => padded(line[column] ?? '', widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

/** One line a fact, without those that are not known. */
export function factLines(facts: readonly (readonly [string, string])[]): string {
  const known = facts.filter(([, text]) => text !== '');
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n');
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}
