/** Settings from the environment: `OAR_<SECTION>__<KEY>`, where case and `_` do not matter (ruling 18). Pure. */
import { parseDocument } from 'yaml';
import { taskTypes } from '../core/request.ts';
import { closestName, plainName } from './closest-name.ts';
import type { ConfigProblem } from './config.ts';
import { type ConfigPath, formatPath, isSection, valueAt } from './config-path.ts';
import { laterSection } from './later-keys.ts';
import { schemaAt } from './schema.ts';
import type { Environment } from './variables.ts';

/** Names that begin with OAR_ and are read elsewhere: by the embedded engine, the command line and the tests. */
export const reservedNames: readonly string[] = ['OAR_EMBEDDED_MODEL', 'OAR_CACHE_DIR', 'OAR_EMBEDDED_GPU', 'OAR_URL', 'OAR_API_KEY', 'OAR_BASE_PATH', 'OAR_JOIN_TOKEN', 'OAR_LONG'];

/** What Kubernetes and Docker set for a service that happens to be called `oar`. */
const serviceLink = /^OAR(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)$/;

/** One value that stands above the file. */
export interface Setting {
  readonly path: ConfigPath;
  readonly value: unknown;
  /** As it was written. */
  readonly text: string;
  /** The variable or flag it came from. */
  readonly label: string;
}

export interface EnvironmentSettings {
  readonly settings: readonly Setting[];
  readonly problems: readonly ConfigProblem[];
}

/** `tree` is the file's: keys of free sections (`OAR_ROUTES__CODE_FIX`) are taken as they are spelled there. */
export function readEnvironment(env: Environment, tree: unknown): EnvironmentSettings {
  const settings: Setting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // An empty variable is how compose files say "not set".
    if (!/^OAR_/i.test(name) || text === undefined || text.trim() === '' || isForeign(name, text)) continue;
    const words = name.slice('OAR_'.length).split('__');
    const path = pathOf(words, tree);
    if (path === null) problems.push({ where: name, message: describeUnknown(words) });
    else settings.push({ path, value: parseValue(text), text, label: name });
  }
  // Sections first, so that OAR_SERVER and OAR_SERVER__PORT add up.
  return { settings: settings.sort((a, b) => a.path.length - b.path.length), problems };
}

function isForeign(name: string, text: string): boolean {
  const upper = name.toUpperCase();
  return reservedNames.includes(upper) || serviceLink.test(upper) || (upper === 'OAR_PORT' && /^(tcp|udp):\/\//.test(text));
}

/** A YAML scalar or JSON; whatever is neither is a text. */
function parseValue(text: string): unknown {
  const document = parseDocument(text);
  if (document.errors.length > 0) return text;
  const value: unknown = document.toJS();
  // `host:port` and the like look like a section to YAML; only brackets make one here.
  return typeof value === 'object' && value !== null && !/^\s*[[{]/.test(text) ? text : value;
}

function pathOf(words: readonly string[], tree: unknown): ConfigPath | null {
  const path: (string | number)[] = [];
  for (const word of words) {
    const node = schemaAt(path);
    if (node === null) return null;
    const step = node.items === undefined ? keyFor(word, Object.keys(node.properties ?? {}), isSection(node.additionalProperties), valueAt(tree, path)) : itemFor(word);
    if (step === null) return null;
    path.push(step);
  }
  return schemaAt(path) === null ? null : path;
}

function itemFor(word: string): number | null {
  return /^\d{1,3}$/.test(word) ? Number(word) : null;
}

function keyFor(word: string, known: readonly string[], free: boolean, written: unknown): string | null {
  const names = free ? [...(isSection(written) ? Object.keys(written) : []), ...taskTypes] : known;
  return names.find((name) => plainName(name) === plainName(word)) ?? (free && word !== '' ? word.toLowerCase() : null);
}

function describeUnknown(words: readonly string[]): string {
  const later = laterSection((name) => plainName(name) === plainName(words[0] ?? ''));
  if (later !== null) return `${later} is not in this version yet. Remove the variable.`;
  const wanted = words.join('');
  const names = settingNames();
  const exact = names.find(({ path }) => plainName(path.join('')) === plainName(wanted));
  const near = exact?.name ?? closestName(wanted, names.map(({ name }) => name.slice('OAR_'.length)));
  const suggestion = near === null || near === undefined ? '' : ` Did you mean ${near.startsWith('OAR_') ? near : `OAR_${near}`}?`;
  return `There is no such setting.${suggestion} A setting is written OAR_<SECTION>__<KEY>, for example OAR_SERVER__PORT.`;
}

/** The variable of each setting outside lists and free sections. */
export function settingNames(): readonly { readonly name: string; readonly path: readonly string[] }[] {
  const below = (path: readonly string[]): { name: string; path: readonly string[] }[] => {
    const properties = schemaAt(path)?.properties;
    if (properties === undefined) return [{ name: variableName(path), path }];
    return Object.keys(properties).flatMap((key) => below([...path, key]));
  };
  return below([]);
}

function variableName(path: readonly string[]): string {
  return `OAR_${path.map((step) => step.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('__')}`;
}

/** Flags as settings: `server.port` from `--port`. */
export function readOverrides(overrides: Readonly<Record<string, unknown>>): EnvironmentSettings {
  const settings: Setting[] = [];
  const problems: ConfigProblem[] = [];
  for (const [dotted, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const path = dotted.split('.');
    const label = `--${path.at(-1)}`;
    if (schemaAt(path) === null) problems.push({ where: label, message: `There is no setting ${formatPath(path)}.` });
    else settings.push({ path, value, text: String(value), label });
  }
  return { settings, problems };
}
