/** What the router's thread and the store's thread say to each other. Types only. */
import type { JobStore } from '../store.ts';

/** The calls of a JobStore, answered at once. */
export type JobCalls = { [Name in keyof JobStore]: (...args: Parameters<JobStore[Name]>) => Awaited<ReturnType<JobStore[Name]>> };

/** One call with the arguments that its name asks for. */
export type JobCall = { [Name in keyof JobStore]: { readonly name: Name; readonly args: Parameters<JobStore[Name]> } }[keyof JobStore];

export type ToStore = { readonly kind: 'call'; readonly id: number; readonly call: JobCall } | { readonly kind: 'close' };

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: 'store_unavailable' | 'conflict' | 'internal'; readonly message: string };

export type FromStore =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly message: string }
  /** The change behind each answer is on the disk. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'closed' };
