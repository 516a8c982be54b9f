/** Settings that a later version has: naming one is an error, so that nothing is accepted and then ignored. Pure. */
import { type ConfigPath, formatPath, placesOf, valueAt } from './config-path.ts';

interface LaterKey {
  /** `*` stands for any key or item. */
  readonly path: readonly string[];
  /** Only this value comes later; absent: the whole key does. */
  readonly value?: string;
  readonly instead?: string;
  /** A value to go on with, so that the rest of the file can be checked. */
  readonly standIn?: string;
}

/** The store keys exist; some of their values do not yet. */
const laterKeys: readonly LaterKey[] = [
  ...['cache', 'ensemble'].map((section) => ({ path: [section] })),
  { path: ['router', 'fairness'] },
  { path: ['store', 'kind'], value: 'redis', instead: 'Write sqlite or memory.', standIn: 'sqlite' },
  { path: ['store', 'url'] },
  { path: ['jobs', 'store'], value: 'redis', instead: 'Write sqlite or memory.', standIn: 'sqlite' },
];

export interface LaterUse {
  readonly path: ConfigPath;
  readonly message: string;
  readonly standIn?: string;
}

/** Everything in the tree that this version does not have yet. */
export function laterUses(tree: unknown): readonly LaterUse[] {
  return laterKeys.flatMap(({ path, value, instead, standIn }) =>
    placesOf(tree, path)
      .filter((place) => value === undefined || valueAt(tree, place) === value)
      .map((place) => ({ path: place, message: `${formatPath(place)}${value === undefined ? '' : `: ${value}`} is not in this version yet. ${instead ?? 'Remove it.'}`, ...(standIn === undefined ? {} : { standIn }) })),
  );
}

/** Is this the name of a whole section that comes later? */
export function laterSection(matches: (name: string) => boolean): string | null {
  return laterKeys.find(({ path }) => path.length === 1 && matches(path[0] ?? ''))?.path[0] ?? null;
}
