/** Choosing one of a few: a range, a grouping, a theme. */
import { choices, choose } from '../data/place.ts';
import { ranges } from '../data/url-state.ts';

interface SegmentsProps<Name extends string> {
  readonly label: string;
  readonly options: readonly (readonly [Name, string])[];
  readonly value: Name;
  readonly pick: (value: Name) => void;
}

export function Segments<Name extends string>({ label, options, value, pick }: SegmentsProps<Name>) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {options.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => pick(name)}>{text}</button>
      ))}
    </fieldset>
  );
}

const named = Object.keys(ranges).map((name) => [name, name] as const);

/** Of the view, in the address; a range of one's own is typed or dragged in a chart. */
export function RangePicker({ usual }: { readonly usual: string }) {
  const { range, from, to } = choices.value;
  const own = from !== undefined && to !== undefined;
  const set = (name: 'from' | 'to', text: string): void => {
    const at = Math.floor(Date.parse(text) / 1000);
    if (Number.isFinite(at)) choose({ range: '', from: from ?? String(at - 86_400), to: to ?? String(Math.floor(Date.now() / 1000)), [name]: String(at) });
  };
  return (
    <div class="range">
      <Segments label="Time range" options={[...(usual in ranges ? [] : [[usual, usual] as const]), ...named, ...(own ? ([['own', 'own']] as const) : [])]} value={own ? 'own' : (range ?? usual)} pick={(name) => name !== 'own' && choose({ range: name === usual ? '' : name, from: '', to: '' })} />
      <details class="own-range">
        <summary>from – to</summary>
        <label>from <input type="datetime-local" value={localInput(from)} onChange={(event) => set('from', event.currentTarget.value)} /></label>
        <label>to <input type="datetime-local" value={localInput(to)} onChange={(event) => set('to', event.currentTarget.value)} /></label>
      </details>
    </div>
  );
}

/** As the input element writes a local time. */
function localInput(seconds: string | undefined): string {
  if (seconds === undefined) return '';
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? '' : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
