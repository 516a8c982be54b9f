/** What the address says: which view is open, and everything that was chosen in it. Pure. */

export const views = ['fleet', 'requests', 'trends', 'models', 'apps', 'benchmarks', 'health', 'recommendations', 'jobs', 'playground', 'settings'] as const;

export type ViewName = (typeof views)[number];

export type Choices = Readonly<Record<string, string>>;

export interface Place {
  readonly view: ViewName;
  /** Filters, range and open item, by name. */
  readonly choices: Choices;
}

/** Addresses of earlier dashboards that people have bookmarked. */
const olderNames: Readonly<Record<string, ViewName>> = { '': 'fleet', overview: 'fleet', tags: 'apps', 'color-states': 'fleet' };

/** `path` lies below the dashboard's own. */
export function placeOf(path: string, search: string): Place {
  const name = (path.split('/').find((part) => part !== '') ?? '').toLowerCase();
  const view = olderNames[name] ?? views.find((one) => one === name) ?? 'fleet';
  return { view, choices: Object.fromEntries(new URLSearchParams(search)) };
}

/** Below the dashboard's own; choices that are empty are left out, and the same place always has the same address. */
export function addressOf({ view, choices }: Place): string {
  const query = new URLSearchParams(Object.entries(choices).filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1)));
  const path = view === 'fleet' ? '' : view;
  return query.size === 0 ? path : `${path}?${query}`;
}

/** An empty value takes the choice away. */
export function withChoices(choices: Choices, change: Choices): Choices {
  return Object.fromEntries(Object.entries({ ...choices, ...change }).filter(([, value]) => value !== ''));
}

export interface Range {
  /** Epoch seconds. */
  readonly from: number;
  readonly to: number;
}

export const ranges = { '1h': 3600, '6h': 21_600, '24h': 86_400, '3d': 259_200, '7d': 604_800, '30d': 2_592_000 } as const;

export type RangeName = keyof typeof ranges;

/** Of `?range=24h`, or `?from=…&to=…` in epoch seconds. */
export function rangeOf({ range, from, to }: Choices, now: number, usual: RangeName = '24h'): Range {
  const first = Number(from);
  const last = Number(to);
  if (from !== undefined && to !== undefined && Number.isFinite(first) && last > first) return { from: first, to: last };
  const name = range !== undefined && Object.hasOwn(ranges, range) ? (range as RangeName) : usual;
  return { from: now - ranges[name], to: now };
}
