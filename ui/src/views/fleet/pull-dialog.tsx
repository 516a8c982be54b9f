/** Pulls a model to a server, with its progress as the server tells it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from '../../data/api.ts';
import { bytes, percent } from '../../data/format.ts';
import { CallFailed, readLines } from '../../data/request.ts';
import { failureIn } from '../../data/resource.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { ErrorNote } from '../../parts/notes.tsx';

interface PullProps {
  readonly backends: readonly { readonly id: string }[];
  readonly title: string;
  readonly model?: string;
  readonly close: () => void;
  readonly done?: () => void;
}

type Progress = { readonly text: string; readonly ratio?: number };

export function PullDialog({ backends, title, model = '', close, done }: PullProps) {
  const [backend, setBackend] = useState(backends[0]?.id ?? '');
  const [name, setName] = useState(model);
  const pull = usePull(done);
  const running = pull.state === 'running';
  return (
    <Dialog title={title} close={close}>
      <form class="stack" onSubmit={(event) => { event.preventDefault(); void pull.start(backend, name.trim()); }}>
        <label>Model <input value={name} required placeholder="qwen3:8b" disabled={running} spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} /></label>
        {backends.length > 1 && <label>Server <select value={backend} disabled={running} onChange={(event) => setBackend(event.currentTarget.value)}>{backends.map((one) => <option key={one.id}>{one.id}</option>)}</select></label>}
        <PullProgress pull={pull} />
        {running && <p class="fine">It goes on as long as this is open.</p>}
        <div class="buttons">
          {/* Two buttons: one that became the other while it is clicked would pull again. */}
          {running ? <button key="stop" type="button" onClick={pull.stop}>Stop</button> : <button key="pull" type="submit" class="primary" disabled={name.trim() === ''}>Pull</button>}
        </div>
      </form>
    </Dialog>
  );
}

export function PullProgress({ pull }: { readonly pull: Pull }) {
  if (pull.error !== null) return <ErrorNote what="The pull" error={pull.error} />;
  if (pull.state === 'idle') return null;
  return (
    <div role="status" class="pull-progress">
      <progress value={pull.state === 'done' ? 1 : pull.progress.ratio} aria-label="Progress of the pull" />
      <span>{pull.state === 'done' ? 'It is there.' : pull.progress.text}</span>
    </div>
  );
}

export interface Pull {
  readonly state: 'idle' | 'running' | 'done';
  readonly progress: Progress;
  readonly error: CallFailed | null;
  start(backend: string, model: string): Promise<void>;
  stop(): void;
}

export function usePull(done?: () => void): Pull {
  const [state, setState] = useState<Pull['state']>('idle');
  const [progress, setProgress] = useState<Progress>({ text: '' });
  const [error, setError] = useState<CallFailed | null>(null);
  const left = useRef<AbortController | null>(null);
  useEffect(() => () => left.current?.abort(), []);
  const start = async (backend: string, model: string): Promise<void> => {
    left.current = new AbortController();
    setError(null);
    setProgress({ text: 'Asking the server …' });
    setState('running');
    try {
      for await (const told of readLines(await api.pullModel(backend, model, left.current.signal))) setProgress(progressIn(told));
      setState('done');
      done?.();
    } catch (thrown) {
      setState('idle');
      if (!left.current.signal.aborted) setError(failureIn(thrown));
    }
  };
  return { state, progress, error, start, stop: () => left.current?.abort() };
}

/** One line of Ollama's progress. Throws what the server says in the stream. */
function progressIn(told: Readonly<Record<string, unknown>>): Progress {
  if (told['error'] !== undefined) throw new CallFailed(typeof told['error'] === 'string' ? told['error'] : JSON.stringify(told['error']), {});
  const { status, completed, total } = told;
  const ratio = typeof completed === 'number' && typeof total === 'number' && total > 0 ? completed / total : undefined;
  const text = String(status ?? '');
  return ratio === undefined ? { text } : { text: `${text} · ${bytes(completed as number)} of ${bytes(total as number)} · ${percent(100 * ratio)}`, ratio };
}
