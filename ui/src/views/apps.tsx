/** Who uses the fleet: by tag, user and key; requests, tokens, latency, errors and the share of all, by day. */
import * as api from '../data/api.ts';
import { coloursOf } from '../data/colours.ts';
import { helloByCurl } from '../data/examples.ts';
import { count, duration, share, short } from '../data/format.ts';
import { choices, choose, follow, hrefOf } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import { bucketTimes, largest, linesOf, stacked } from '../data/series.ts';
import type { TagDay, TagRow } from '../data/shapes.ts';
import { type Range, rangeOf } from '../data/url-state.ts';
import { Chart, type ChartLine } from '../charts/chart.tsx';
import { RangePicker, Segments } from '../parts/choice.tsx';
import { Swatch } from '../parts/figures.tsx';
import { Command, Empty, Loaded } from '../parts/notes.tsx';
import { type Column, Table } from '../parts/table.tsx';

const kinds = [['tag', 'Tag'], ['user', 'User'], ['key', 'Key']] as const;
type Kind = (typeof kinds)[number][0];
const everyMs = 30_000;
const daySeconds = 86_400;

export default function Apps() {
  const chosen = choices.value;
  const by: Kind = kinds.find(([name]) => name === chosen['by'])?.[0] ?? 'tag';
  const key = JSON.stringify([by, chosen['range'], chosen['from'], chosen['to']]);
  const range = (): Range => rangeOf(choices.value, Date.now() / 1000, '7d');
  const rows = useResource(key, () => api.apps(range(), by), everyMs);
  const daily = useResource(key, () => api.appsDaily(range(), by), everyMs);
  return (
    <div>
      <header class="view-head">
        <h1>Apps</h1>
        <Segments label="Who" options={kinds} value={by} pick={(name) => choose({ by: name === 'tag' ? '' : name, id: '' })} />
        <RangePicker usual="7d" />
      </header>
      <Loaded of={rows} what="Reading who uses the fleet">{({ data, summary }) => (data.length === 0 ? <None by={by} /> : <Shares rows={data} all={summary?.total_tokens ?? 0} days={daily.data?.data ?? []} range={range()} by={by} />)}</Loaded>
    </div>
  );
}

function None({ by }: { readonly by: Kind }) {
  if (by !== 'tag') return <Empty title={`No ${by} has asked for anything in this time.`} />;
  return (
    <Empty title="No request was marked in this time.">
      <p>Mark requests, and each application has its own figures here: <code>"metadata": {'{'}"tags": ["my-app"]{'}'}</code> in the body, or a header:</p>
      <Command text={helloByCurl({ headers: ['X-Herd-Tags: my-app, nightly'] })} />
    </Empty>
  );
}

function Shares({ rows, all, days, range, by }: { readonly rows: readonly TagRow[]; readonly all: number; readonly days: readonly TagDay[]; readonly range: Range; readonly by: Kind }) {
  const colours = coloursOf(rows.map((row) => row.tag));
  const only = choices.value['id'];
  const times = bucketTimes(range, daySeconds);
  const shown = only === undefined ? days : days.filter((day) => day.tag === only);
  const read = (value: (day: TagDay) => number | undefined) => ({ at: (day: TagDay) => day.day_bucket, group: (day: TagDay) => day.tag, value });
  const bars = (value: (day: TagDay) => number | undefined): readonly ChartLine[] => {
    const lines = largest(linesOf(shown, times, read(value), 0), 7, 'others');
    return stacked(lines).map((line, index): ChartLine => ({ ...line, told: lines[index]?.values ?? [], colour: line.name === 'others' ? 0 : (colours.get(line.name) ?? 0), kind: 'bars' })).reverse();
  };
  return (
    <>
      <div class="multiples after">
        <Chart title="Requests" unit={`per day${only === undefined ? '' : `, ${only}`}`} times={times} step={daySeconds} sync="apps" text={short} lines={bars((day) => day.request_count)} />
        <Chart title="Tokens" unit="per day" times={times} step={daySeconds} sync="apps" text={short} lines={bars((day) => day.total_tokens)} />
      </div>
      <Table name="apps" caption="Who uses the fleet" columns={columnsFor(all, colours, by)} rows={rows} keyOf={(row) => row.tag} order={{ column: 'requests', down: true }} open={(row) => choose({ id: row.tag === only ? '' : row.tag })} isOpen={(row) => row.tag === only} />
    </>
  );
}

/** `all`: tokens of every request of the fleet, also of those that nobody marked. */
function columnsFor(all: number, colours: ReadonlyMap<string, number>, by: Kind): readonly Column<TagRow>[] {
  const name = kinds.find(([kind]) => kind === by)?.[1] ?? 'Tag';
  return [
    { id: 'name', title: name, value: (row) => row.tag, show: (row) => <span class="clip"><Swatch colour={colours.get(row.tag) ?? 0} /> {row.tag}</span> },
    { id: 'requests', title: 'Requests', numeric: true, value: (row) => row.request_count, show: (row) => count(row.request_count) },
    { id: 'share', title: 'Share of tokens', yields: 5, numeric: true, hint: `Of all tokens of the fleet.${by === 'tag' ? ' A request with several tags counts for each of them.' : ''}`, value: tokensOf, show: (row) => <span class="share"><i aria-hidden="true"><b style={{ width: `${all > 0 ? (100 * tokensOf(row)) / all : 0}%` }} /></i>{share(all > 0 ? tokensOf(row) / all : 0)}</span> },
    { id: 'in', title: 'Tokens in', yields: 2, numeric: true, value: (row) => row.total_prompt_tokens, show: (row) => short(row.total_prompt_tokens) },
    { id: 'out', title: 'Tokens out', yields: 3, numeric: true, value: (row) => row.total_completion_tokens, show: (row) => short(row.total_completion_tokens) },
    { id: 'latency', title: 'Latency', yields: 4, numeric: true, value: (row) => row.avg_latency_ms, show: (row) => duration(row.avg_latency_ms) },
    { id: 'first', title: 'First token', yields: 1, numeric: true, value: (row) => row.avg_ttft_ms, show: (row) => duration(row.avg_ttft_ms) },
    { id: 'errors', title: 'Errors', numeric: true, value: (row) => (row.failed_count ?? 0) / Math.max(1, row.request_count), show: (row) => <span class={(row.failed_count ?? 0) > 0 ? 'bad-text' : ''}>{share((row.failed_count ?? 0) / Math.max(1, row.request_count))}</span> },
    { id: 'open', title: 'Requests of', yields: 6, value: () => '', show: (row) => <a href={hrefOf('requests', { [by]: row.tag })} onClick={follow}>show<span class="hidden"> requests of {row.tag}</span></a> },
  ];
}

const tokensOf = (row: TagRow): number => (row.total_prompt_tokens ?? 0) + (row.total_completion_tokens ?? 0);
