/** What the conformance suite must know of an inference API, told independently of the dialects. */

export interface Call {
  readonly name: string;
  readonly arguments: unknown;
}

/** What an answer says, whatever the API. */
export interface Answer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  readonly end: string;
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  readonly logprobs: readonly { readonly token: string; readonly logprob: number }[];
}

/** What a simple request says, whatever the API. `write` leaves out what is absent. */
export interface Asked {
  readonly model: string;
  readonly stream: boolean;
  readonly user: string;
  readonly system?: string;
  /** A PNG as base64. */
  readonly image?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly maxTokens?: number;
  readonly schema?: unknown;
  readonly effort?: string;
  readonly topLogprobs?: number;
  readonly keepAlive?: string;
}

/** A turn of a conversation with tools. */
export interface Turn {
  readonly role: string;
  readonly text: string;
  readonly calls?: readonly Call[];
  readonly toolName?: string;
}

export interface ToolSketch {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

/** Something that an API has no words for. */
export interface Gap {
  /** What becomes of a request of another API that says it. */
  readonly outcome: 'refused' | 'left out';
  /** The `param` of the refusal. */
  readonly param?: string;
  readonly why: string;
}

export interface Kit {
  /** Its words for why an answer ended. */
  readonly stops: { readonly stop: string; readonly length: string; readonly toolCalls: string; readonly contentFilter: string };
  /** Has it conversations with tools? */
  readonly conversations: boolean;
  /** Its prompts go to the model as they are: they only go to dialects that carry such prompts, and it refuses any other request. */
  readonly raw?: boolean;
  /** Members of a request that it cannot say, neither as the caller's API nor as the backend's. */
  readonly cannotAsk?: { readonly [Field in keyof Asked]?: Gap };
  /** Parts of an answer that it cannot say, with the reason; they are missing then, and nothing else is. */
  readonly cannotAnswer?: { readonly logprobs?: string; readonly reasoning?: string; readonly calls?: string };
  /** What the router may put into a request, in the order in which it is named. */
  readonly decides: readonly ('keep_alive' | 'num_ctx')[];
  write(asked: Asked): object;
  read(body: Json): Asked;
  writeTurns?(turns: readonly Turn[], tools: readonly ToolSketch[]): object;
  readTurns?(body: Json): readonly Turn[];
  readTools?(body: Json): readonly ToolSketch[];
  readStream(wire: string): Answer;
  readBody(wire: string): Answer;
  /** The message of an error in the middle of a stream, null when there is none. */
  readStreamError(wire: string): string | null;
  /** Would a client take this stream for complete? */
  looksComplete(wire: string): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a reader of foreign JSON that must stay tiny
export type Json = any;

export const samplePng = 'iVBORw0KGgo=';

/** The JSON payloads of an event stream. */
export function eventPayloads(wire: string): Json[] {
  return wire.split(/\n+/).flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []));
}

/** The token and its log probability of each entry. */
export function plainLogprobs(entries: Json): Answer['logprobs'] {
  return (entries ?? []).map(({ token, logprob }: Json) => ({ token, logprob }));
}
