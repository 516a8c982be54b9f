/** Tries of the last day, with when they were. */
import type { Attempt } from '../core/trace.ts';
import type { HealthView } from './check.ts';
import { hourMs } from './words.ts';

/** The tries that `fits` takes, by what `nameOf` gives; those without a name are left out. */
export function attemptsBy({ recent, at }: HealthView, nameOf: (attempt: Attempt) => string | undefined, fits: (attempt: Attempt) => boolean): ReadonlyMap<string, { readonly all: readonly Attempt[]; readonly lastHour: number }> {
  const groups = new Map<string, { all: Attempt[]; lastHour: number }>();
  for (const { attempts } of recent) {
    for (const attempt of attempts) {
      const name = fits(attempt) ? nameOf(attempt) : undefined;
      if (name === undefined) continue;
      const group = groups.get(name) ?? { all: [], lastHour: 0 };
      groups.set(name, group);
      group.all.push(attempt);
      if (attempt.startedAt + attempt.endedMs >= at - hourMs) group.lastHour += 1;
    }
  }
  return groups;
}
