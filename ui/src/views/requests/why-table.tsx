/** The candidates of one try by the terms of their score: the winner marked, what was out of the question in words. */
import { duration, figure, words } from '../../data/format.ts';
import { colourOf } from '../../data/live.ts';
import type { TraceAttempt } from '../../data/shapes.ts';
import { whyOf, type WhyRow } from '../../data/waterfall.ts';
import { Swatch } from '../../parts/figures.tsx';

export function WhyTable({ attempt }: { readonly attempt: TraceAttempt }) {
  const { unit, signals, rows } = whyOf(attempt);
  const text = (value: number | undefined): string => (value === undefined ? '' : unit === 'ms' ? duration(Math.abs(value)) : `${value > 0 ? '+' : ''}${figure(value)}`);
  const oneModel = new Set(rows.map((row) => row.model)).size <= 1;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls sideways is reached with the keyboard
    <div class="table-frame" tabIndex={0} role="region" aria-label={`Candidates, ${attempt.backend} won`}>
      <table class="why">
        <thead><tr><th scope="col">Candidate</th>{signals.map((signal) => <th key={signal} scope="col" class="number">{words(signal)}</th>)}<th scope="col" class="number">{unit === 'ms' ? 'expected' : 'points'}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.backend} ${row.model}`} class={row.won ? 'won' : ''}>
              <th scope="row"><Swatch colour={colourOf(row.node ?? row.backend)} /> {row.backend}{!oneModel && <span class="fine"> {row.model}</span>}{row.won && <span class="good-text"> ✓<span class="hidden"> chosen</span></span>}</th>
              {row.veto === null ? <Terms row={row} signals={signals} text={text} /> : <td class="veto" colSpan={signals.length + 1}>{row.veto}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Terms({ row, signals, text }: { readonly row: WhyRow; readonly signals: readonly string[]; readonly text: (value: number | undefined) => string }) {
  return (
    <>
      {signals.map((signal) => <td key={signal} class="number">{text(row.terms[signal])}</td>)}
      <td class="number strong">{row.total === null ? '–' : text(row.total)}</td>
    </>
  );
}
