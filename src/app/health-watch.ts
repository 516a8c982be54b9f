/** Gathers what the checks look at, keeps what they say for a while, and follows whether anybody is always waiting. */
import type { AccessAdmin } from '../access/access.ts';
import { checks } from '../checks/index.gen.ts';
import type { ContextUse, HealthView, RequestFigures } from '../checks/check.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Figures } from '../core/figures.ts';
import type { Finding } from '../core/finding.ts';
import type { FleetView } from '../core/fleet.ts';
import { recommendedContext } from '../routing/context-recommendation.ts';
import type { Load } from '../routing/routing.ts';
import type { TraceStore } from '../store/store.ts';
import { sameModel } from '../util/model-name.ts';
import type { Part } from './lifecycle.ts';

export interface HealthSources {
  readonly clock: Clock;
  readonly version: string;
  readonly store: Pick<TraceStore, 'figures' | 'list'>;
  /** Brings the store up to date. */
  flush(): Promise<unknown>;
  fleet(): FleetView;
  load(): Load;
  readonly aliases: Readonly<Record<string, string>>;
  /** Of callers, as they are now. */
  keys(): readonly Pick<ReturnType<AccessAdmin['config']>['apiKeys'][number], 'id' | 'enabled' | 'expiresAt'>[];
  /** Models that are to stay in memory: everywhere, and by machine. */
  pinned(): { readonly everywhere: readonly string[]; readonly nodes: Readonly<Record<string, readonly string[]>> };
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const lookMs = 5000;
/** Several pages and many people ask for the same. */
const keptMs = 10_000;
/** For who looks on all the time. */
const latestMs = 30_000;
const mostRecent = 2000;

export class HealthWatch implements Part {
  readonly name = 'health';
  readonly #sources: HealthSources;
  #cancel: CancelTimer = () => {};
  #busySince: number | null = null;
  #kept: { readonly at: number; readonly fleet: FleetView; readonly findings: Promise<readonly Finding[]> } | null = null;

  #askedAt = Number.NEGATIVE_INFINITY;
  #latest: readonly Finding[] | null = null;

  constructor(sources: HealthSources) {
    this.#sources = sources;
  }

  start(): void {
    const { clock, load } = this.#sources;
    this.#busySince = load().totalQueued === 0 ? null : (this.#busySince ?? clock.now());
    this.#cancel = clock.after(lookMs, () => this.start());
  }

  stop(): void {
    this.#cancel();
  }

  /** What the checks say now, the worst first; looked at anew when the fleet has changed, or after a few seconds. Rejects with `store_unavailable`. */
  findings(): Promise<readonly Finding[]> {
    const at = this.#sources.clock.now();
    const fleet = this.#sources.fleet();
    if (this.#kept === null || fleet !== this.#kept.fleet || at - this.#kept.at >= keptMs) {
      const findings = this.#look(at);
      this.#kept = { at, fleet, findings };
      findings.catch(() => {
        this.#kept = null;
      });
    }
    return this.#kept.findings;
  }

  /** What the checks said last, at once; null: nothing yet. Asked again and again it has them look anew now and then, behind the caller. */
  latest(): readonly Finding[] | null {
    const at = this.#sources.clock.now();
    if (at - this.#askedAt >= latestMs) {
      this.#askedAt = at;
      this.findings().then((findings) => {
        this.#latest = findings;
      }, () => {});
    }
    return this.#latest;
  }

  async #look(at: number): Promise<readonly Finding[]> {
    return runChecks(checks, await this.#view(at));
  }

  async #view(at: number): Promise<HealthView> {
    const { flush, store, version, aliases } = this.#sources;
    await flush();
    const [day, hour, { traces }] = await Promise.all([this.#requests(at - dayMs), this.#requests(at - hourMs), store.list({ since: at - dayMs, limit: mostRecent })]);
    const fleet = this.#sources.fleet();
    return {
      at,
      version,
      fleet,
      day,
      hour,
      recent: traces,
      queue: this.#queue(at),
      reaped: traces.reduce((sum, { attempts }) => sum + attempts.filter(({ reaped }) => reaped === true).length, 0),
      contexts: contextsOf(fleet, day.models),
      keys: this.#sources.keys().flatMap(({ id, enabled, expiresAt }) => (enabled && expiresAt !== undefined ? [{ id, expiresAt }] : [])),
      aliases,
      pinned: this.#pinned(),
    };
  }

  async #requests(since: number): Promise<RequestFigures> {
    const { store } = this.#sources;
    const of = (cut: 'all' | 'model' | 'node'): Promise<readonly Figures[]> => store.figures({ cut, span: 'hours', since });
    const [all, models, nodes] = await Promise.all([of('all'), of('model'), of('node')]);
    return { all: all[0] ?? null, models, nodes };
  }

  #queue(at: number): HealthView['queue'] {
    const { totalQueued, waiting } = this.#sources.load();
    const oldest = waiting?.().reduce((first, { arrivedAt }) => Math.min(first, arrivedAt), at) ?? at;
    return { waiting: totalQueued, oldestMs: Math.max(0, at - oldest), busySince: totalQueued === 0 ? null : this.#busySince };
  }

  #pinned(): HealthView['pinned'] {
    const { everywhere, nodes } = this.#sources.pinned();
    return [...everywhere.map((model) => ({ model })), ...Object.entries(nodes).flatMap(([nodeId, models]) => models.map((model) => ({ model, nodeId })))];
  }
}

/** Of each model that is in memory and was used. */
function contextsOf({ backends }: FleetView, models: readonly Figures[]): readonly ContextUse[] {
  return backends.flatMap(({ nodeId, report }) =>
    (report?.resident ?? []).flatMap(({ name, contextLength }): ContextUse[] => {
      const used = models.find((row) => sameModel(row.name, name));
      if (contextLength === undefined || used === undefined || used.totalTokens.count === 0) return [];
      const { p99, max, count } = used.totalTokens;
      return [{ model: name, nodeId, allocatedTokens: contextLength, recommendedTokens: recommendedContext({ p99, max24h: max }), requests: count, p99Tokens: p99 }];
    }),
  );
}
