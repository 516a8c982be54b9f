/** The one source of time: everything that waits or measures asks a Clock, so that tests can hold time still. */

/** Stops a pending `after`; calling it late or twice does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Milliseconds since the Unix epoch, never going backwards within a process; may carry fractions. */
  now(): number;
  /** Calls `run` once, `delayMs` from now. A pending timer never keeps the process alive. */
  after(delayMs: number, run: () => void): CancelTimer;
}
