/** Turns a NOMYO router's addresses into backends (contract proxy parts 1.3 and 2.1). Pure. */
import type { FileReader } from './migrate-source.ts';
import { isObject } from '../util/json-object.ts';

export interface MigratedBackend {
  readonly id: string;
  readonly kind: 'ollama' | 'llama-server' | 'openai';
  readonly url: string;
  readonly apiKey?: string;
  readonly maxConcurrent?: number;
  readonly priority?: number;
  /** Why it is as it is, where that may surprise. */
  readonly notes: readonly string[];
}

export interface MigratedBackends {
  readonly backends: readonly MigratedBackend[];
  /** For whoever migrates. */
  readonly warnings: readonly string[];
}

interface Address {
  /** Without a slash at its end. */
  readonly url: string;
  readonly list: string;
}

const usualEndpoints = ['http://localhost:11434'];

/** Throws an Error for people, with the place, for addresses that are none. */
export function migrateBackends(file: FileReader): MigratedBackends {
  const warnings: string[] = [];
  const endpoints = addresses(file, 'endpoints', file.texts('endpoints') ?? usualEndpoints);
  const llamas = addresses(file, 'llama_server_endpoints', file.texts('llama_server_endpoints') ?? []);
  const kept = withoutTwins([...endpoints.filter(({ url }) => !llamas.some((llama) => llama.url === url)), ...llamas], endpoints);
  if (kept.length === 0) throw new Error(`${file.whereIs(['endpoints'])}: endpoints lists no server. Add one, such as http://localhost:11434, and migrate again.`);
  const keys = new KeyedByAddress(file, 'api_keys');
  const limits = new KeyedByAddress(file, 'endpoint_config');
  const ids = new Set<string>();
  const backends = kept.map((address, index) => {
    const kind = kindOf(address, endpoints);
    const id = idFor(address.url, ids);
    const { note: keyNote, ...key } = keyFor(file, keys.take(address.url), id, warnings);
    return {
      id,
      kind,
      url: kind === 'openai' ? address.url : withoutV1(address.url),
      ...key,
      ...limitFor(file, limits.take(address.url), warnings),
      ...(file.flag('priority_routing') === true ? { priority: kept.length - index } : {}),
      notes: [...(keyNote === undefined ? [] : [keyNote]), ...notesOn(address, kind)],
    };
  });
  for (const [url, where] of [...keys.left, ...limits.left]) warnings.push(`${where}: ${url} is the address of no server, so this was left out.`);
  return { backends, warnings };
}

function addresses(file: FileReader, list: string, texts: readonly string[]): readonly Address[] {
  const all = texts.map((text, index) => {
    const url = plain(text);
    if (!isVariable(url) && !isHttp(url)) file.wrong([list, index], `an address that begins with http:// or https://, not ${text}`);
    return { url, list };
  });
  return all.filter(({ url }, index) => all.findIndex((other) => other.url === url) === index);
}

/** `http://x` and `http://x/v1` are the same Ollama, by two of its doors. */
function withoutTwins(all: readonly Address[], endpoints: readonly Address[]): readonly Address[] {
  const isTwin = ({ url, list }: Address): boolean => list === 'endpoints' && url !== withoutV1(url) && endpoints.some((other) => other.url === withoutV1(url));
  return all.filter((address) => !isTwin(address));
}

/** The old rule: a `/v1` means OpenAI's API, except on Ollama's own port. */
function kindOf({ url, list }: Address, endpoints: readonly Address[]): MigratedBackend['kind'] {
  if (list === 'llama_server_endpoints') return 'llama-server';
  return url.includes('/v1') && !url.includes(':11434') && !endpoints.some((other) => other.url === withoutV1(url) && other.url !== url) ? 'openai' : 'ollama';
}

function notesOn({ url }: Address, kind: MigratedBackend['kind']): readonly string[] {
  if (isVariable(url)) return ['The address is in an environment variable: check that kind fits what it names.'];
  if (kind === 'openai' && new URL(url).hostname === 'api.anthropic.com') return ['kind: anthropic with https://api.anthropic.com would speak its own API instead.'];
  return [];
}

function keyFor(file: FileReader, found: Keyed | undefined, id: string, warnings: string[]): { readonly apiKey?: string; readonly note?: string } {
  const written = found?.value ?? '';
  if (found === undefined || written === '') return {};
  if (typeof written !== 'string' && typeof written !== 'number') return file.wrong(found.path, 'a text');
  const apiKey = String(written);
  if (isVariable(apiKey)) return { apiKey };
  const variable = `${id.toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^(?=\d)/, 'BACKEND_')}_KEY`;
  if (!apiKey.includes('${')) return { apiKey, note: `Better kept out of this file: set ${variable}, and write apiKey: \${${variable}}` };
  warnings.push(`${file.whereIs(found.path)}: the key of ${id} has \${ in it, which would name a variable here. It was left out: set ${variable} to it.`);
  return { apiKey: `\${${variable}:-}`, note: `The key has a dollar sign and a brace in it: set ${variable} to it.` };
}

function limitFor(file: FileReader, own: Keyed | undefined, warnings: string[]): { readonly maxConcurrent?: number } {
  const key = 'max_concurrent_connections';
  const general = { path: [key], value: file.number(key) };
  const special = isObject(own?.value) && own.value[key] !== undefined && own.value[key] !== null ? { path: [...own.path, key], value: own.value[key] } : null;
  const { path, value } = special ?? general;
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return { maxConcurrent: value };
  if (typeof value !== 'number') return file.wrong(path, 'a whole number of at least 1');
  const warning = `${file.whereIs(path)}: ${path.join('.')} is ${value}, which limits nothing. It was left out: the backend says how many it takes, or it is learned.`;
  if (!warnings.includes(warning)) warnings.push(warning);
  return {};
}

interface Keyed {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** A section with addresses for keys; a slash at the end of one does not matter. */
class KeyedByAddress {
  readonly #values = new Map<string, Keyed>();
  readonly #file: FileReader;
  readonly #taken = new Set<string>();

  constructor(file: FileReader, name: string) {
    this.#file = file;
    for (const [url, value] of Object.entries(file.section(name) ?? {})) this.#values.set(plain(url), { path: [name, url], value });
  }

  /** Of the address, else of the same server by its other door. */
  take(url: string): Keyed | undefined {
    const doors = [url, withoutV1(url), `${url}/v1`].filter((door) => this.#values.has(door));
    for (const door of doors) this.#taken.add(door);
    return doors[0] === undefined ? undefined : this.#values.get(doors[0]);
  }

  get left(): readonly (readonly [string, string])[] {
    return [...this.#values].filter(([url]) => !this.#taken.has(url)).map(([url, { path }]) => [url, this.#file.whereIs(path)]);
  }
}

/** The host's name, with the port or a number where that is taken. */
function idFor(url: string, taken: Set<string>): string {
  const { hostname, port } = isVariable(url) ? { hostname: url.toLowerCase(), port: '' } : new URL(url);
  const name = hostname.replace(/[^a-zA-Z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'backend';
  const choices = [name, ...(port === '' ? [] : [`${name}-${port}`])];
  for (let number = 2; ; number += 1) {
    const free = choices.find((choice) => !taken.has(choice));
    if (free !== undefined) {
      taken.add(free);
      return free;
    }
    choices.push(`${name}-${number}`);
  }
}

function plain(url: string): string {
  return url.trim().replace(/\/+$/, '');
}

function withoutV1(url: string): string {
  return url.replace(/\/v1$/, '');
}

function isHttp(url: string): boolean {
  return /^https?:\/\/[^/]/.test(url) && URL.canParse(url);
}

/** The old program replaced a variable only where it is the whole text. */
export function isVariable(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
}
