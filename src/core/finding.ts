/** Something about the fleet that somebody should know, and what to do about it. */

export interface Finding {
  /** Which check says so, such as `node_offline`. */
  readonly checkId: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly title: string;
  /** The evidence, in a sentence or two. */
  readonly description: string;
  /** What to do, in a sentence. */
  readonly fix: string;
  /** The exact command for it. */
  readonly command?: string;
  /** The same as a button: an address of this router. */
  readonly action?: { readonly label: string; readonly method: 'POST'; readonly path: string; readonly body?: Readonly<Record<string, unknown>> };
  readonly nodeId?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}
