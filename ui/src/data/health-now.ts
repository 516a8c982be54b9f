/** The health score for the frame, until the live line tells it: it changes slowly and costs the router some work. */
import { effect, signal } from '@preact/signals';
import * as api from './api.ts';
import { line, live } from './live.ts';

export interface HealthNow {
  /** Absent until it is known. */
  readonly score: number | undefined;
  /** Findings that are warnings or worse. */
  readonly findings: number;
}

export const healthNow = signal<HealthNow>({ score: undefined, findings: 0 });

const everyMs = 30_000;

export function startHealth(): void {
  // Also at once when the router is back.
  effect(() => void (line.value.state === 'open' && live.peek()?.totals?.health_score === undefined && ask()));
  setInterval(() => document.hidden || line.peek().state !== 'open' || live.peek()?.totals?.health_score !== undefined || void ask(), everyMs);
}

async function ask(): Promise<void> {
  try {
    const { vitals, recommendations } = await api.health();
    healthNow.value = { score: vitals['health_score'] ?? undefined, findings: recommendations.filter(({ severity }) => severity === 'critical' || severity === 'warning').length };
  } catch {
    // The view of health says what is wrong with it.
  }
}
