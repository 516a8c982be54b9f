/** The score, the vital figures, and each finding with its evidence and what mends it. */
import * as api from '../data/api.ts';
import { count, duration, figure, gigabytes, moment, percent, relative, words } from '../data/format.ts';
import { live } from '../data/live.ts';
import { follow, hrefOf } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import type { Finding, HealthReport } from '../data/shapes.ts';
import { pin } from '../data/pins.ts';
import { Act } from '../parts/act.tsx';
import { Spark } from '../parts/figures.tsx';
import { Command, Empty, HowToJoin, Loaded } from '../parts/notes.tsx';
import { Status, type Tone } from '../parts/status.tsx';
import { Tiles } from '../parts/tiles.tsx';
import '../style/health.css';

const everyMs = 15_000;
const rank: Readonly<Record<Finding['severity'], number>> = { critical: 0, warning: 1, info: 2, resolved: 3 };
const tones: Readonly<Record<Finding['severity'], Tone>> = { critical: 'bad', warning: 'warn', info: 'busy', resolved: 'good' };

export default function Health() {
  const health = useResource('health', api.health, everyMs);
  return (
    <div>
      <header class="view-head">
        <h1>Health</h1>
        {health.data?.checked_at !== undefined && <span class="fine">checked {relative(timeOf(health.data.checked_at), Date.now())}</span>}
        <button type="button" onClick={health.reload}>Check again</button>
      </header>
      <Loaded of={health} what="Checking the fleet">{(report) => <Report report={report} />}</Loaded>
    </div>
  );
}

function Report({ report }: { readonly report: HealthReport }) {
  const score = report.vitals['health_score'];
  const findings = [...report.recommendations].sort((a, b) => rank[a.severity] - rank[b.severity]);
  const solved = findings.filter(isSolved);
  const present = findings.filter((finding) => !isSolved(finding));
  return (
    <>
      <p class="score"><strong class={scoreClass(score)}>{count(score)}</strong> <span class="fine">of 100 · {present.length === 0 ? 'nothing to do' : `${count(present.length)} ${present.length === 1 ? 'finding' : 'findings'}`}</span></p>
      <Tiles tiles={vitals(report.vitals)} />
      {present.length === 0 && (live.value?.nodes.length === 0 ? <Empty title="There is no machine to check yet."><HowToJoin /></Empty> : <Empty title="Everything is as it should be."><p>Every check has been made, and none has found anything.</p></Empty>)}
      <ul class="findings">{present.map((finding) => <Item key={`${finding.check_id} ${finding.node_id ?? ''} ${finding.title}`} finding={finding} />)}</ul>
      {solved.length > 0 && (
        <details class="solved">
          <summary>{count(solved.length)} solved</summary>
          <ul class="findings">{solved.map((finding) => <Item key={`${finding.check_id} ${finding.title}`} finding={finding} />)}</ul>
        </details>
      )}
    </>
  );
}

const isSolved = (finding: Finding): boolean => finding.severity === 'resolved' || finding.resolved_at !== undefined;
const scoreClass = (score: number | null | undefined): string => (score === null || score === undefined || score >= 80 ? '' : score >= 50 ? 'warn-text' : 'bad-text');

function timeOf(written: number | string): number {
  return typeof written === 'number' ? written * 1000 : Date.parse(written);
}

const titles: readonly (readonly [string, string, (value: number) => string])[] = [
  ['total_requests_24h', 'Requests, 24 h', count],
  ['overall_error_rate_pct', 'Errors', percent],
  ['avg_ttft_ms', 'First token', duration],
  ['cold_loads_24h', 'Loads', count],
  ['total_retries_24h', 'Retries', count],
  ['client_disconnects_24h', 'Callers left', count],
  ['incomplete_streams_24h', 'Broken answers', count],
];

function vitals(all: HealthReport['vitals']): readonly (readonly [string, string])[] {
  return titles.flatMap(([name, title, text]) => (all[name] === undefined || all[name] === null ? [] : [[title, text(all[name] ?? 0)] as const]));
}

function Item({ finding }: { readonly finding: Finding }) {
  const { severity, title, description, fix, command, node_id: node, data, resolved_at: solvedAt } = finding;
  const draining = isSolved(finding) ? null : fixOf(finding);
  return (
    <li class={`card finding ${severity}`}>
      <header><Status tone={tones[severity] ?? 'busy'} word={severity} /> <h2>{title}</h2>{node && <a class="fine" href={hrefOf('fleet', { node })} onClick={follow}>{node}</a>}{solvedAt !== undefined && <span class="fine" title={moment(solvedAt * 1000)}>solved {relative(solvedAt * 1000, Date.now())}</span>}</header>
      {description && <p>{description}</p>}
      <Evidence data={data ?? {}} />
      {!isSolved(finding) && (fix || command) && (
        <p class="fix">{fix && <span><strong>To mend it:</strong> {fix}</span>} {command && <Command text={command} />} {draining}</p>
      )}
    </li>
  );
}

/** Findings that can be mended from here. */
function fixOf({ data, node_id: node, check_id: check }: Finding) {
  const model = typeof data?.['model'] === 'string' ? data['model'] : null;
  if (model !== null && node && /not_loaded|load_timeout|thrash|evict/.test(check)) return <Act class="" what={`Pin ${model} on ${node}`} run={() => pin(node, model, true)}>Pin {model}</Act>;
  return null;
}

const units: readonly (readonly [RegExp, (value: number) => string])[] = [
  [/[_ ]ms$/, duration],
  [/[_ ](?:s|sec|seconds)$/, (value) => duration(value * 1000)],
  [/[_ ]pct$/, percent],
  [/[_ ]gb$/, gigabytes],
  [/[_ ]mb$/, (value) => gigabytes(value / 1000)],
];

/** The unit that a name ends with belongs to the figure. */
function Fact({ name, value }: { readonly name: string; readonly value: unknown }) {
  const [ending, text] = units.find(([one]) => one.test(name)) ?? [null, figure];
  const bare = typeof value === 'number' && ending !== null ? name.replace(ending, '') : name;
  return <div><dt>{words(bare)}</dt><dd>{typeof value === 'number' ? text(value) : String(value)}</dd></div>;
}

const mostFigures = 6;

/** Numbers as they are, a list of them as a line. */
function Evidence({ data }: { readonly data: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(data).filter(([, value]) => typeof value === 'number' || typeof value === 'string').slice(0, mostFigures);
  const series = Object.entries(data).find(([, value]) => Array.isArray(value) && value.length > 1 && value.every((one) => typeof one === 'number'));
  if (entries.length === 0 && series === undefined) return null;
  return (
    <dl class="evidence">
      {entries.map(([name, value]) => <Fact key={name} name={name} value={value} />)}
      {series !== undefined && <div><dt>{words(series[0])}</dt><dd><Spark values={series[1] as number[]} room={(series[1] as number[]).length} label={words(series[0])} /></dd></div>}
    </dl>
  );
}
