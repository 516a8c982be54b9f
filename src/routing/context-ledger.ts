/** What each model is in memory with, from the reports of its backend and from what requests have said since. */
import type { BackendState } from '../core/fleet.ts';
import { forgetLeast, forgetOldest } from '../util/forget-oldest.ts';
import { modelKey } from '../util/model-name.ts';
import { residencyOf } from './spec-view.ts';

interface Said {
  /** Null: the request named none. */
  readonly context: number | null;
  readonly at: number;
}

const mostPlaces = 2000;

/** A report is a few seconds old, and a load takes longer than that: what was asked for last is what there will be. */
export class ContextLedger {
  readonly #said = new Map<string, Said>();
  readonly #usual = new Map<string, number>();

  /** A request goes there that names this context, or none (null). */
  said(backendId: string, model: string, context: number | null, at: number): void {
    this.#said.set(placeOf(backendId, model), { context, at });
    forgetLeast(this.#said, mostPlaces, (said) => said.at);
  }

  /** In tokens; undefined when it is not in memory, or nobody knows. `running`: other requests of this model that are under way there. */
  contextOn(backend: BackendState | undefined, model: string, running: number): number | undefined {
    if (backend === undefined) return undefined;
    const resident = reported(backend, model);
    const said = this.#said.get(placeOf(backend.id, model));
    if (said === undefined) return resident;
    const newer = running > 0 || said.at >= (backend.reportedAt ?? 0);
    if (said.context === null) {
      if (!newer && resident !== undefined) this.#learn(backend.id, model, resident);
      return resident;
    }
    return newer ? said.context : resident;
  }

  /** What its server loads it with when no context is named; undefined while that is not known. */
  usualOn(backend: BackendState | undefined, model: string): number | undefined {
    return backend === undefined ? undefined : (this.#usual.get(placeOf(backend.id, model)) ?? parameterOf(backend, model));
  }

  /** Is it in memory with what a request through this router asked for? Then one that names none may reload it. */
  wasAskedFor(backendId: string, model: string, context: number): boolean {
    return this.#said.get(placeOf(backendId, model))?.context === context;
  }

  #learn(backendId: string, model: string, context: number): void {
    const place = placeOf(backendId, model);
    if (this.#usual.get(place) === context) return;
    this.#usual.set(place, context);
    forgetOldest(this.#usual, mostPlaces);
  }
}

function placeOf(backendId: string, model: string): string {
  return `${backendId}\n${modelKey(model)}`;
}

function reported(backend: BackendState, model: string): number | undefined {
  const resident = residencyOf(backend, modelKey(model));
  return resident === null || resident === 'unknown' ? undefined : resident.contextLength;
}

/** A model may bring a context of its own (`PARAMETER num_ctx`), which goes before its server's. */
function parameterOf({ report }: BackendState, model: string): number | undefined {
  const key = modelKey(model);
  const parameters = report?.models.find((one) => modelKey(one.name) === key)?.show?.['parameters'];
  const written = typeof parameters === 'string' ? /^num_ctx\s+(\d+)/m.exec(parameters)?.[1] : undefined;
  return written === undefined ? undefined : Number(written);
}
