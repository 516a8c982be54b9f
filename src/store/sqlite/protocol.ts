/** What the router's thread and the store's thread say to each other. Types only. */
import type { StoreCall } from '../store-calls.ts';

export type ToStore = { readonly kind: 'call'; readonly id: number; readonly call: StoreCall } | { readonly kind: 'close' };

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: 'store_unavailable' | 'conflict' | 'internal'; readonly message: string };

export type FromStore =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly message: string }
  /** The change behind each answer is on the disk. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'closed' };
