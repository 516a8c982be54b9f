/** Which context a request is sent to a backend with, so that models stay in memory as they are. */
import type { Clock } from '../core/clock.ts';
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { Target } from '../dialects/dialect.ts';
import { ContextLedger } from '../routing/context-ledger.ts';
import { type ContextFacts, type ContextMode, contextSent, reloadsByAccident } from '../routing/context-protection.ts';
import type { Entry, Load, RoutingTable } from '../routing/routing.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { backendOf } from './scheduler-limits.ts';

export interface ContextSources {
  readonly mode: ContextMode;
  readonly clock: Clock;
  readonly log: Log;
  readonly view: () => FleetView;
  readonly load: () => Load;
  readonly table: () => RoutingTable;
  /** What somebody set for this model while the router runs. */
  readonly presetFor: (modelKey: string) => number | undefined;
}

/** What of a request decides how long a context it needs; in tokens. */
export interface ContextDemand {
  readonly prompt: number;
  readonly answer: number;
}

export type SentContext = Pick<Target, 'contextLength' | 'otherContext' | 'saysContext'>;

export class ContextChoice {
  readonly #sources: ContextSources;
  readonly #ledger = new ContextLedger();

  constructor(sources: ContextSources) {
    this.#sources = sources;
  }

  /** What the model is in memory with there, as far as anybody knows. */
  contextOn(candidate: Candidate, own = 0): number | undefined {
    const backend = backendOf(this.#sources.view(), candidate.backendId);
    const running = this.#sources.load().runningAt?.(candidate) ?? 0;
    return this.#ledger.contextOn(backend, candidate.model, running - own);
  }

  /** What a place must have to take the request as it is; undefined: any will do. */
  need(request: InferenceRequest, { prompt, answer }: ContextDemand): Entry['contextNeed'] {
    const { mode } = this.#sources;
    if (mode === 'warn' || mode === 'passthrough') return undefined;
    if (request.contextLength !== undefined) return { tokens: request.contextLength, asked: true };
    return request.task === 'chat' ? { tokens: prompt + answer, asked: false } : undefined;
  }

  /** What the request is sent with; remembered, so call it once for each time it is sent. */
  send(request: InferenceRequest, candidate: Candidate, backend: BackendState, demand: ContextDemand): SentContext {
    const { mode, clock, log } = this.#sources;
    const facts = this.#facts(request, candidate, backend, demand);
    const sent = contextSent(mode, facts);
    if (mode === 'warn' && reloadsByAccident(facts)) log.warn({ backend: backend.id, model: candidate.model, asked: facts.asked, resident: facts.resident }, 'a request reloads a model with another context');
    const canSay = request.dialect.startsWith('ollama-');
    const saysContext = !canSay && mode === 'pin' && typeof sent === 'number' && this.#reloads(facts, candidate);
    this.#ledger.said(backend.id, candidate.model, canSay || saysContext ? (sent === undefined ? (facts.asked ?? null) : sent) : null, clock.now());
    if (sent === undefined) return {};
    return sent === null || facts.asked !== undefined ? { otherContext: sent } : { contextLength: sent, ...(saysContext ? { saysContext } : {}) };
  }

  #facts(request: InferenceRequest, candidate: Candidate, backend: BackendState, demand: ContextDemand): ContextFacts {
    const resident = this.contextOn(candidate, 1);
    const usual = this.#ledger.usualOn(backend, candidate.model);
    const preset = this.#preset(request, candidate, demand, resident);
    return {
      ...(request.contextLength === undefined ? {} : { asked: request.contextLength }),
      ...(preset === undefined ? {} : { preset }),
      ...(resident === undefined ? {} : { resident }),
      ...(usual === undefined ? {} : { usual }),
    };
  }

  /**
   * Of a caller who names none: what was set for the model, else the file's `defaultContext`, grown up to `maxContext` for a
   * longer prompt. What is in memory and long enough is left as it is.
   */
  #preset(request: InferenceRequest, { modelKey }: Candidate, { prompt, answer }: ContextDemand, resident: number | undefined): number | undefined {
    if (request.contextLength !== undefined) return undefined;
    const set = this.#sources.presetFor(modelKey);
    if (set !== undefined) return set;
    const table = this.#sources.table();
    const spec = table.specs.get(modelKey);
    if (!table.fromFile || spec?.defaultContext === undefined) return undefined;
    const needed = prompt + answer;
    if (resident !== undefined && resident >= needed) return resident;
    return Math.max(spec.defaultContext, Math.min(needed, spec.maxContext ?? needed));
  }

  /** Through an API that cannot say a context a model is reloaded when it is in memory with another one than its server's own. */
  #reloads({ resident, usual }: ContextFacts, { backendId, model }: Candidate): boolean {
    if (resident === undefined) return false;
    return usual === undefined ? this.#ledger.wasAskedFor(backendId, model, resident) : usual !== resident;
  }
}
