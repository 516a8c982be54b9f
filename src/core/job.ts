/** A request accepted for later, and its life. */
import type { Plane } from './principal.ts';
import type { Priority } from './request.ts';

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired';

export const finishedStatuses: readonly JobStatus[] = ['succeeded', 'failed', 'cancelled', 'expired'];

export interface JobError {
  readonly code: string;
  readonly message: string;
}

export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  readonly taskType: string;
  /** The model decided on arrival; the one that served once it has succeeded. */
  readonly selectedModel: string;
  /** The whole request body as received, `router` object included; empty once the job is expired. */
  readonly requestJson: string;
  readonly dialect: string;
  readonly resultJson: string | null;
  readonly error: JobError | null;
  /** How often it was started; a start that a stop of the router cut short does not count. */
  readonly attempts: number;
  /** How many of the attempts ended because the router died; absent: none. */
  readonly crashes?: number;
  readonly priority: Priority;
  /** Who made it; limits and ownership follow the job. */
  readonly principalId: string;
  /** The door it came through; absent: the standalone one. */
  readonly plane?: Plane;
  readonly user: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Not before this may the job be tried again; null: at once. */
  readonly notBefore: number | null;
  /** Null until it has finished: the time to live counts from the end. */
  readonly expiresAt: number | null;
}

export function isFinished(status: JobStatus): boolean {
  return finishedStatuses.includes(status);
}
