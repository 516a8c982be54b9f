/** Finds the router and goes on looking for ever: at the address that was given, or among those that announce themselves. */
import type { Clock } from '../core/clock.ts';
import type { Terminal } from './node.ts';
import type { RouterLink } from './router-link.ts';
import type { NamedRouter, RouterTerms, RouterTrust } from './router-trust.ts';
import { Rhythm } from './rhythm.ts';

/** A router that announces itself; its addresses are only claims until one of them answers. */
export interface Announced {
  /** Stays when its address changes. */
  readonly name: string;
  readonly urls: readonly string[];
}

export interface Browser {
  found(): readonly Announced[];
  /** Asks the network again, on the interfaces that there are now. */
  ask(): void;
  close(): void;
}

export interface FoundRouter extends NamedRouter {
  /** This machine's address on the way there. */
  readonly localAddress: string;
  /** What it may be told. */
  readonly terms: RouterTerms;
}

export interface FinderSettings {
  readonly clock: Clock;
  /** Null: it is looked for. */
  readonly url: string | null;
  readonly link: Pick<RouterLink, 'probe'>;
  /** `heard` is called whenever a router was heard of. */
  browse(heard: () => void): Browser;
  readonly trust: Pick<RouterTrust, 'router' | 'termsFor'>;
  readonly terminal: Terminal;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** So long the known router is waited for while another was heard of already. */
const loyaltyMs = 2000;

export class RouterFinder {
  readonly #settings: FinderSettings;
  #last: FoundRouter | null = null;

  constructor(settings: FinderSettings) {
    this.#settings = settings;
  }

  /** Resolves with a router that answers; null when aborted. Says once what it waits for. */
  async find(signal: AbortSignal): Promise<FoundRouter | null> {
    const { url, browse, clock } = this.#settings;
    const rhythm = new Rhythm(clock);
    const browser = url === null ? browse(() => rhythm.wake()) : null;
    const began = clock.now();
    try {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        const router = await this.#tryAll(browser, clock.now() - began < loyaltyMs, signal);
        if (router !== null) {
          this.#last = router;
          return router;
        }
        if (attempt === 1) this.#say();
        const now = clock.now();
        await rhythm.until(now, now + Math.min(longestPauseMs, firstPauseMs * 2 ** attempt), signal);
        browser?.ask();
      }
      return null;
    } finally {
      browser?.close();
    }
  }

  async #tryAll(browser: Browser | null, loyal: boolean, signal: AbortSignal): Promise<FoundRouter | null> {
    const { url, link, trust } = this.#settings;
    const known = trust.router;
    const announced = browser?.found() ?? [];
    const waits = loyal && known !== undefined && announced.length > 0 && !announced.some(({ name }) => onSameHost(name, known));
    for (const candidate of url === null ? candidates(waits ? [] : announced, known, this.#last) : [{ url }]) {
      const answer = await link.probe(candidate.url, signal);
      const terms = answer === null ? null : await trust.termsFor(candidate, signal);
      if (answer !== null && terms !== null) return { ...candidate, localAddress: answer.localAddress, terms };
    }
    return null;
  }

  #say(): void {
    const { url, terminal } = this.#settings;
    if (url !== null) terminal.info(`No router answers at ${url} yet; trying until one does.`);
    else if (this.#last === null) terminal.info('Looking for a router in this network (`oar serve --lan` on another machine), or name one with --router-url.');
  }
}

/** Routers carry their host and port in their names; one that was started anew may have another port. */
function onSameHost(name: string, known: string | undefined): boolean {
  const host = (text: string): string => text.replace(/ \d+\)$/, ')');
  return known !== undefined && host(name) === host(known);
}

/** The known router first, then what is on its host, then the one of before, then the others as they were heard of. */
export function candidates(announced: readonly Announced[], preferred: string | undefined, last: NamedRouter | null): readonly NamedRouter[] {
  const rank = ({ name }: Announced): number => [name === preferred, onSameHost(name, preferred), name === last?.name, true].indexOf(true);
  const heard = announced.toSorted((a, b) => rank(a) - rank(b)).flatMap(({ name, urls }) => urls.map((url) => ({ url, name })));
  if (last === null || heard.some(({ url }) => url === last.url)) return heard;
  // It may only have stopped announcing itself.
  return [...heard, { url: last.url, ...(last.name === undefined ? {} : { name: last.name }) }];
}

const usualPort = 11_435;

/** `10.0.0.5`, `studio:11435`, `http://…`: an address as people write it. Throws an Error for people. */
export function routerUrl(written: string): string {
  const text = written.trim();
  const hasScheme = /^https?:\/\//i.test(text);
  try {
    const url = new URL(hasScheme ? text : `http://${text}`);
    if (!hasScheme && url.port === '' && !/:80(\/|$)/.test(text)) url.port = String(usualPort);
    return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  } catch {
    throw new Error(`${JSON.stringify(written)} is no address of a router. Write it like http://192.168.1.20:${usualPort}.`);
  }
}
