/** Text as a terminal shows it: without anything that steers it, and by the cells that it takes. Pure. */

/** Controls, marks that turn the writing direction or cannot be seen, halves of characters, and choices of a picture's look. */
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Variation_Selector}]+/gu;
const noCells = /^\p{M}$/u;
const wide = /^(?:\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]|[\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}])$/u;

/** What cannot be shown becomes one space. */
export function shownText(text: string): string {
  return text.replace(unfit, ' ');
}

/** Of text that is fit to be shown. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** At most so many cells; what was cut is marked with `…`. */
export function cutToCells(text: string, cells: number): string {
  if (cellWidth(text) <= cells) return text;
  if (cells <= 0) return '';
  let cut = '';
  let width = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > cells - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** Exactly so many cells. */
export function fitToCells(text: string, cells: number): string {
  const cut = cutToCells(text, cells);
  return cut + ' '.repeat(Math.max(0, cells - cellWidth(cut)));
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1;
  return noCells.test(character) ? 0 : wide.test(character) ? 2 : 1;
}
