/** What the configuration is once it is read: every default in place, sizes in bytes, paths absolute. Types only. */
import type { z } from 'zod';
import type { configSchema } from './schema.ts';

type DeepReadonly<T> = T extends readonly (infer Item)[] ? readonly DeepReadonly<Item>[] : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** An absent optional key is `undefined` and means what docs/config.md says of it. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** Which facts were set by the file, the environment or a flag, rather than by default. */
export interface FromFile {
  readonly models: boolean;
  readonly ollamaKeepAlive: boolean;
  readonly backends: boolean;
  readonly ollamaBaseUrl: boolean;
  readonly gpu: boolean;
  readonly store: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file that was read; null: there is none. */
  readonly path: string | null;
  /** Whole sentences for people, each with its place where it has one. */
  readonly warnings: readonly string[];
  readonly fromFile: FromFile;
  /** Where a value came from: `default`, `file:line`, or the name of the variable or flag. */
  whereFrom(path: readonly (string | number)[]): string;
}

/** One thing that is wrong, and where. */
export interface ConfigProblem {
  /** `file:line:column`, or the name of the flag or environment variable. */
  readonly where: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
}
