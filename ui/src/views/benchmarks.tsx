/** Runs a benchmark over the real path, shows it live, and compares runs, models and machines. */
import { useEffect, useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { coloursOf } from '../data/colours.ts';
import { count, duration, figure, moment, percent, relative, short } from '../data/format.ts';
import { choices, choose } from '../data/place.ts';
import { failureIn, useResource } from '../data/resource.ts';
import type { CallFailed } from '../data/request.ts';
import type { BenchmarkProgress, BenchmarkRun } from '../data/shapes.ts';
import { Chart } from '../charts/chart.tsx';
import { Act } from '../parts/act.tsx';
import { Empty, ErrorNote, HowToJoin, Loaded } from '../parts/notes.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Compared } from './benchmarks/compared.tsx';
import '../style/settings.css';

const progressMs = 1000;
const mostCompared = 4;
const kinds = [['llm', 'chat'], ['embed', 'embeddings'], ['image', 'pictures']] as const;

const columns = (chosen: readonly string[]): readonly Column<BenchmarkRun>[] => [
  { id: 'time', title: 'Run', value: (run) => run.timestamp, show: (run) => <time title={moment((run.timestamp ?? 0) * 1000)}>{run.timestamp === undefined ? run.run_id : relative(run.timestamp * 1000, Date.now())}</time> },
  { id: 'requests', title: 'Requests', yields: 6, numeric: true, value: (run) => run.total_requests, show: (run) => count(run.total_requests) },
  { id: 'failures', title: 'Failed', yields: 4, numeric: true, value: (run) => run.total_failures, show: (run) => count(run.total_failures) },
  { id: 'speed', title: 'Tokens/s', numeric: true, value: speedOf, show: (run) => figure(speedOf(run)) },
  { id: 'rate', title: 'Requests/s', yields: 1, numeric: true, value: (run) => run.requests_per_sec, show: (run) => figure(run.requests_per_sec) },
  { id: 'p50', title: 'Latency p50', yields: 7, numeric: true, value: (run) => run.latency_p50_ms, show: (run) => duration(run.latency_p50_ms) },
  { id: 'p95', title: 'Latency p95', yields: 3, numeric: true, value: (run) => run.latency_p95_ms, show: (run) => duration(run.latency_p95_ms) },
  { id: 'first', title: 'First token p50', yields: 2, numeric: true, value: (run) => run.ttft_p50_ms, show: (run) => duration(run.ttft_p50_ms) },
  { id: 'length', title: 'Length', yields: 5, numeric: true, value: (run) => run.duration_s, show: (run) => duration((run.duration_s ?? 0) * 1000) },
  { id: 'compare', title: 'Compare', value: (run) => (chosen.includes(run.run_id) ? 'yes' : ''), show: (run) => <input type="checkbox" aria-label={`Compare ${run.run_id}`} checked={chosen.includes(run.run_id)} onChange={() => toggle(run.run_id, chosen)} /> },
];

export function speedOf({ tokens_per_sec: told, total_completion_tokens: tokens, duration_s: seconds }: BenchmarkRun): number | null {
  return told ?? (tokens !== undefined && seconds ? tokens / seconds : null);
}

function toggle(id: string, chosen: readonly string[]): void {
  const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-mostCompared);
  choose({ compare: next.join(',') }, { replace: true });
}

export default function Benchmarks() {
  const runs = useResource('runs', api.benchmarks);
  const [able, setAble] = useState(true);
  const progress = useResource('progress', api.benchmarkProgress, able ? progressMs : 0);
  const running = /^(?:running|starting|warming|queued)/.test(progress.data?.status ?? '');
  useEffect(() => setAble(progress.error?.status !== 404 && (progress.data === null || progress.data.status !== undefined)), [progress.data, progress.error]);
  const reload = (): void => {
    runs.reload();
    progress.reload();
  };
  useEffect(() => {
    if (!running) runs.reload();
  }, [running]);
  const models = useResource('models', api.modelNames);
  const none = models.data?.length === 0;
  const chosen = (choices.value['compare'] ?? '').split(',').filter(Boolean);
  return (
    <div>
      <header class="view-head"><h1>Benchmarks</h1></header>
      {running && progress.data ? <Running progress={progress.data} changed={reload} /> : able ? !none && <Form models={models.data ?? []} started={reload} /> : <p class="fine after">This router keeps runs and compares them, but starts none by itself. Those that a program posts to <code>/dashboard/api/benchmarks</code> are shown here.</p>}
      {progress.data?.error && <p class="bad-text after">The last run ended with: {progress.data.error}</p>}
      <Loaded of={runs} what="Reading the runs">{({ data }) => (data.length === 0 ? <None able={able} models={!none} /> : <Runs runs={data} chosen={chosen} />)}</Loaded>
    </div>
  );
}

function None({ able, models }: { readonly able: boolean; readonly models: boolean }) {
  return (
    <Empty title="No benchmark has been run yet.">
      {able && models && <p>Start one above; it asks the models of the fleet on the way that every request goes.</p>}
      {able && !models && <><p>There is no model to measure.</p><HowToJoin /></>}
    </Empty>
  );
}

function Runs({ runs, chosen }: { readonly runs: readonly BenchmarkRun[]; readonly chosen: readonly string[] }) {
  const inTime = [...runs].sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
  const compared = chosen.flatMap((id) => runs.find((run) => run.run_id === id) ?? []);
  return (
    <>
      {inTime.length > 1 && <div class="multiples after"><Chart title="Capacity" unit="tokens/s of each run" times={inTime.map((run) => run.timestamp ?? 0)} text={short} lines={[{ name: 'tokens/s', colour: 3, kind: 'points', values: inTime.map(speedOf) }]} /><Chart title="Latency" unit="of each run" times={inTime.map((run) => run.timestamp ?? 0)} text={duration} lines={[{ name: 'p95', colour: 5, values: inTime.map((run) => run.latency_p95_ms ?? null) }, { name: 'p50', colour: 1, values: inTime.map((run) => run.latency_p50_ms ?? null) }]} /></div>}
      <Table name="runs" caption="Benchmark runs" columns={columns(chosen)} rows={runs} keyOf={(run) => run.run_id} order={{ column: 'time', down: true }} />
      {compared.length > 0 && <Compared runs={compared} colours={coloursOf(compared.map((run) => run.run_id))} />}
    </>
  );
}

function Form({ models, started }: { readonly models: readonly string[]; readonly started: () => void }) {
  const [error, setError] = useState<CallFailed | null>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const wanted = form.getAll('models').map(String);
    try {
      await api.startBenchmark({ mode: form.get('mode'), model_types: form.getAll('kinds').map(String), duration: Number(form.get('duration')), ...(form.get('concurrency') ? { concurrency: Number(form.get('concurrency')) } : {}), prompt_tokens: Number(form.get('prompt')), max_tokens: Number(form.get('answer')), ...(wanted.length > 0 ? { models: wanted } : {}) });
      setError(null);
      started();
    } catch (thrown) {
      setError(failureIn(thrown));
    }
  };
  return (
    <form class="card bench-form" aria-label="Run a benchmark" onSubmit={(event) => void submit(event)}>
      <label>Models <select name="models" multiple size={3}>{models.map((name) => <option key={name}>{name}</option>)}</select></label>
      <label>Without a choice <select name="mode"><option value="default">what is in memory</option><option value="smart">and what fits from disk</option></select></label>
      <fieldset class="kinds"><legend>Kinds</legend>{kinds.map(([kind, name]) => <label key={kind}><input type="checkbox" name="kinds" value={kind} defaultChecked /> {name}</label>)}</fieldset>
      <label>Length in seconds <input class="narrow" name="duration" type="number" min={1} max={3600} defaultValue={60} required /></label>
      <label>At once <input class="narrow" name="concurrency" type="number" min={1} max={256} placeholder="auto" /></label>
      <label>Prompt tokens <input class="narrow" name="prompt" type="number" min={1} max={100_000} defaultValue={64} required /></label>
      <label>Answer tokens <input class="narrow" name="answer" type="number" min={1} max={8192} defaultValue={128} required /></label>
      <button type="submit" class="primary">Run it</button>
      {error && <ErrorNote what="Starting the benchmark" error={error} />}
    </form>
  );
}

function Running({ progress, changed }: { readonly progress: BenchmarkProgress; readonly changed: () => void }) {
  const [seen, setSeen] = useState<readonly (readonly [number, number])[]>([]);
  const { elapsed = 0, duration: length = 0, requests_completed: done, requests_failed: failed, tok_per_sec: speed, phase, models } = progress;
  useEffect(() => setSeen((before) => [...before.filter(([at]) => at < elapsed), [elapsed, speed ?? 0] as const].slice(-600)), [elapsed, speed]);
  return (
    <section class="card bench-running" aria-label="The benchmark that runs">
      <p><strong>Running</strong> <span class="fine">{phase} · {duration(elapsed * 1000)} of {duration(length * 1000)} ({percent(length > 0 ? (100 * elapsed) / length : 0)}) · {count(done)} answered, {count(failed)} failed{models && models.length > 0 && ` · ${models.join(', ')}`}</span></p>
      <progress value={length > 0 ? elapsed / length : undefined} aria-label="Progress of the benchmark" />
      <Chart title="Tokens/s" unit="by seconds since it began" plainAxis times={seen.map(([at]) => at)} text={short} lines={[{ name: 'tokens/s', colour: 3, values: seen.map(([, value]) => value) }]} height={140} />
      <div class="buttons"><Act class="danger" what="Stop the benchmark" run={api.cancelBenchmark} done={changed}>Stop</Act></div>
    </section>
  );
}
