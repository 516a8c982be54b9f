/** Small charts of one time range: requests, errors, latency, first token, tokens; by machine, model, tag or key. */
import * as api from '../data/api.ts';
import { count, duration, share, short } from '../data/format.ts';
import { colourOf } from '../data/live.ts';
import { coloursOf } from '../data/colours.ts';
import { helloByCurl } from '../data/examples.ts';
import { choices, choose, open } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import { bucketTimes, largest, type Line, linesOf, stacked } from '../data/series.ts';
import type { TrendRow, Trends as TrendsData } from '../data/shapes.ts';
import { type Range, rangeOf } from '../data/url-state.ts';
import { Chart, type ChartLine } from '../charts/chart.tsx';
import { RangePicker, Segments } from '../parts/choice.tsx';
import { Command, Empty, Loaded } from '../parts/notes.tsx';
import { Tiles } from '../parts/tiles.tsx';

const groupings = [['', 'All'], ['node', 'Machine'], ['model', 'Model'], ['tag', 'Tag'], ['key', 'Key']] as const;
const filters = ['node', 'model', 'tag', 'key'] as const;
const everyMs = 15_000;
const mostLines = 7;
/** What has no machine, model or tag. */
const noGroup = 'none';

export default function Trends() {
  const chosen = choices.value;
  const by = chosen['by'] ?? '';
  const filter = Object.fromEntries(filters.flatMap((name) => (chosen[name] ? [[name, chosen[name]]] : [])));
  const range = rangeOf(chosen, Date.now() / 1000, '24h');
  const wanted = { ...filter, ...(by === '' ? {} : { by }) };
  const trends = useResource(JSON.stringify([chosen['range'], chosen['from'], chosen['to'], wanted]), () => api.trends(rangeOf(choices.value, Date.now() / 1000, '24h'), wanted), everyMs);
  // A request with several tags is in several of the groups.
  const whole = useResource(JSON.stringify([chosen['range'], chosen['from'], chosen['to'], filter, by === 'tag']), () => (by === 'tag' ? api.trends(rangeOf(choices.value, Date.now() / 1000, '24h'), filter) : Promise.resolve(null)), everyMs);
  return (
    <div>
      <header class="view-head">
        <h1>Trends</h1>
        <RangePicker usual="24h" />
        <Segments label="Split by" options={groupings} value={(groupings.find(([name]) => name === by) ?? groupings[0])[0]} pick={(name) => choose({ by: name })} />
        {filters.filter((name) => chosen[name]).map((name) => <button key={name} type="button" onClick={() => choose({ [name]: '' })}>{name} {chosen[name]} ✕<span class="hidden"> take this filter away</span></button>)}
      </header>
      <Loaded of={trends} what="Reading the trends">{(data) => <Charts data={data} counted={by === 'tag' ? whole.data?.data : data.data} range={range} by={by} />}</Loaded>
    </div>
  );
}

/** `counted`: rows in which each request is once. */
function Charts({ data, counted, range, by }: { readonly data: TrendsData; readonly counted: readonly TrendRow[] | undefined; readonly range: Range; readonly by: string }) {
  const step = data.bucket_s ?? 3600;
  const times = bucketTimes(range, step);
  if (data.data.every((row) => row.request_count === 0)) return <NoRequest />;
  const shared = { times, step, sync: 'trends', pick: (time: number) => open({ view: 'requests', choices: { from: String(time), to: String(time + step), ...onlyFilters() } }), range: (from: number, to: number) => choose({ from: String(from), to: String(to), range: '' }) };
  const bars = (read: (row: TrendRow) => number | undefined): readonly ChartLine[] => barsOf(data.data, times, by, read);
  const bucket = step === 3600 ? 'hour' : step === 86_400 ? 'day' : duration(step * 1000);
  const unit = `per ${bucket}`;
  return (
    <>
      {counted !== undefined && <Tiles tiles={tilesOf(counted)} />}
      <div class="multiples">
        <Chart {...shared} title="Requests" unit={unit} text={short} lines={bars((row) => row.request_count)} />
        <Chart {...shared} title="Tokens" unit={unit} text={short} lines={by === '' ? tokenBars(data.data, times) : bars((row) => (row.total_prompt_tokens ?? 0) + (row.total_completion_tokens ?? 0))} />
        <Chart {...shared} title="Latency" unit={by === '' ? 'p50, p95, p99' : 'p50'} text={duration} lines={spread(data.data, times, by, ['latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms', 'avg_latency_ms'])} />
        <Chart {...shared} title="Time to first token" unit={by === '' ? 'p50, p95, p99' : 'p50'} text={duration} lines={spread(data.data, times, by, ['ttft_p50_ms', 'ttft_p95_ms', 'ttft_p99_ms', 'avg_ttft_ms'])} />
        <Chart {...shared} title="Errors" unit={unit} text={short} lines={bars((row) => row.failed_count).map((line) => (by === '' ? { ...line, name: 'failed', colour: 4 } : line))} />
        <Chart {...shared} title="Throughput" unit={`tokens/s out, mean of the whole ${bucket}`} text={short} lines={bars((row) => (row.total_completion_tokens ?? 0) / step)} />
      </div>
    </>
  );
}

function NoRequest() {
  return (
    <Empty title="No request came in this time.">
      <p>Choose a longer range above, or send one:</p>
      <Command text={helloByCurl()} />
    </Empty>
  );
}

const onlyFilters = () => Object.fromEntries(filters.flatMap((name) => (choices.value[name] ? [[name, choices.value[name] ?? '']] : [])));

const reader = (by: string, value: (row: TrendRow) => number | null | undefined) => ({ at: (row: TrendRow) => row.hour_bucket, group: (row: TrendRow) => (by === '' ? 'all requests' : row.group || noGroup), value });

/** The tallest pile is drawn first, so that the lower ones stand in front of it. */
function barsOf(rows: readonly TrendRow[], times: readonly number[], by: string, read: (row: TrendRow) => number | undefined): readonly ChartLine[] {
  const lines = largest(linesOf(rows, times, reader(by, read), 0), mostLines, 'others');
  const colours = coloursFor(lines, by);
  return piled(lines, colours);
}

function piled(lines: readonly Line[], colours: readonly number[]): readonly ChartLine[] {
  return stacked(lines).map((line, index): ChartLine => ({ ...line, told: lines[index]?.values ?? [], colour: colours[index] ?? 0, kind: 'bars' })).reverse();
}

function tokenBars(rows: readonly TrendRow[], times: readonly number[]): readonly ChartLine[] {
  const read = (value: (row: TrendRow) => number | undefined): readonly (number | null)[] => linesOf(rows, times, reader('', value), 0)[0]?.values ?? times.map(() => 0);
  return piled([{ name: 'in', values: read((row) => row.total_prompt_tokens) }, { name: 'out', values: read((row) => row.total_completion_tokens) }], [5, 1]);
}

type Field = 'latency_p50_ms' | 'latency_p95_ms' | 'latency_p99_ms' | 'avg_latency_ms' | 'ttft_p50_ms' | 'ttft_p95_ms' | 'ttft_p99_ms' | 'avg_ttft_ms';

/** Of everything a band of percentiles; of each group its middle, or the mean where no percentiles are told. */
function spread(rows: readonly TrendRow[], times: readonly number[], by: string, [p50, p95, p99, mean]: readonly [Field, Field, Field, Field]): readonly ChartLine[] {
  const known = rows.some((row) => row[p50] !== undefined && row[p50] !== null);
  const middle = largest(linesOf(rows, times, reader(by, (row) => (row.request_count > 0 ? (known ? row[p50] : row[mean]) : null)), null), mostLines, 'others');
  const colours = coloursFor(middle, by);
  if (by !== '' || !known) return middle.filter((line) => line.name !== 'others').map((line, index) => ({ name: by === '' ? 'mean' : line.name, values: line.values, colour: colours[index] ?? 1 }));
  const of = (field: Field): readonly (number | null)[] => linesOf(rows, times, reader('', (row) => (row.request_count > 0 ? row[field] : null)), null)[0]?.values ?? times.map(() => null);
  return [
    { name: 'p99', values: of(p99), colour: 5, kind: 'band-top' },
    { name: 'p95', values: of(p95), colour: 3 },
    { name: 'p50', values: of(p50), colour: 1, kind: 'band-bottom' },
  ];
}

function coloursFor(lines: readonly Line[], by: string): readonly number[] {
  if (by === '') return lines.map(() => 1);
  const own = coloursOf(lines.map((line) => line.name));
  return lines.map(({ name }) => (name === 'others' || name === noGroup ? 0 : (by === 'node' && colourOf(name)) || (own.get(name) ?? 0)));
}

function tilesOf(rows: readonly TrendRow[]): readonly (readonly [string, string])[] {
  const sum = (read: (row: TrendRow) => number | null | undefined): number => rows.reduce((all, row) => all + (read(row) ?? 0), 0);
  const requests = sum((row) => row.request_count);
  const failed = sum((row) => row.failed_count);
  // Only what was answered has a latency.
  const weight = (row: TrendRow): number => row.completed_count ?? row.request_count;
  const weighted = (read: (row: TrendRow) => number | null | undefined): number | null => {
    const known = sum((row) => (typeof read(row) === 'number' ? weight(row) : 0));
    return known === 0 ? null : sum((row) => (read(row) ?? 0) * weight(row)) / known;
  };
  return [
    ['Requests', count(requests)],
    ['Failed', requests === 0 ? '–' : `${count(failed)} (${share(failed / requests)})`],
    ['Mean latency', duration(weighted((row) => row.avg_latency_ms))],
    ['Mean first token', duration(weighted((row) => row.avg_ttft_ms))],
    ['Tokens in', short(sum((row) => row.total_prompt_tokens))],
    ['Tokens out', short(sum((row) => row.total_completion_tokens))],
  ];
}
