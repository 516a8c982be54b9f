/** The views: their names, keys and marks, and the code that is loaded when one is opened. */
import type { ComponentType } from 'preact';
import type { ViewName } from '../data/url-state.ts';

interface ViewEntry {
  readonly name: ViewName;
  readonly title: string;
  /** After `g`. */
  readonly key: string;
  /** Lines of a mark of 16 by 16. */
  readonly mark: string;
  /** Absent for the first view, which is there from the start. */
  readonly load?: () => Promise<{ readonly default: ComponentType }>;
}

export const catalogue: readonly ViewEntry[] = [
  { name: 'fleet', title: 'Fleet', key: 'f', mark: 'M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01' },
  { name: 'requests', title: 'Requests', key: 'r', mark: 'M2 4h7M5 8h8M4 12h5', load: () => import('../views/requests.tsx') },
  { name: 'trends', title: 'Trends', key: 't', mark: 'M2 13V3M2 13h12M4 10l3-3 2 2 4-5', load: () => import('../views/trends.tsx') },
  { name: 'models', title: 'Models', key: 'm', mark: 'M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3', load: () => import('../views/models.tsx') },
  { name: 'apps', title: 'Apps', key: 'a', mark: 'M2 8V3h5l7 6-5 5zM5 6h.01', load: () => import('../views/apps.tsx') },
  { name: 'benchmarks', title: 'Benchmarks', key: 'b', mark: 'M2.5 12a6 6 0 1 1 11 0M8 10l3-4', load: () => import('../views/benchmarks.tsx') },
  { name: 'health', title: 'Health', key: 'h', mark: 'M1 8h3l2-4 3 8 2-4h4', load: () => import('../views/health.tsx') },
  { name: 'recommendations', title: 'Recommendations', key: 'e', mark: 'M5 10a4 4 0 1 1 6 0c-.7.7-1 1.300-1 2H6c0-.7-.3-1.300-1-2zM6.500 14h3', load: () => import('../views/recommendations.tsx') },
  { name: 'jobs', title: 'Jobs', key: 'j', mark: 'M2 5h12v8H2zM6 5V3h4v2M2 8h12', load: () => import('../views/jobs.tsx') },
  { name: 'playground', title: 'Playground', key: 'p', mark: 'M2 3h12v8H7l-3 3v-3H2z', load: () => import('../views/playground.tsx') },
  { name: 'settings', title: 'Settings', key: 's', mark: 'M2 5h6M12 5h2M2 11h2M8 11h6M10 3v4M6 9v4', load: () => import('../views/settings.tsx') },
];

/** What a phone's bar shows beside “More”. */
export const onPhones = 4;
