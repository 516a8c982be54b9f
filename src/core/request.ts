/** The one internal request that every dialect decodes to and encodes from. */

/** Kinds of inference; a dialect and a request belong to exactly one. */
export type Task = 'chat' | 'embedding' | 'rerank' | 'image' | 'speech' | 'transcription' | 'image-embedding';

/** What a request is about; decides the route when no model is named (contract agent-router part 3.1). */
export const taskTypes = [
  'triage', 'simple_chat', 'summarize', 'code_generate', 'code_review', 'code_fix',
  'agentic_reasoning', 'large_context', 'tool_use', 'unknown',
] as const;
export type TaskType = (typeof taskTypes)[number];

export type Complexity = 'light' | 'medium' | 'heavy';
export type Priority = 'low' | 'normal' | 'high';
export type Mode = 'auto' | 'sync' | 'async';

/** The `router` object of a request (contract agent-router part 1.2), after defaults that need no configuration. */
export interface RouterOptions {
  readonly mode?: Mode;
  readonly allowAsync: boolean;
  /** One of the ten, a custom route's name, or `auto`. */
  readonly taskType?: string;
  readonly priority?: Priority;
  readonly preferredModels: readonly string[];
  readonly forbiddenModels: readonly string[];
  readonly maxQueueTimeMs?: number;
  readonly maxExecutionTimeMs?: number;
  readonly requireGpuOnly?: boolean;
  /** False: no other model may serve, whatever `router.substitution` allows. */
  readonly allowSubstitution?: boolean;
}

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  /** `data` is base64 without a prefix. */
  | { readonly type: 'image'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'image-url'; readonly url: string }
  /** A part that only the caller's dialect knows; it can be passed on but not translated. */
  | { readonly type: 'other'; readonly kind: string; readonly value: unknown };

export interface ToolCall {
  /** Always present: dialects without ids number them (`call_0` …) in order of appearance. */
  readonly id: string;
  readonly name: string;
  /** The arguments as JSON text, as the model wrote them. */
  readonly arguments: string;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: readonly ContentPart[];
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** For role `tool`: which call this answers, and the tool's name where it is known. */
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly name?: string;
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly parameters?: unknown;
  readonly strict?: boolean;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type ResponseFormat =
  | { readonly type: 'json' }
  | { readonly type: 'json-schema'; readonly schema: unknown; readonly name?: string; readonly strict?: boolean };

export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly maxTokens?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly repeatPenalty?: number;
}

export interface Reasoning {
  /** `false` asks for no thinking, `true` for the model's default. */
  readonly enabled: boolean;
  readonly effort?: 'low' | 'medium' | 'high';
}

/** What every request has, whatever its task. */
interface CommonRequest {
  /** The dialect it was decoded by. */
  readonly dialect: string;
  /** The body as received, for a backend of the same dialect. */
  readonly wire: string;
  /** As the caller wrote it; null when absent or empty. */
  readonly model: string | null;
  /** Already resolved to what the dialect means when it is omitted. */
  readonly stream: boolean;
  /** Does the caller want usage in the stream? (OpenAI `stream_options.include_usage`) */
  readonly includeUsage: boolean;
  readonly user?: string;
  /** As the caller wrote it: `"5m"`, seconds, or -1. */
  readonly keepAlive?: string | number;
  /** The context length asked for, in tokens (Ollama `num_ctx`). */
  readonly contextLength?: number;
  /** Names of models to try in this order when the asked one cannot serve; absent when the request has no such field. */
  readonly fallbackModels?: readonly string[];
  /** `metadata.tags`; absent when the request has no such list. */
  readonly tags?: readonly string[];
  /** Null when the request carried no `router` object: then it never becomes a job (ruling 3). */
  readonly router: RouterOptions | null;
  /** Top-level fields that only the caller's dialect knows. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A prompt that goes to the model as it is, without its chat template (OpenAI completions, Ollama `raw`), or fills a gap (`suffix`). */
export interface RawPrompt {
  readonly prompt: string;
  readonly suffix?: string;
}

/** A conversation that the router itself remembers (OpenAI responses). */
export interface ConversationLink {
  /** The answer that this request goes on from. */
  readonly previousId?: string;
  /** May the answer be gone on from, and be read again by its id? */
  readonly keep: boolean;
  /** Messages at the front that hold for this request alone and are not remembered (`instructions`). */
  readonly passing: number;
  /** Messages name parts of earlier answers by id (`item_reference`), which are put in their place. */
  readonly refers?: boolean;
}

export interface ChatRequest extends CommonRequest {
  readonly task: 'chat';
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  /** False: at most one tool call in an answer. */
  readonly parallelToolCalls?: boolean;
  readonly sampling: Sampling;
  readonly responseFormat?: ResponseFormat;
  readonly reasoning?: Reasoning;
  /** How many alternatives to return with each token's log probability; absent: none asked. */
  readonly logprobs?: { readonly top: number };
  /** `messages` then hold the prompt as one user message, for whoever only wants to know what it is about. */
  readonly raw?: RawPrompt;
  /** Fields of `extra` that decide what the answer is: another dialect refuses them rather than leave them out. */
  readonly decisive?: readonly string[];
  readonly conversation?: ConversationLink;
}

export interface EmbeddingRequest extends CommonRequest {
  readonly task: 'embedding';
  readonly inputs: readonly string[];
  /** How long the vectors shall be; absent: as the model makes them. */
  readonly dimensions?: number;
  /** False: an input longer than the context is an error instead of being cut. */
  readonly truncate?: boolean;
}

/** How a picture shall be; what is absent is for its model to choose. */
export interface PictureWishes {
  readonly width?: number;
  readonly height?: number;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly negativePrompt?: string;
  /** Bits of the weights, for engines that can load them so. */
  readonly quantize?: number;
  /** How many; absent: one. */
  readonly count?: number;
}

export interface ImageRequest extends CommonRequest {
  readonly task: 'image';
  /** What the picture shall show. */
  readonly text: string;
  readonly picture: PictureWishes;
}

/** A task that is placed and recorded, and whose bytes pass as they are. */
export interface RelayedRequest extends CommonRequest {
  readonly task: 'rerank' | 'speech' | 'transcription' | 'image-embedding';
  /** What the model will read, as far as it is text; for estimates. */
  readonly text: string;
}

export type InferenceRequest = ChatRequest | EmbeddingRequest | ImageRequest | RelayedRequest;

/** What the request seems to need, decided before a model is chosen. */
export interface Classification {
  /** One of the ten, or a custom route's name when the request says so. */
  readonly taskType: string;
  readonly complexity: Complexity;
  readonly confidence: number;
  /** Which classifier said so: `explicit`, `heuristic`, `model`. */
  readonly by: string;
  readonly estimatedTokens: number;
  readonly needs: Needs;
}

export interface Needs {
  readonly tools: boolean;
  readonly vision: boolean;
}
