/** What the pipeline is made of; the app hands it in. */
import type { Clock } from '../core/clock.ts';
import type { RouterError } from '../core/errors.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Log, PlaceWatch, Recorder } from '../telemetry/telemetry.ts';
import type { InferenceRequest, Task } from '../core/request.ts';
import type { Brain, Conversations, InferenceCall, Preparation, ServingBackend } from './pipeline.ts';
import type { TicketDesk } from './ticket-desk.ts';

export interface PipelineParts {
  readonly clock: Clock;
  readonly brain: Brain;
  readonly desk: TicketDesk;
  readonly fleet: Fleet;
  readonly backend: (id: string) => ServingBackend | undefined;
  readonly dialects: ReadonlyMap<string, InferenceDialect>;
  readonly preparation: Preparation | null;
  readonly conversations: Conversations | null;
  readonly jobs: () => Jobs;
  readonly recorder: Recorder;
  /** Told of tokens while they pass, and of models that are waited for. */
  readonly watch: PlaceWatch;
  readonly log: Log;
  /** Headers that go with an error's status: Retry-After and the like. */
  readonly errorHeaders: (error: RouterError) => Readonly<Record<string, string>>;
  readonly holdHeadMs: number;
  /** On other backends of the same model, before the first byte. */
  readonly retries: number;
  readonly stopping: () => boolean;
  /** Until when machines of the fleet may still report for the first time since the router began, epoch milliseconds; null: all have. */
  readonly machinesAwaitedUntil: () => number | null;
  /** Why a task is not served now, for the caller; null: it is. */
  readonly switchedOff: (task: Task) => string | null;
  /** Brings a model that nobody has, if this caller may; resolves with false when they may not. Rejects with why it is not there. `tell` is given what can be said of its progress. */
  readonly fetchModel: (call: InferenceCall, request: InferenceRequest, tell: (words: () => string) => void) => Promise<boolean>;
}
