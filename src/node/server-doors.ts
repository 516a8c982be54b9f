/** Decides how the router reaches each server of this machine: as it is, where it answers in the router's network, else through the relay. */
import type { Clock } from '../core/clock.ts';
import type { NodeServer } from '../core/node.ts';
import { errorCode } from '../util/error-code.ts';
import { known } from './known-values.ts';
import type { LocalServer, Terminal } from './node.ts';
import { Relay } from './relay.ts';
import { RelayKeys } from './relay-keys.ts';
import type { ServerState } from './server-watch.ts';
import { within } from '../util/time-limit.ts';

export interface DoorSettings {
  readonly clock: Clock;
  /** 0: any. */
  readonly relayPort: number;
  readonly terminal: Terminal;
}

interface Door {
  readonly address: string;
  readonly direct: boolean;
  readonly checkedAt: number;
}

/** Somebody may have told the server to listen elsewhere. */
const checkAgainMs = 60_000;
const answerMs = 1500;

export class ServerDoors {
  readonly #settings: DoorSettings;
  readonly #keys = new RelayKeys();
  readonly #doors = new Map<string, Door>();
  readonly #left: Relay[] = [];
  #relay: Relay | null = null;
  #relayProblem: string | null = null;

  constructor(settings: DoorSettings) {
    this.#settings = settings;
  }

  /** Requests that run through the relay. */
  get active(): number {
    return [...this.#left, ...(this.#relay === null ? [] : [this.#relay])].reduce((sum, relay) => sum + relay.active, 0);
  }

  /** What the router is told, `address` being this machine's own on the way there. Servers of which nothing is known yet are left out. */
  async told(states: readonly ServerState[], address: string, signal: AbortSignal): Promise<readonly NodeServer[]> {
    const known = states.filter(({ status }) => status !== 'unknown');
    await Promise.all(known.map((state) => this.#check(state, address, signal)));
    if (known.some((state) => state.status === 'up' && !this.#isDirect(state.server))) await this.#listen(address);
    return known.map((state) => this.#describe(state));
  }

  close(): void {
    for (const relay of [...this.#left, this.#relay]) relay?.close();
  }

  #isDirect(server: LocalServer): boolean {
    return this.#doors.get(server.name)?.direct ?? false;
  }

  async #check({ server, status }: ServerState, address: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#settings;
    const before = this.#doors.get(server.name);
    const fresh = before !== undefined && before.address === address && clock.now() - before.checkedAt < checkAgainMs;
    // One that does not answer cannot be asked; until it does, what was known of it holds.
    if (status !== 'up' || (fresh && !(server.relayOnly?.() === true && before.direct))) return;
    const direct = server.relayOnly?.() !== true && isPlain(server.url) && (await this.#answers(server, address, signal));
    this.#doors.set(server.name, { address, direct, checkedAt: clock.now() });
  }

  #answers(server: LocalServer, address: string, signal: AbortSignal): Promise<boolean> {
    return within(this.#settings.clock, answerMs, signal, (limit) => server.answersAt(`http://${hostOf(address)}:${portOf(server.url)}`, limit));
  }

  async #listen(address: string): Promise<void> {
    const { relayPort, terminal } = this.#settings;
    if (this.#relay?.host === address) return;
    try {
      const relay = await Relay.listen(address, relayPort, this.#keys);
      this.#leave();
      this.#relay = relay;
      this.#relayProblem = null;
      terminal.debug(`The relay listens on ${hostOf(address)}:${relay.port}.`);
    } catch (thrown) {
      this.#leave();
      const problem = `The relay cannot listen on ${hostOf(address)}:${relayPort} (${errorCode(thrown) ?? String(thrown)}).`;
      if (problem !== this.#relayProblem) terminal.warn(`${problem} Choose another port with --relay-port.`);
      this.#relayProblem = problem;
    }
  }

  /** Requests on the address that is no more may still end; they are counted until then. */
  #leave(): void {
    if (this.#relay === null) return;
    this.#relay.leave();
    this.#left.splice(0, this.#left.length, ...this.#left.filter(({ active }) => active > 0), this.#relay);
    this.#relay = null;
  }

  #describe({ server, status, problem, report }: ServerState): NodeServer {
    const { name, kind } = server;
    const direct = this.#doors.get(name)?.direct ?? true;
    const through = direct ? null : this.#relay;
    const unreachable = !direct && status === 'up' && through === null;
    return known<NodeServer>({
      name,
      kind,
      port: through?.port ?? portOf(server.url),
      key: through === null ? undefined : this.#keys.keyFor({ name, url: server.url, ...(server.apiKey === undefined ? {} : { apiKey: server.apiKey }) }),
      status: status === 'up' && !unreachable ? 'up' : 'down',
      problem: unreachable ? (this.#relayProblem ?? undefined) : problem,
      version: report?.version,
      models: report?.models ?? [],
      resident: report?.resident ?? null,
      maxConcurrent: server.maxConcurrent?.() ?? report?.maxConcurrent,
    });
  }
}

/** A router reaches a server by its port alone, and without a key. */
function isPlain(url: string): boolean {
  const { protocol, pathname } = new URL(url);
  return protocol === 'http:' && pathname === '/';
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** As it stands in an address. */
function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
