/** What a kind of backend is: how an inference server is found, asked what it has, and sent work. Types only. */
import type { RouterError } from '../core/errors.ts';
import type { BackendReport, Capability } from '../core/fleet.ts';
import type { WireCall } from '../dialects/dialect.ts';

/** Milliseconds; 0 means none. `firstByteMs` covers a cold load, `idleMs` a gap between chunks. */
export interface Timeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

/** One configured or detected server. */
export interface BackendSettings {
  readonly id: string;
  readonly kind: string;
  /** May carry a path, which is kept. */
  readonly url: string;
  /** Never logged, never sent to another backend. */
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxConcurrent?: number;
  readonly priority: number;
  readonly tags: readonly string[];
  /** For servers that cannot list theirs. */
  readonly models: readonly string[];
  /** What models can do, by name; holds before what the server says. */
  readonly capabilities?: Readonly<Record<string, readonly Capability[]>>;
  readonly timeouts: Timeouts;
  /** Where the server's APIs lie under `url` when not at the usual paths (`ollama.openAiCompatiblePath`, `ollama.nativeApiBasePath`). */
  readonly paths?: { readonly openAi?: string; readonly native?: string };
}

/** A JSON client bound to one backend's address, headers and time limits, for probes. Rejects with a RouterError. */
export interface ProbeClient {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
}

/** Bytes of an answer, pulled. `read` gives, at once when it can, what has arrived since (at least one chunk), null at the clean end, and rejects with a RouterError when the connection breaks or stays silent. */
export interface ByteSource {
  read(): readonly Uint8Array[] | null | Promise<readonly Uint8Array[] | null>;
  /** The reader wants no more: the connection is closed at once, unless the answer has ended. */
  cancel?(): void;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: ByteSource;
}

/** Any request to a backend that is no inference: managing its models. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** The backend's API path, as `WireCall.path`. */
  readonly path: string;
  readonly body: string | AsyncIterable<Uint8Array> | null;
  readonly contentType?: string;
  /** Overrides the backend's `firstByteMs`, `idleMs` and `totalMs`: a download may take hours. */
  readonly unlimited?: boolean;
  /** Resolves with whatever the backend answers, an error too: the caller reads it. */
  readonly anyStatus?: boolean;
}

/** Sends one call to one backend. Rejects with a RouterError before an answer began; an aborted signal closes the connection at once. */
export interface Executor {
  execute(call: WireCall, signal: AbortSignal): Promise<UpstreamAnswer>;
  /** Resolves on a 2xx head, or any with `anyStatus`; rejects like `execute`. */
  send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer>;
  /** Takes nothing new; resolves when what is under way has ended. Never rejects. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

/** A server that the router itself runs. */
export interface OwnedEngine {
  readonly url: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

export interface BackendKind {
  readonly kind: string;
  /** For people: `Ollama`, `OpenAI-compatible`. */
  readonly label: string;
  /** Ids of the inference dialects it answers, best first. */
  readonly speaks: readonly string[];
  /** Where such a server usually listens on this machine; tried in order by detection. `name` is for people. */
  readonly usualAddresses: readonly { readonly name: string; readonly url: string }[];
  /** Headers of every call, beside the settings' own; absent: `Authorization: Bearer` with the key. */
  headersFor?(settings: BackendSettings): Readonly<Record<string, string>>;
  /** Brings a model into memory, or out of it, on a server that takes no such request in its inference API. */
  load?(client: ProbeClient, model: string): Promise<void>;
  unload?(client: ProbeClient, model: string): Promise<void>;
  /** Is it one of the operator's own machines, with a prefix cache worth keeping? False for services of others. */
  readonly local?: boolean;
  /** The full address of a dialect's path on this server. */
  urlFor(settings: BackendSettings, path: string): string;
  /** Is it a server of this kind that answers there? Never throws; false when in doubt. */
  detect(client: ProbeClient): Promise<boolean>;
  /** Asks what it has. `previous` saves asking again what cannot have changed (same digest). Rejects when it does not answer. */
  probe(client: ProbeClient, settings: BackendSettings, previous: BackendReport | null): Promise<BackendReport>;
  /** An error answer in the server's words, as one of ours. The only place that looks at message text. */
  readError(status: number, body: string, settings: BackendSettings): RouterError;
}
