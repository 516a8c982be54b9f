/** Lines of a terminal with a few colours, which never stand alone for what they mean. Pure. */
import { cellWidth, cutToCells } from '../../util/cell-width.ts';

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'warn' | 'bad';
export type Span = readonly [text: string, style?: Style];
export type Line = readonly Span[];

const codes = { plain: '', bold: '\u001b[1m', dim: '\u001b[2m', good: '\u001b[32m', warn: '\u001b[33m', bad: '\u001b[31m' } as const satisfies Record<Style, string>;

/** Cut to so many cells, and without spaces at its end. */
export function writeLine(line: Line, columns: number, colour: boolean): string {
  const spans = cutSpans(line, columns);
  if (!colour) return spans.map(([text]) => text).join('').trimEnd();
  return spans.map(([text, style = 'plain']) => (style === 'plain' || text.trim() === '' ? text : `${codes[style]}${text}\u001b[0m`)).join('').trimEnd();
}

function cutSpans(line: Line, columns: number): Line {
  if (line.reduce((sum, [text]) => sum + cellWidth(text), 0) <= columns) return line;
  const kept: Span[] = [];
  let left = columns;
  for (const [text, style] of line) {
    const width = cellWidth(text);
    // The last cell is for the mark of what is left out.
    if (width >= left) return [...kept, [cutToCells(`${text} `, left), style]];
    kept.push([text, style]);
    left -= width;
  }
  return kept;
}
