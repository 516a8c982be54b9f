/** Keys and values of older files: each is read as what it means today, or named in a warning (contract agent-router part 2). Pure. */
import { type ConfigPath, formatPath, isSection, isSet, placesOf, valueAt, withoutValue, withValue } from './config-path.ts';

/** What an old key becomes: a value somewhere, nothing, or itself (null: it is not an old form). */
interface Reading {
  /** Where the value goes; absent: it stays in place. */
  readonly to?: ConfigPath;
  /** Absent: the key is dropped. */
  readonly value?: unknown;
  /** The place inside the old value that the new one was taken from. */
  readonly taken?: string;
  readonly warning?: string;
}

interface LegacyKey {
  readonly path: readonly string[];
  read(value: unknown, place: ConfigPath, tree: unknown): Reading | null;
}

const logLevels: Readonly<Record<string, string>> = { trace: 'debug', debug: 'debug', info: 'info', warn: 'warn', warning: 'warn', error: 'error', fatal: 'error', silent: 'silent' };
const costClasses: Readonly<Record<string, string>> = { small: 'low', large: 'high' };
const priorities = [['normal', 50], ['low', 10], ['high', 90]] as const;

const legacyKeys: readonly LegacyKey[] = [
  { path: ['server', 'publicBaseUrl'], read: () => ({ warning: 'is not needed: no answer contains the address of the router. Remove it.' }) },
  { path: ['logging', 'level'], read: readLogLevel },
  { path: ['logging', 'format'], read: () => ({ warning: 'is not needed: `serve` logs JSON lines, `up` talks to a person. Remove it.' }) },
  { path: ['telemetry', 'prometheus', 'enabled'], read: () => ({ warning: 'is not needed: figures are always at /metrics. Remove it.' }) },
  { path: ['telemetry', 'prometheus', 'path'], read: () => ({ warning: 'is not used: figures are always at /metrics. Remove it.' }) },
  { path: ['routes', '*'], read: (value) => (isSection(value) && Object.keys(value).every((key) => key === 'candidates') ? { value: value.candidates ?? [], taken: 'candidates' } : null) },
  { path: ['models', '*', 'costClass'], read: (value) => (typeof value === 'string' && Object.hasOwn(costClasses, value) ? { value: costClasses[value] } : null) },
  { path: ['queue', 'defaultPriority'], read: readPriority },
  { path: ['gpu', 'provider'], read: readProvider },
];

function readLogLevel(value: unknown, _place: ConfigPath, tree: unknown): Reading {
  const level = typeof value === 'string' && Object.hasOwn(logLevels, value) ? logLevels[value] : undefined;
  if (level === undefined) return { warning: 'is not a level. Write telemetry.logLevel: info (or debug, warn, error, silent).' };
  if (isSet(tree, ['telemetry', 'logLevel'])) return { warning: 'is not used beside telemetry.logLevel. Remove it.' };
  return { to: ['telemetry', 'logLevel'], value: level };
}

function readPriority(value: unknown): Reading | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  const [nearest] = [...priorities].sort(([, a], [, b]) => Math.abs(a - value) - Math.abs(b - value));
  return { value: nearest?.[0], warning: `${value} is read as ${nearest?.[0]}. Write low (10), normal (50) or high (90).` };
}

function readProvider(value: unknown): Reading | null {
  if (typeof value !== 'string' || !['amd', 'apple', 'cpu', 'custom'].includes(value)) return null;
  return { value: 'none', warning: `${value} is read as none: this version measures NVIDIA GPUs only.` };
}

export interface ReadLegacy {
  readonly tree: unknown;
  readonly warnings: readonly { readonly path: ConfigPath; readonly message: string }[];
  /** Where values stand in the file that are now elsewhere. */
  readonly moves: readonly { readonly from: ConfigPath; readonly to: ConfigPath }[];
}

/** The tree in today's words. */
export function readLegacyKeys(original: unknown): ReadLegacy {
  let tree = original;
  const warnings: { path: ConfigPath; message: string }[] = [];
  const moves: { from: ConfigPath; to: ConfigPath }[] = [];
  for (const legacy of legacyKeys) {
    for (const place of placesOf(original, legacy.path)) {
      const reading = legacy.read(valueAt(original, place), place, original);
      if (reading === null) continue;
      const to = reading.to ?? place;
      if (reading.to !== undefined || reading.value === undefined) tree = withoutEmptyParent(withoutValue(tree, place), place);
      if (reading.value !== undefined) tree = withValue(tree, to, reading.value);
      if (reading.to !== undefined || reading.taken !== undefined) moves.push({ from: reading.taken === undefined ? place : [...place, reading.taken], to });
      if (reading.warning !== undefined) warnings.push({ path: place, message: `${formatPath(place)} ${reading.warning}` });
    }
  }
  return { tree, warnings, moves };
}

/** `logging` and `telemetry.prometheus` exist only for their old keys. */
function withoutEmptyParent(tree: unknown, place: ConfigPath): unknown {
  const parent = place.slice(0, -1);
  const value = valueAt(tree, parent);
  return isSection(value) && Object.keys(value).length === 0 ? withoutValue(tree, parent) : tree;
}
