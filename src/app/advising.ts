/** Advice on which model should be on which machine: made from what the traces say since yesterday, and kept for a while. */
import type { Clock } from '../core/clock.ts';
import type { FleetView } from '../core/fleet.ts';
import { adviceView } from './advice-view.ts';
import { modelCatalogue } from '../routing/model-catalogue.ts';
import { type AdviceFacts, type ModelUse, recommendModels } from '../routing/recommend.ts';
import type { TraceStore } from '../store/store.ts';
import { modelKey } from '../util/model-name.ts';

export interface AdvisingSources {
  readonly clock: Clock;
  readonly store: Pick<TraceStore, 'figures' | 'list'>;
  flush(): Promise<unknown>;
  fleet(): FleetView;
}

const keptMs = 300_000;
const dayMs = 86_400_000;
/** Requests for models that nobody has are looked through, up to so many. */
const mostMissing = 500;
const notFound = 404;

/** The same advice for five minutes, unless it is asked for `fresh`; who asks meanwhile waits for the same work. */
export function createAdvising(sources: AdvisingSources): (fresh: boolean) => Promise<unknown> {
  const { clock } = sources;
  let kept: { readonly at: number; readonly view: unknown } | null = null;
  let making: Promise<unknown> | null = null;
  const make = async (): Promise<unknown> => {
    try {
      const view = await adviseNow(sources);
      kept = { at: clock.now(), view };
      return view;
    } finally {
      making = null;
    }
  };
  return async (fresh) => {
    if (!fresh && kept !== null && clock.now() - kept.at < keptMs) return kept.view;
    making ??= make();
    return making;
  };
}

async function adviseNow({ clock, store, flush, fleet }: AdvisingSources): Promise<unknown> {
  await flush();
  // What ran where is counted by whole days.
  const since = Math.floor(clock.now() / dayMs - 1) * dayMs;
  const [rows, unknown] = await Promise.all([store.figures({ cut: 'place', span: 'day', since }), store.list({ since, status: notFound, limit: mostMissing })]);
  const used = usesIn(rows);
  const facts: AdviceFacts = { view: fleet(), catalogue: modelCatalogue, used, missing: missingIn(unknown.traces) };
  return adviceView(recommendModels(facts), { used, since, at: clock.now() });
}

/** Of both days, the most used first. What was tried nowhere has no name. */
function usesIn(rows: Awaited<ReturnType<TraceStore['figures']>>): readonly ModelUse[] {
  const uses = new Map<string, ModelUse>();
  for (const { name, second: nodeId, requests } of rows) {
    if (name === '') continue;
    const key = JSON.stringify([modelKey(name), nodeId]);
    uses.set(key, { nodeId, model: name, requests: requests + (uses.get(key)?.requests ?? 0) });
  }
  return [...uses.values()].sort((a, b) => b.requests - a.requests);
}

function missingIn(traces: Awaited<ReturnType<TraceStore['list']>>['traces']): AdviceFacts['missing'] {
  const counts = new Map<string, number>();
  for (const { error, requestedModel } of traces) if (error === 'unknown_model' && requestedModel !== null) counts.set(requestedModel, (counts.get(requestedModel) ?? 0) + 1);
  return [...counts].map(([model, requests]) => ({ model, requests }));
}
