/** Work that was accepted for later: queued, running, done; cancelled, tried again, and read. */
import * as api from '../data/api.ts';
import { helloByCurl } from '../data/examples.ts';
import { count, duration, moment, relative, words } from '../data/format.ts';
import { choices, choose } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import type { JobRow } from '../data/shapes.ts';
import { Act } from '../parts/act.tsx';
import { Segments } from '../parts/choice.tsx';
import { Command, Empty, Loaded } from '../parts/notes.tsx';
import { outcomeTone, Status } from '../parts/status.tsx';
import { type Column, Table } from '../parts/table.tsx';
import '../style/requests.css';

const everyMs = 2000;
const states = [['', 'All'], ['queued', 'Queued'], ['running', 'Running'], ['done', 'Done']] as const;
const isDone = (job: JobRow): boolean => !/^(?:queued|running)$/.test(job.status);

const at = (written: string | null | undefined): number | null => (written ? Date.parse(written) : null);
const tookMs = (job: JobRow): number | null => {
  const started = at(job.started_at);
  return started === null ? null : (at(job.finished_at) ?? Date.now()) - started;
};

const columns: readonly Column<JobRow>[] = [
  { id: 'made', title: 'Made', value: (job) => at(job.created_at), show: (job) => <time title={moment(at(job.created_at))}>{relative(at(job.created_at), Date.now())}</time> },
  { id: 'status', title: 'Status', value: (job) => job.status, show: (job) => <Status tone={outcomeTone(job.status)} word={job.status} /> },
  { id: 'model', title: 'Model', value: (job) => job.selected_model, show: (job) => <span class="clip">{job.selected_model}</span> },
  { id: 'task', title: 'Task', yields: 3, value: (job) => job.task_type, show: (job) => words(job.task_type ?? '–') },
  { id: 'took', title: 'Took', yields: 4, numeric: true, value: tookMs, show: (job) => duration(tookMs(job)) },
  { id: 'attempts', title: 'Tries', yields: 2, numeric: true, value: (job) => job.attempts, show: (job) => count(job.attempts) },
  { id: 'id', title: 'Job', yields: 1, value: (job) => job.id, show: (job) => <code>{job.id}</code> },
];

export default function Jobs() {
  const chosen = choices.value;
  const state = states.find(([name]) => name === chosen['status'])?.[0] ?? '';
  const jobs = useResource('jobs', () => api.jobs(), everyMs);
  const id = chosen['id'];
  return (
    <div class={`requests ${id === undefined ? '' : 'with-drawer'}`}>
      <div class="requests-main">
        <header class="view-head"><h1>Jobs</h1><Segments label="Status" options={states} value={state} pick={(name) => choose({ status: name })} /></header>
        <Loaded of={jobs} what="Reading the jobs">
          {({ jobs: all }) => {
            const rows = all.filter((job) => state === '' || (state === 'done' ? isDone(job) : job.status === state));
            if (rows.length === 0) return all.length === 0 ? <None /> : <Empty title="No job is in this state." />;
            return <Table name="jobs" caption="Jobs" columns={columns} rows={rows} keyOf={(job) => job.id} order={{ column: 'made', down: true }} open={(job) => choose({ id: job.id === id ? '' : job.id })} isOpen={(job) => job.id === id} />;
          }}
        </Loaded>
      </div>
      {id !== undefined && <JobDrawer key={id} id={id} changed={jobs.reload} close={() => choose({ id: '' })} />}
    </div>
  );
}

function None() {
  return (
    <Empty title="There is no job of yours.">
      <p>A request that may be answered later becomes one:</p>
      <Command text={helloByCurl({ fields: { router: { mode: 'async' } } })} />
    </Empty>
  );
}

function JobDrawer({ id, changed, close }: { readonly id: string; readonly changed: () => void; readonly close: () => void }) {
  const job = useResource(id, () => api.job(id), everyMs);
  const reload = (): void => {
    job.reload();
    changed();
  };
  return (
    <aside class="drawer card" aria-label={`Job ${id}`}>
      <header class="card-head"><h2>Job</h2><code class="card-kind">{id}</code><button type="button" class="quiet" onClick={close}>Close</button></header>
      <div class="drawer-body"><Loaded of={job} what="Reading the job">{(data) => <JobDetails job={data} changed={reload} />}</Loaded></div>
    </aside>
  );
}

function JobDetails({ job, changed }: { readonly job: JobRow; readonly changed: () => void }) {
  const facts: readonly (readonly [string, string])[] = [['Made', moment(at(job.created_at))], ['Started', moment(at(job.started_at))], ['Ended', moment(at(job.finished_at))], ['Took', duration(tookMs(job))], ['Tries', count(job.attempts)], ['Kept until', moment(at(job.expires_at))]];
  return (
    <>
      <p class="drawer-sum"><Status tone={outcomeTone(job.status)} word={job.status} /> <strong>{job.selected_model}</strong> {job.task_type && <span class="fine">{words(job.task_type)}</span>}</p>
      {job.error_json && <pre class="json bad-text">{pretty(job.error_json)}</pre>}
      <p class="buttons">
        {!isDone(job) && <Act class="danger" what={`Cancel job ${job.id}`} confirm="Cancel this job?" run={() => api.cancelJob(job.id)} done={changed}>Cancel</Act>}
        {isDone(job) && job.request_json && <Act class="" what={`Try job ${job.id} again`} run={() => api.again(job.request_json ?? '')} done={changed}>Try again</Act>}
      </p>
      <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      {job.result_json && <section><h3>Result</h3><pre class="json">{pretty(job.result_json)}</pre></section>}
      {job.request_json && <details><summary class="fine">The request</summary><pre class="json">{pretty(job.request_json)}</pre></details>}
    </>
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
