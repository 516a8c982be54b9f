/** Tokens counted: how many which model on which backend has used. */

export interface UsageTotal {
  /** The backend's id. */
  readonly backend: string;
  /** The model that served, by the name the backend has for it. */
  readonly model: string;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What was used within one minute. */
export interface MinuteUsage extends UsageTotal {
  /** Epoch seconds at which the minute begins. */
  readonly at: number;
}

/** A day of UTC. */
export const daySeconds = 86_400;

/** What was used within a minute, or within a day (UTC) whose minutes are not kept any more. */
export interface SpanUsage extends MinuteUsage {
  readonly spanSeconds: 60 | typeof daySeconds;
}
