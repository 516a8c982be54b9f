/** What a caller would rather have, by its Accept headers. */

interface Wish {
  readonly name: string;
  readonly weight: number;
}

function wishesIn(header: string): readonly Wish[] {
  return header.split(',').map((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const weight = Number(parameters.find((text) => text.startsWith('q='))?.slice(2) ?? 1);
    return { name, weight: Number.isFinite(weight) ? weight : 0 };
  });
}

/** Is a page asked for by name, and liked at least as well as plain text or JSON? Programs send a star, or no such header. */
export function prefersHtml(accept: string): boolean {
  const wishes = wishesIn(accept);
  const weightOf = (...names: readonly string[]): number => Math.max(0, ...wishes.filter(({ name }) => names.includes(name)).map(({ weight }) => weight));
  const html = weightOf('text/html', 'application/xhtml+xml');
  return html > 0 && html >= weightOf('text/plain', 'application/json');
}

/** May the answer be coded so? A star stands for codings that are not named. */
export function takesEncoding(acceptEncoding: string, coding: string): boolean {
  const wishes = wishesIn(acceptEncoding);
  const wish = wishes.find(({ name }) => name === coding) ?? wishes.find(({ name }) => name === '*');
  return wish !== undefined && wish.weight > 0;
}
