/** What the router tells of requests whose words were kept. */

/** What was kept of a request, without secrets. */
export interface Captured {
  readonly path?: string;
  readonly body?: unknown;
  readonly answer?: { readonly text?: string | null; readonly reasoning?: string | null; readonly tool_calls?: string | null } | null;
  readonly redactions?: number;
}

export interface CaptureKey {
  readonly id: string;
  readonly on: boolean;
  readonly source: string;
}
