/** What the command line hands over to run the router. */

export interface RunOptions {
  readonly configPath?: string;
  /** Talk to a person (`oar up`), or log JSON lines (`oar serve`). */
  readonly friendly: boolean;
  readonly host?: string;
  readonly port?: string;
  /** Serve other machines, with a key that is made when there is none. */
  readonly lan?: boolean;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  out(text: string): void;
  err(text: string): void;
}
