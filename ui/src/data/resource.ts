/** Data that a view asks for: what came last stays while newer is on its way, and errors stand beside it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { effect } from '@preact/signals';
import { line } from './live.ts';
import { CallFailed, keyNeeded } from './request.ts';

export interface Resource<T> {
  readonly data: T | null;
  readonly error: CallFailed | null;
  readonly loading: boolean;
  /** When the data came, epoch milliseconds. */
  readonly at: number;
  reload(): void;
}

/** Asks again when `key` changes, when the router is back, and every `everyMs` while the page is looked at. */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs = 0): Resource<T> {
  const [held, setHeld] = useState<{ data: T | null; error: CallFailed | null; loading: boolean; at: number }>({ data: null, error: null, loading: true, at: 0 });
  const [turn, setTurn] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    const left = new AbortController();
    setHeld((before) => ({ ...before, loading: true }));
    loader.current(left.signal).then(
      (data) => left.signal.aborted || setHeld({ data, error: null, loading: false, at: Date.now() }),
      (thrown: unknown) => left.signal.aborted || setHeld((before) => ({ ...before, error: failureIn(thrown), loading: false })),
    );
    return () => left.abort();
  }, [key, turn]);
  useEffect(() => {
    if (everyMs === 0) return;
    const timer = setInterval(() => document.hidden || setTurn((now) => now + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  useEffect(() => onReturn(() => setTurn((now) => now + 1)), []);
  // That there is no connection is said once, above the view.
  const known = held.data !== null && held.error?.code === 'unreachable' && line.value.state !== 'open';
  return { ...held, error: known ? null : held.error, reload: () => setTurn((now) => now + 1) };
}

export function failureIn(thrown: unknown): CallFailed {
  return thrown instanceof CallFailed ? thrown : new CallFailed(thrown instanceof Error ? thrown.message : String(thrown), {});
}

/** Called when the line is open again after it was lost, or a key was shown. */
function onReturn(run: () => void): () => void {
  let lost = false;
  return effect(() => {
    const away = line.value.state === 'lost' || keyNeeded.value;
    if (lost && !away && line.value.state === 'open') run();
    lost = away || (lost && line.value.state !== 'open');
  });
}
