/** The part of node-llama-cpp 3.22 that is used; it is installed at run time, so its own types are not here. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export type Token = number & { readonly __token?: never };

export type HistoryItem =
  | { readonly type: 'system'; readonly text: string }
  | { readonly type: 'user'; readonly text: string }
  | { readonly type: 'model'; readonly response: readonly string[] };

/** Text with special tokens in it. */
export interface NativeText {
  readonly values: readonly unknown[];
  tokenize(tokenizer: unknown): Token[];
}

export interface ContextState {
  readonly contextText: NativeText;
}

export interface NativeChatWrapper {
  generateContextState(options: { readonly chatHistory: readonly HistoryItem[] }): ContextState;
}

export interface NativeSequence {
  /** How many tokens the sequence holds. */
  readonly nextTokenIndex: number;
  readonly tokenMeter: { getState(): TokenCount; diff(before: TokenCount): TokenCount };
  /** Keeps what the sequence shares with `tokens` from the start and drops the rest. */
  adaptStateToTokens(tokens: readonly Token[], allowShift: boolean): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]): Promise<void>;
}

export interface TokenCount {
  readonly usedInputTokens: number;
  readonly usedOutputTokens: number;
}

export interface NativeContext {
  readonly contextSize: number;
  getSequence(): NativeSequence;
}

export interface NativeModel {
  readonly trainContextSize: number;
  /** Bytes. */
  readonly size: number;
  readonly tokenizer: unknown;
  readonly tokens: { readonly shouldPrependBosToken: boolean };
  createContext(options: { readonly contextSize: number; readonly sequences: number; readonly threads: number }): Promise<NativeContext>;
}

export type NativeGrammar = { readonly grammar: string };

export interface NativeLlama {
  readonly gpu: string | false;
  /** Cores that are worth a thread each. */
  readonly cpuMathCores: number;
  loadModel(options: { readonly modelPath: string }): Promise<NativeModel>;
  getGrammarFor(type: 'json'): Promise<NativeGrammar>;
  /** Rejects when the schema cannot be said as a grammar. */
  createGrammarForJsonSchema(schema: unknown): Promise<NativeGrammar>;
}

export interface GenerateOptions {
  readonly onResponseChunk: (chunk: { readonly type?: 'segment'; readonly text: string }) => void;
  readonly signal: AbortSignal;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly seed?: number;
  readonly repeatPenalty: false | { readonly penalty: number; readonly frequencyPenalty?: number; readonly presencePenalty?: number };
  readonly customStopTriggers: readonly string[];
  readonly grammar?: NativeGrammar;
}

export interface NativeChat {
  readonly chatWrapper: NativeChatWrapper;
  generateResponse(history: readonly HistoryItem[], options: GenerateOptions): Promise<{ readonly metadata: { readonly stopReason: string } }>;
}

export interface NativeModule {
  getLlama(options: { readonly build: 'never'; readonly gpu: false | 'auto'; readonly skipDownload: true; readonly logLevel: 'warn'; readonly logger: (level: string, message: string) => void }): Promise<NativeLlama>;
  readonly LlamaChat: new (options: { readonly contextSequence: NativeSequence; readonly chatWrapper?: NativeChatWrapper }) => NativeChat;
  readonly LlamaText: (values: readonly unknown[]) => NativeText;
}

/** Loads the package out of the folder that `installEngine` made. */
export async function importNative(engineFolder: string): Promise<NativeModule> {
  const entry = join(engineFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  const native: unknown = await import(pathToFileURL(entry).href);
  return native as NativeModule;
}
