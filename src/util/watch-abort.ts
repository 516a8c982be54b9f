/** Runs callbacks when a signal aborts, with one listener a signal: a connection's signal serves all of its requests. */

// Lists, not sets: what has left a set hangs in memory for as long as the set's old tables do, and every request comes and goes here.
const watchers = new WeakMap<AbortSignal, (() => void)[]>();

/** `run` is called once when the signal aborts, unless it is taken back before. For a signal that has aborted it is never called. */
export function watchAbort(signal: AbortSignal, run: () => void): void {
  const known = watchers.get(signal);
  if (known !== undefined) {
    known.push(run);
    return;
  }
  const created = [run];
  watchers.set(signal, created);
  signal.addEventListener(
    'abort',
    () => {
      for (const one of created.splice(0)) one();
    },
    { once: true },
  );
}

/** The few that watch one signal are soon looked through. */
export function unwatchAbort(signal: AbortSignal, run: () => void): void {
  const list = watchers.get(signal);
  const at = list?.indexOf(run) ?? -1;
  if (at >= 0) list?.splice(at, 1);
}
