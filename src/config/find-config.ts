/** Finds the configuration file: the one that was named, else the first of the usual places that exists. */
import { join, resolve } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import { ConfigError } from './config-error.ts';

export type ReadText = (path: string) => Promise<string>;

export interface FoundFile {
  readonly path: string;
  readonly text: string;
}

/** The places that are looked at in this order when none is named; absolute. */
export function usualPlaces(cwd: string, home: string): readonly string[] {
  return [join(cwd, 'ollama-agent-router.yaml'), join(home, '.config', 'ollama-agent-router', 'config.yaml'), '/etc/ollama-agent-router/config.yaml'];
}

/** Null when there is none. Rejects with a ConfigError when the named file is missing, or one that exists cannot be read. */
export async function findConfig(options: { readonly explicitPath?: string; readonly cwd: string; readonly home: string; readonly readText: ReadText }): Promise<FoundFile | null> {
  const { explicitPath, cwd, home, readText } = options;
  if (explicitPath !== undefined) {
    const path = resolve(cwd, expandHome(explicitPath, home));
    const text = await readIfThere(path, readText);
    if (text === null) throw new ConfigError([{ where: path, message: 'There is no such file. Name one that exists with --config, or leave it out; `oar init` writes one.' }]);
    return { path, text };
  }
  for (const path of usualPlaces(cwd, home)) {
    const text = await readIfThere(path, readText);
    if (text !== null) return { path, text };
  }
  return null;
}

/** `~` and `~/…` as a path below the home folder. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

async function readIfThere(path: string, readText: ReadText): Promise<string | null> {
  try {
    return await readText(path);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new ConfigError([{ where: path, message: whyUnreadable(code, cause) }], { cause });
  }
}

function whyUnreadable(code: string | undefined, cause: unknown): string {
  if (code === 'EISDIR') return 'This is a folder; name the file in it.';
  if (code === 'EACCES' || code === 'EPERM') return 'This file may not be read by you. Change its permissions, or name another with --config.';
  return `This file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
}
