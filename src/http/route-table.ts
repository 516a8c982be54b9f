/** Finds the route for a method and a path. */
import type { IncomingHttpHeaders } from 'node:http';
import { RouterError } from '../core/errors.ts';
import type { Route } from './http.ts';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  /** A part of the address that cannot be read; the route is the one that has to say so. */
  readonly badEscape?: string;
}

interface Pattern {
  readonly route: Route;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

const noParams: Readonly<Record<string, string>> = Object.freeze({});

/** Exact paths are looked up in a map; paths with parameters are tried in order, those with a rest last. Case and a trailing slash do not matter. */
export class RouteTable {
  readonly #exact = new Map<string, Map<string, Route>>();
  /** Routes for requests with a certain header, by the route for all others. */
  readonly #byHeader = new Map<Route, Route>();
  readonly #patterns: Pattern[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes.filter((one) => one.header === undefined)) {
      const special = routes.find((one) => one.header !== undefined && one.method === route.method && one.path.toLowerCase() === route.path.toLowerCase());
      if (special !== undefined) this.#byHeader.set(route, special);
      if (/[:*]/.test(route.path)) this.#patterns.push(toPattern(route));
      else this.#methodsAt(route.path.toLowerCase()).set(route.method, route);
    }
    // What takes whatever is left (the dashboard's views) comes after what names its place.
    this.#patterns.sort((a, b) => Number(a.route.path.includes('/*')) - Number(b.route.path.includes('/*')));
  }

  /** Throws `not_found`, or `method_not_allowed` naming the methods that are. */
  match(method: string, path: string, headers: IncomingHttpHeaders = {}): Match {
    const found = this.#find(method, path);
    const special = this.#byHeader.get(found.route);
    return special?.header !== undefined && headers[special.header] !== undefined ? { ...found, route: special } : found;
  }

  #find(method: string, path: string): Match {
    const exact = this.#exact.get(path) ?? this.#exact.get(normalised(path));
    const direct = exact?.get(method) ?? (method === 'HEAD' ? exact?.get('GET') : undefined);
    if (direct) return { route: direct, params: noParams };
    const allowed = new Set(exact?.keys());
    for (const pattern of this.#patterns) {
      const found = pattern.expression.exec(path);
      if (!found) continue;
      if (pattern.route.method === method || (method === 'HEAD' && pattern.route.method === 'GET')) {
        return withParams(pattern, found);
      }
      allowed.add(pattern.route.method);
    }
    if (allowed.size === 0) throw new RouterError('not_found', `There is nothing at ${path}. See /health, /v1/models or /api/tags.`);
    const allow = [...allowed].sort();
    throw new RouterError('method_not_allowed', `${path} takes ${allow.join(', ')}, not ${method}.`, { allow });
  }

  #methodsAt(path: string): Map<string, Route> {
    const known = this.#exact.get(path);
    if (known) return known;
    const created = new Map<string, Route>();
    this.#exact.set(path, created);
    return created;
  }
}

function normalised(path: string): string {
  const lower = path.toLowerCase();
  return lower.length > 1 && lower.endsWith('/') ? lower.slice(0, -1) : lower;
}

function toPattern(route: Route): Pattern {
  const names: string[] = [];
  const source = route.path.split('/').map((segment) => {
    if (segment.startsWith(':')) {
      names.push(segment.slice(1));
      return '([^/]+)';
    }
    if (segment.startsWith('*')) {
      names.push(segment.slice(1));
      return '(.+?)';
    }
    return segment.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return { route, names, expression: new RegExp(`^${source.join('/')}/?$`, 'i') };
}

function withParams({ route, names }: Pattern, found: RegExpExecArray): Match {
  const params: Record<string, string> = Object.create(null);
  for (const [index, name] of names.entries()) {
    const raw = found[index + 1] ?? '';
    try {
      params[name] = decodeURIComponent(raw);
    } catch {
      return { route, params: noParams, badEscape: raw };
    }
  }
  return { route, params };
}
