/** One colour for each name, the same everywhere, told apart by people who see colours differently (Okabe and Ito). Pure. */

/** Numbers of the variables `--series-1` … of the style sheet. */
export const seriesCount = 8;

function hash(name: string): number {
  let value = 2166136261;
  for (let at = 0; at < name.length; at += 1) value = Math.imul(value ^ name.charCodeAt(at), 16777619) >>> 0;
  return value;
}

/** Each name keeps its own colour as long as nobody before it in the alphabet wants the same. */
export function coloursOf(names: readonly string[]): ReadonlyMap<string, number> {
  const taken = new Set<number>();
  const colours = new Map<string, number>();
  for (const name of [...new Set(names)].sort()) {
    if (taken.size === seriesCount) taken.clear();
    let colour = hash(name) % seriesCount;
    while (taken.has(colour)) colour = (colour + 1) % seriesCount;
    taken.add(colour);
    colours.set(name, colour + 1);
  }
  return colours;
}
