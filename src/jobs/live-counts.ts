/** How many jobs there are of each status and model, without asking the store. */
import type { Job, JobStatus } from '../core/job.ts';
import type { JobCounts } from '../store/store.ts';

/** Follows every change, and is set right from the store now and then. */
export class LiveCounts {
  readonly #byModel = new Map<string, Map<JobStatus, number>>();
  #bytes = 0;

  /** From null: it is new. */
  move(from: Pick<Job, 'selectedModel' | 'status'> | null, to: Pick<Job, 'selectedModel' | 'status'>, bytesMore: number): void {
    if (from) this.#change(from.selectedModel, from.status, -1);
    this.#change(to.selectedModel, to.status, 1);
    this.#bytes += bytesMore;
  }

  set(counts: JobCounts): void {
    this.#byModel.clear();
    for (const { model, status, count } of counts.byModel) this.#change(model, status, count);
    this.#bytes = counts.bytes;
  }

  get(): JobCounts {
    const byStatus: Record<JobStatus, number> = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
    const byModel: { model: string; status: JobStatus; count: number }[] = [];
    for (const [model, statuses] of this.#byModel) {
      for (const [status, count] of statuses) {
        byStatus[status] += count;
        byModel.push({ model, status, count });
      }
    }
    return { byStatus, byModel, bytes: this.#bytes };
  }

  #change(model: string, status: JobStatus, by: number): void {
    const statuses = this.#byModel.get(model) ?? new Map<JobStatus, number>();
    const count = (statuses.get(status) ?? 0) + by;
    if (count > 0) statuses.set(status, count);
    else statuses.delete(status);
    if (statuses.size > 0) this.#byModel.set(model, statuses);
    else this.#byModel.delete(model);
  }
}
