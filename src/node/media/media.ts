/** What makes pictures and hears recordings on this machine: the words of this folder. Types only. */
import type { Capability } from '../../core/fleet.ts';
import type { Transcript } from '../../util/transcript.ts';

export interface MediaModel {
  readonly name: string;
  readonly capability: Extract<Capability, 'image' | 'transcription'>;
}

export interface PictureOrder {
  readonly model: string;
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly negativePrompt?: string;
  readonly quantize?: number;
}

export interface Recording {
  readonly model: string;
  /** The file as it was sent. */
  readonly bytes: Buffer;
  /** Its ending, with the dot, where its name has one. */
  readonly ending: string;
  readonly language?: string;
  /** Words of OpenAI's API: `json`, `verbose_json`, `text`, `srt`, `vtt`. */
  readonly format: string;
}

export interface ProgramEnd {
  readonly code: number | null;
  /** The last of what it said on both its outputs. */
  readonly words: string;
}

/** The machine as these programs are reached; tests have one of their own. */
export interface MediaHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The path of a program that can be run; null: there is none. */
  onPath(program: string): Promise<string | null>;
  /** Names in a folder; empty when it cannot be read. */
  list(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<Buffer>;
  write(path: string, bytes: Buffer): Promise<void>;
  /** Runs to the end. Rejects with the signal's reason, and then the program and all that it started are gone. */
  run(program: string, args: readonly string[], options: { readonly cwd: string; readonly signal: AbortSignal }): Promise<ProgramEnd>;
  /** Gives a folder that is gone afterwards, whatever happens. */
  inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result>;
  fetch: typeof fetch;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** One program or server that is there, or may be. */
export interface MediaTool {
  /** Shown as the `runtime` of its models: `mflux`. */
  readonly name: string;
  /** What it offers now; empty when it is not there. May reject, which means the same. */
  find(host: MediaHost, signal: AbortSignal): Promise<readonly MediaModel[]>;
  /** A PNG. */
  paint?(order: PictureOrder, host: MediaHost, signal: AbortSignal): Promise<Buffer>;
  hear?(recording: Recording, host: MediaHost, signal: AbortSignal): Promise<Transcript>;
}
