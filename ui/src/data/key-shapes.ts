/** Keys as the admin API tells them. Types only. */

/** Requests and tokens in a window, and requests at once. */
export interface KeyLimit {
  readonly requests: number;
  readonly windowSeconds: number;
  readonly tokens?: number;
  readonly concurrent?: number;
}

export interface AccessKey {
  readonly id: string;
  readonly name?: string;
  readonly enabled?: boolean;
  readonly scopes?: readonly string[];
  readonly models?: readonly string[];
  readonly maxPriority?: string;
  readonly expiresAt?: string;
  readonly lastUsedAt?: string | null;
  /** By plane. */
  readonly limits?: Readonly<Record<string, KeyLimit | undefined>>;
}
