/** Small pictures of figures: a filled bar, a line without axes, slots in use, a bar of parts. */
import { sparkPoints } from '../data/series.ts';
import { percent } from '../data/format.ts';

/** `ratio` from 0 to 1; `text` says the same in words. Beyond `warnAt` it is marked. */
export function Meter({ ratio, label, text, warnAt = 0.9, badAt = 0.97 }: { readonly ratio: number | undefined; readonly label: string; readonly text: string; readonly warnAt?: number; readonly badAt?: number }) {
  const filled = Math.min(1, Math.max(0, ratio ?? 0));
  const level = filled >= badAt ? 'bad' : filled >= warnAt ? 'warn' : '';
  return (
    <div class="meter">
      <span class="meter-label">{label}</span>
      <div class={`track ${level}`} role="meter" aria-label={label} aria-valuenow={Math.round(filled * 100)} aria-valuemin={0} aria-valuemax={100} aria-valuetext={text}>
        <div class="fill" style={{ width: `${filled * 100}%` }} />
      </div>
      <span class="meter-text">{text}</span>
    </div>
  );
}

/** A line of the last values, newest at the right; `room` is how many there can be. */
export function Spark({ values, room, label, ceiling = 0 }: { readonly values: readonly number[]; readonly room: number; readonly label: string; readonly ceiling?: number }) {
  return (
    <svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label={label}>
      {values.length > 0 && <polyline points={sparkPoints(values.length === 1 ? [...values, ...values] : values, room, ceiling)} fill="none" vector-effect="non-scaling-stroke" />}
    </svg>
  );
}

const mostBoxes = 12;

/** Boxes for the slots of a model, filled where a request runs. */
export function Slots({ used, all }: { readonly used: number; readonly all: number }) {
  const boxes = Math.min(all, mostBoxes);
  const filled = all <= mostBoxes ? used : Math.round((used / all) * boxes);
  return (
    <span class="slots" aria-hidden="true">
      {Array.from({ length: boxes }, (_, index) => <i key={index} class={index < filled ? 'on' : ''} />)}
    </span>
  );
}

export interface Part {
  readonly name: string;
  readonly amount: number;
  readonly kind: string;
}

/** One bar of parts of a whole, with a legend in words. */
export function PartsBar({ parts, whole, label, textOf }: { readonly parts: readonly Part[]; readonly whole: number; readonly label: string; readonly textOf: (amount: number) => string }) {
  return (
    <figure class="parts">
      <div class="parts-bar" role="img" aria-label={`${label}: ${parts.map((part) => `${part.name} ${textOf(part.amount)}`).join(', ')}`}>
        {parts.map((part) => (
          <div key={part.name} class={part.kind} style={{ width: `${whole > 0 ? (100 * part.amount) / whole : 0}%` }} title={`${part.name}: ${textOf(part.amount)} (${percent((100 * part.amount) / whole)})`} />
        ))}
      </div>
      <figcaption>
        {parts.map((part) => (
          <span key={part.name}><i class={`dot ${part.kind}`} aria-hidden="true" />{part.name} {textOf(part.amount)}</span>
        ))}
      </figcaption>
    </figure>
  );
}

/** The colour of a node or of a series, as a small square. */
export function Swatch({ colour }: { readonly colour: number }) {
  return <i class={`swatch series-${colour}`} aria-hidden="true" />;
}
