/** A row of figures with their names. */
export function Tiles({ tiles }: { readonly tiles: readonly (readonly [string, string])[] }) {
  return <dl class="tiles">{tiles.map(([name, value]) => <div key={name} class="tile"><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
