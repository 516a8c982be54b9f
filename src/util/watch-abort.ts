/** Runs callbacks when a signal aborts, with one listener a signal: a connection's signal serves all of its requests. */

const watchers = new WeakMap<AbortSignal, Set<() => void>>();

/** `run` is called once when the signal aborts, unless it is taken back before. For a signal that has aborted it is never called. */
export function watchAbort(signal: AbortSignal, run: () => void): void {
  const known = watchers.get(signal);
  if (known !== undefined) {
    known.add(run);
    return;
  }
  const created = new Set([run]);
  watchers.set(signal, created);
  signal.addEventListener(
    'abort',
    () => {
      const due = [...created];
      created.clear();
      for (const one of due) one();
    },
    { once: true },
  );
}

export function unwatchAbort(signal: AbortSignal, run: () => void): void {
  watchers.get(signal)?.delete(run);
}
