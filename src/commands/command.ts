/** What a command is: a word of the CLI as data, run with everything it needs handed in. Types only. */
import type { AccessAdmin } from '../access/access.ts';
import type { Config } from '../config/config.ts';

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
  /** Calls a router's API, as `--url`, `--base-path` and `--api-key` say. `body` goes as JSON. Rejects with a plain Error whose message is for people. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, options: GlobalOptions, body?: Readonly<Record<string, unknown>>, timeoutMs?: number): Promise<{ readonly status: number; readonly body: unknown; readonly text: string; readonly requestId?: string }>;
  /**
   * The data of each event of a router's event stream, until it ends. Rejects with an Error for people: nobody answers, nothing
   * comes any more, or, with the name `TurnedAway`, this caller may not.
   */
  watch(path: string, options: GlobalOptions, signal: AbortSignal): AsyncIterable<string>;
  /** The whole of the terminal, until it is closed; null: this is none. */
  screen(): Screen | null;
  /** Waits; resolves with false as soon as somebody at the terminal wants it to end. */
  pause(delayMs: number): Promise<boolean>;
  /** Reads and checks the configuration; rejects with a message that names file, line and column. */
  loadConfig(explicitPath: string | undefined): Promise<{ readonly path: string | null; readonly warnings: readonly string[] }>;
  /** The file that keeps the keys, as the configuration says. Rejects with a message for people. */
  keyFile(explicitPath: string | undefined): Promise<KeyFile>;
  /** Rejects with a message for people when the file that keeps the keys is there and cannot be used. */
  checkAccessFile(explicitPath: string | undefined): Promise<void>;
  /** Runs the router until it is told to stop; resolves with the exit code. */
  serve(options: { readonly configPath?: string; readonly friendly: boolean; readonly host?: string; readonly port?: string; readonly lan?: boolean }): Promise<number>;
  /** Looks at this machine as one that is to join a fleet; changes nothing. Never rejects. */
  examine(options: ExamineOptions): Promise<readonly Examined[]>;
  /** Runs the node agent until it is told to stop; resolves with the exit code. */
  node(options: NodeOptions): Promise<number>;
  /** Writes down how much of this machine its owner leaves to the fleet; `forMs` null: until it is changed. */
  ownCapacity(order: { readonly mode: 'full' | 'paused' | 'auto'; readonly forMs: number | null; readonly stateDir?: string }): Promise<void>;
}

/** A terminal that is drawn on as a whole. */
export interface Screen {
  /** As it is now; it may change. */
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** From the top; each line is at most as wide as the screen. */
  draw(lines: readonly string[]): void;
  /** `leave`: somebody wants to be gone. */
  listen(events: { leave(): void; resized(): void }): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

export interface ExamineOptions extends GlobalOptions {
  readonly routerUrl?: string;
  readonly ollamaHost?: string;
}

/** One thing that was looked at. */
export interface Examined {
  readonly id: string;
  readonly verdict: 'ok' | 'warning' | 'problem';
  /** What was found, in a sentence or two. */
  readonly text: string;
  /** What to do, in a sentence. */
  readonly fix?: string;
  /** To be typed as it is. */
  readonly command?: string;
}

/** How `oar node` was called; absent texts come from the environment or are found. */
export interface NodeOptions {
  readonly configPath?: string;
  readonly join?: string;
  readonly routerUrl?: string;
  readonly nodeId?: string;
  readonly ollamaHost?: string;
  readonly stateDir?: string;
  readonly logLevel?: string;
  readonly startOllama: boolean;
  readonly allowRestart: boolean;
  readonly learnCapacity: boolean;
  /** Offer what the machine's programs make of pictures and recordings. */
  readonly media: boolean;
  /** Built-in speech to text, which is fetched on first use. */
  readonly speech: boolean;
  readonly insecure: boolean;
  /** 0: any. */
  readonly relayPort: number;
}

/** Where keys are kept. */
export interface KeyFile {
  readonly path: string;
  readonly config: Config;
  /** Is there such a file by now? */
  readonly exists: boolean;
  /** The keys, without making a file. */
  policy(): Promise<ReturnType<AccessAdmin['config']> | null>;
  /** Makes the file when it is missing; with `lock`, also where nobody has asked for one. Null: there is none. */
  open(lock: boolean): Promise<AccessAdmin | null>;
  /** What is wrong with the fields of a new key; empty: nothing. */
  check(fields: object): readonly string[];
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
