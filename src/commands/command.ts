/** What a command is: a word of the CLI as data, run with everything it needs handed in. Types only. */

export interface CommandOption {
  /** As commander writes it: `-c, --config <path>`. */
  readonly flags: string;
  readonly description: string;
}

/** What the world looks like to a command; tests hand in their own. */
export interface CommandContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly isTerminal: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Calls a router's API, as `--url`, `--base-path` and `--api-key` say. Rejects with a plain Error whose message is for people. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, options: GlobalOptions): Promise<{ readonly status: number; readonly body: unknown; readonly text: string }>;
  /** Reads and checks the configuration; rejects with a message that names file, line and column. */
  loadConfig(explicitPath: string | undefined): Promise<{ readonly path: string | null; readonly warnings: readonly string[] }>;
  /** Runs the router until it is told to stop; resolves with the exit code. */
  serve(options: { readonly configPath?: string; readonly friendly: boolean; readonly host?: string; readonly port?: string }): Promise<number>;
}

export interface GlobalOptions {
  readonly config?: string;
  readonly url?: string;
  readonly basePath?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
  /** Accept a certificate that nobody vouches for. */
  readonly insecure?: boolean;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** As commander writes them: `<id>`, `[path]`. */
  readonly args?: readonly { readonly name: string; readonly description: string }[];
  readonly options?: readonly CommandOption[];
  /** Resolves with the exit code. A thrown Error's message goes to stderr and the code is 1. */
  run(context: CommandContext, args: readonly string[], options: GlobalOptions & Readonly<Record<string, unknown>>): Promise<number>;
}
