/** A chart over time with a crosshair that all charts of a view share, numbers under the pointer, and a table of the same for those who listen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { moment } from '../data/format.ts';
import { shownTheme } from '../data/theme.ts';
import '../style/charts.css';

export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Of the style sheet's series colours. */
  readonly colour: number;
  readonly kind?: 'line' | 'bars' | 'band-top' | 'band-bottom' | 'points';
  /** What is said under the pointer, where bars are raised by others. */
  readonly told?: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  readonly unit: string;
  /** Epoch seconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly text: (value: number | null | undefined) => string;
  readonly height?: number;
  /** Charts of one name share their crosshair. */
  readonly sync?: string;
  readonly pick?: (time: number) => void;
  readonly range?: (from: number, to: number) => void;
  /** Seconds that each value stands for, from its time on; absent: each stands for a moment. */
  readonly step?: number;
  /** Times of the axis are these numbers as they are. */
  readonly plainAxis?: boolean;
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const { times, lines, title, unit, text } = props;
  const shape = JSON.stringify([shownTheme.value, props.plainAxis, lines.map(({ name, kind, colour }) => [name, kind, colour])]);
  useEffect(() => {
    const frame = box.current;
    if (frame === null) return;
    const made = new uPlot(optionsOf(props, frame, setAt), dataOf(props), frame);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: frame.clientWidth, height: props.height ?? usualHeight }));
    sizes.observe(frame);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(props)), [times, lines]);
  const empty = !lines.some((line) => line.values.some((value) => value !== null && value !== 0));
  return (
    <figure class="chart">
      <figcaption><h3>{title}</h3><span class="fine">{unit}</span><Told at={at} props={props} /></figcaption>
      <div ref={box} class="chart-box" aria-hidden="true" />
      {empty && <p class="chart-empty fine">Nothing in this time.</p>}
      <details class="chart-table"><summary class="fine">As a table<span class="hidden">: {title}</span></summary><TextTable times={times} lines={lines} text={text} title={title} plain={props.plainAxis ?? false} /></details>
    </figure>
  );
}

const usualHeight = 168;

/** The figures under the pointer, else the legend. */
function Told({ at, props }: { readonly at: number | null; readonly props: ChartProps }) {
  const shown = props.lines.length > 1 || at !== null ? props.lines : [];
  return (
    <span class="legend">
      {at !== null && <span>{props.plainAxis ? props.times[at] : moment((props.times[at] ?? 0) * 1000)}</span>}
      {shown.map((line) => <span key={line.name}><i class={`swatch series-${line.colour}`} aria-hidden="true" /> {line.name}{at !== null && <strong> {props.text((line.told ?? line.values)[at])}</strong>}</span>)}
    </span>
  );
}

const mostRows = 100;

function TextTable({ times, lines, text, title, plain }: Pick<ChartProps, 'times' | 'lines' | 'text' | 'title'> & { readonly plain: boolean }) {
  const rows = times.map((time, index) => ({ time, index })).filter(({ index }) => lines.some((line) => line.values[index] !== null && line.values[index] !== 0)).slice(-mostRows).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is reached with the keyboard
    <div class="table-frame tall" tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <table>
        <thead><tr><th scope="col">{plain ? 'Run' : 'Time'}</th>{lines.map((line) => <th key={line.name} scope="col" class="number">{line.name}</th>)}</tr></thead>
        <tbody>{rows.map(({ time, index }) => <tr key={time}><th scope="row">{plain ? time : moment(time * 1000)}</th>{lines.map((line) => <td key={line.name} class="number">{text((line.told ?? line.values)[index])}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

function dataOf({ times, lines }: ChartProps): uPlot.AlignedData {
  return [[...times], ...lines.map((line) => [...line.values])] as uPlot.AlignedData;
}

function optionsOf(props: ChartProps, frame: HTMLElement, setAt: (at: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  return {
    width: Math.max(200, frame.clientWidth),
    height: props.height ?? usualHeight,
    legend: { show: false },
    padding: [8, 26, 0, 0],
    cursor: { y: false, drag: { x: props.range !== undefined, y: false, setScale: false }, points: { size: 6 }, ...(props.sync === undefined ? {} : { sync: { key: props.sync } }) },
    scales: { x: { time: !props.plainAxis, ...(props.step === undefined ? {} : { range: (plot: uPlot) => rangeOf(plot.data[0], props.step ?? 0) }) }, y: { range: (_, __, top) => [0, niceTop(top)] } },
    axes: [{ ...axis, size: 28, space: 72, ...(props.plainAxis ? {} : { values: (_, ticks, __, ___, step) => ticks.map((tick) => tickText(tick, step)) }) }, { ...axis, size: 64, values: (_, ticks) => eachOnce(ticks.map((tick) => props.text(tick))), space: 32 }],
    series: [{}, ...props.lines.map((line) => seriesOf(line, colour(`--series-${line.colour}`)))],
    bands: bandsOf(props.lines, colour),
    hooks: { setCursor: [(plot) => setAt(plot.cursor.idx ?? null)], setSelect: [(plot) => selected(plot, props)], ready: [(plot) => onClick(plot, props)] },
  };
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** From the first value to the end of the last; of one value alone uPlot would make years. */
const rangeOf = (times: ArrayLike<number>, step: number): [number, number] => [times[0] ?? 0, (times[times.length - 1] ?? 0) + step];

/** Ticks that are too near to each other to read differently are told once. */
const eachOnce = (texts: readonly string[]): string[] => texts.map((text, index) => (text === texts[index - 1] ? '' : text));

/** The time of the day, and at midnight the day. */
function tickText(seconds: number, step: number): string {
  const date = new Date(seconds * 1000);
  return step >= 86_400 || date.getHours() + date.getMinutes() === 0 ? calendar.format(date) : clock.format(date);
}

const niceTop = (top: number | null): number => (top === null || top <= 0 ? 1 : top * 1.08);

function seriesOf({ kind = 'line', name }: ChartLine, stroke: string): uPlot.Series {
  // A line needs two values: one that stands alone is a point.
  const points = { show: true, size: 5, fill: stroke, filter: (plot: uPlot, series: number) => lone(plot.data[series] ?? [], kind === 'line') };
  const base = { label: name, stroke, width: 1.5, points };
  if (kind === 'bars') return { ...base, fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.8, 64], align: 1 }) ?? null } as uPlot.Series;
  if (kind === 'band-top' || kind === 'band-bottom') return { ...base, width: kind === 'band-top' ? 1 : 2 };
  if (kind === 'points') return { ...base, points: { show: true, size: 6, fill: stroke } };
  return { ...base, spanGaps: true };
}

const isKnown = (value: number | null | undefined): boolean => value !== null && value !== undefined;

/** Of a line that spans its gaps, the only value; of others each without a neighbour. */
function lone(values: ArrayLike<number | null | undefined>, spanning: boolean): number[] {
  const known = Array.from(values, (_, index) => index).filter((index) => isKnown(values[index]));
  if (spanning) return known.length === 1 ? known : [];
  return known.filter((index) => !isKnown(values[index - 1]) && !isKnown(values[index + 1]));
}

/** The space between the percentiles is filled lightly. */
function bandsOf(lines: readonly ChartLine[], colour: (name: string) => string): uPlot.Band[] {
  const top = lines.findIndex((line) => line.kind === 'band-top');
  const bottom = lines.findIndex((line) => line.kind === 'band-bottom');
  return top < 0 || bottom < 0 ? [] : [{ series: [top + 1, bottom + 1], fill: `${colour(`--series-${lines[top]?.colour ?? 1}`)}26` }];
}

function selected(plot: uPlot, props: ChartProps): void {
  const { left, width } = plot.select;
  if (width < 8 || props.range === undefined) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  props.range(Math.floor(from), Math.ceil(to));
}

function onClick(plot: uPlot, props: ChartProps): void {
  let downAt = 0;
  plot.over.addEventListener('mousedown', (event) => { downAt = event.clientX; });
  plot.over.addEventListener('click', (event) => {
    const time = props.times[plot.cursor.idx ?? -1];
    if (Math.abs(event.clientX - downAt) < 4 && time !== undefined) props.pick?.(time);
  });
}
