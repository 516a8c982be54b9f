/** The addresses that only tell what there is, answered from memory. */
import type { BackendState } from '../core/fleet.ts';
import type { CatalogueView, ListingDialect } from '../dialects/dialect.ts';
import { mayUse } from '../util/model-name.ts';
import { dialectRoutes } from './dialect-routes.ts';
import type { Exchange, Route } from './http.ts';

export function listingRoutes(dialects: readonly ListingDialect[], view: () => CatalogueView): Route[] {
  const shelf = new VisibleBackends();
  const texts = new ListTexts();
  return dialectRoutes(dialects, (dialect, { method, path }) => async (exchange) => {
    const body = method === 'POST' ? await exchange.body() : '';
    const { models } = exchange.principal;
    const seen = models === undefined ? view() : shelf.visible(view(), models);
    if (method === 'GET' && !/[:*]/.test(path)) return sendText(exchange, texts.of(dialect, seen, path));
    const answer = dialect.answer(seen, { path, params: exchange.params, body });
    exchange.send(answer.status, answer.body);
  });
}

/** A list as it was written last. */
interface ListText {
  readonly status: number;
  readonly text: string;
  readonly json: boolean;
}

function sendText(exchange: Exchange, { status, text, json }: ListText): void {
  exchange.send(status, text, json ? { 'content-type': 'application/json; charset=utf-8' } : {});
}

/** Whole lists are asked for again and again, and say the same until the fleet changes: of thousands of rows writing them costs most. */
class ListTexts {
  readonly #known = new WeakMap<Backends, Map<string, ListText>>();

  of(dialect: ListingDialect, view: CatalogueView, path: string): ListText {
    const texts = this.#known.get(view.backends) ?? new Map<string, ListText>();
    this.#known.set(view.backends, texts);
    const key = `${dialect.id} ${path}`;
    const before = texts.get(key);
    if (before !== undefined) return before;
    const { status, body } = dialect.answer(view, { path, params: {}, body: '' });
    const json = typeof body !== 'string';
    const written = { status, text: json ? JSON.stringify(body) : body, json };
    texts.set(key, written);
    return written;
  }
}

type Backends = readonly BackendState[];

/** What the keys see that are for some models alone: the others are as if they were not there, and so are aliases of them. */
class VisibleBackends {
  /** The same arrays for the same fleet and key, since listings keep what they made of them. */
  readonly #known = new WeakMap<Backends, WeakMap<readonly string[], Backends>>();

  visible(view: CatalogueView, allowed: readonly string[]): CatalogueView {
    return { ...view, backends: this.#backends(view.backends, allowed), configured: view.configured.filter((name) => mayUse(allowed, name)) };
  }

  #backends(backends: Backends, allowed: readonly string[]): Backends {
    const byKey = this.#known.get(backends) ?? new WeakMap<readonly string[], Backends>();
    this.#known.set(backends, byKey);
    const before = byKey.get(allowed);
    if (before !== undefined) return before;
    const made = backends.map((backend) => withModels(backend, allowed));
    byKey.set(allowed, made);
    return made;
  }
}

function withModels(backend: BackendState, allowed: readonly string[]): BackendState {
  const { report } = backend;
  if (report === null) return backend;
  const mine = ({ name }: { readonly name: string }): boolean => mayUse(allowed, name);
  return { ...backend, report: { ...report, models: report.models.filter(mine), resident: report.resident?.filter(mine) ?? null } };
}
