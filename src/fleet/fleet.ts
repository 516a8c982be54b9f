/** What the fleet room offers to others: one view of what exists now, and word when it changes. Types only. */
import type { FleetView } from '../core/fleet.ts';
import type { Usage } from '../core/stream.ts';

export interface Fleet {
  /** Immutable and cached: the same object until something changed. */
  view(): FleetView;
  /** Called after each change; returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** What a finished attempt taught: speeds, load time, residency. `ok: false` casts doubt on the backend at once. */
  learn(lesson: Lesson): void;
  /** Asks for an early probe of a backend (all when absent); returns at once. */
  refresh(backendId?: string): void;
  stop(): Promise<void>;
}

export interface Lesson {
  readonly backendId: string;
  readonly model: string;
  readonly ok: boolean;
  /** The failure's catalogue code. */
  readonly error?: string;
  /** Not even a connection could be made. */
  readonly noConnection?: boolean;
  readonly usage: Usage;
  readonly promptTokens?: number;
  readonly firstPartMs?: number;
  readonly totalMs?: number;
  /** Was the model known to be out of memory when the attempt began? */
  readonly cold: boolean;
}
