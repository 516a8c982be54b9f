/** The node agent: finds its router, tells it the state of this machine again and again, and does what it is asked. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { NodeCommand } from '../core/node.ts';
import { pause } from '../util/pause.ts';
import { beat, type BeatOutcome } from './beat.ts';
import { collectReport } from './collect-report.ts';
import type { FoundRouter, RouterFinder } from './find-router.ts';
import type { MachineWatch } from './machine-watch.ts';
import type { CapacityPart, LocalServer, ServerSource, Terminal } from './node.ts';
import type { NodeIdentity } from './node-identity.ts';
import type { OllamaProcess } from './ollama-process.ts';
import { Rhythm } from './rhythm.ts';
import type { RouterLink } from './router-link.ts';
import type { RouterTrust } from './router-trust.ts';
import type { ServerDoors } from './server-doors.ts';
import { type ServerState, ServerWatch } from './server-watch.ts';
import { machineLine, serverLine } from './tell-changes.ts';

export interface AgentParts {
  readonly clock: Clock;
  readonly identity: Pick<NodeIdentity, 'id'>;
  /** The host's name, for people. */
  readonly name: string;
  readonly version: string;
  readonly machine: Pick<MachineWatch, 'start' | 'stop' | 'facts'>;
  readonly servers: readonly LocalServer[];
  readonly sources: readonly ServerSource[];
  readonly doors: ServerDoors;
  readonly capacity: CapacityPart | null;
  /** Null: the agent starts none. */
  readonly ollama: OllamaProcess | null;
  readonly link: RouterLink;
  readonly finder: RouterFinder;
  readonly trust: Pick<RouterTrust, 'joined' | 'left'>;
  /** Until the router says otherwise. */
  readonly heartbeatMs: number;
  readonly drainMs: number;
  readonly terminal: Terminal;
  restartOllama(order: Extract<NodeCommand, { readonly type: 'restart_ollama' }>, signal: AbortSignal): Promise<void>;
}

/** News are told at most so often. */
const quickestMs = 1000;
/** One that waits to be let in wants to know soon. */
const waitingMs = 2000;
/** A router that refuses, or does not know heartbeats, is not pestered. */
const refusedMs = 10_000;
/** Lost connections happen; a router that fails twice in a row is looked for. */
const mostFailures = 2;
const secondTryMs = 300;
/** Others are given so long to start it again themselves. */
const startOllamaMs = 3000;
const drainLookMs = 50;
/** Nothing arrived for so long: what was on its way when the router was told is here. */
const quietMs = 300;

export class NodeAgent {
  readonly #parts: AgentParts;
  readonly #rhythm: Rhythm;
  readonly #watch: ServerWatch;
  readonly #end = new AbortController();
  #heartbeatMs: number;
  #enrolment: 'unknown' | 'enrolled' | 'waiting' = 'unknown';
  /** Some router has let it in since it started. */
  #wasIn = false;
  /** The router that refused the join token, and is not shown it again. */
  #tokenRefusedAt: string | null = null;
  /** What was said last of the router's refusal, so that it is said once. */
  #said = '';
  #tellsLanIp = true;
  #draining = false;
  #toldDraining = false;
  #connected = false;
  #cancelStart: CancelTimer = () => {};

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#heartbeatMs = parts.heartbeatMs;
    this.#rhythm = new Rhythm(parts.clock);
    this.#watch = new ServerWatch({ clock: parts.clock, servers: parts.servers, sources: parts.sources, changed: (state, before) => this.#serverChanged(state, before) });
  }

  /** There is something that the router should know at once. */
  wake(): void {
    this.#rhythm.wake();
  }

  /** Asks a server again now. */
  refresh(name: string): void {
    this.#watch.refresh(name);
  }

  /**
   * Runs until `stop` resolves; then lets running requests end, at most `drainMs`, or until `hurry`. Rejects with an Error for
   * people when the router refuses the token that was given, and nobody has let the machine in yet.
   */
  async run(stop: Promise<void>, hurry: Promise<void>): Promise<void> {
    const { machine, capacity, terminal, version, identity } = this.#parts;
    try {
      await machine.start();
      terminal.info(`oar node ${version}: ${identity.id} (${machineLine(machine.facts())})`);
      await capacity?.start();
      await this.#watch.start();
      const work = this.#work(this.#end.signal);
      await Promise.race([stop, work]);
      await Promise.race([this.#drain(), hurry]);
      this.#end.abort();
      await work;
    } finally {
      await this.#stop();
    }
  }

  async #stop(): Promise<void> {
    const { machine, capacity, doors, ollama, link } = this.#parts;
    this.#end.abort();
    this.#cancelStart();
    this.#watch.stop();
    machine.stop();
    doors.close();
    link.close();
    await ollama?.stop();
    await capacity?.stop();
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { finder, terminal } = this.#parts;
    for (let router = await finder.find(signal); router !== null; router = await finder.find(signal)) {
      const why = await this.#beatAt(router, signal);
      this.#connected = false;
      if (signal.aborted) return;
      terminal.warn(`The router at ${router.url} does not answer (${why}). Looking for it.`);
    }
  }

  /** Resolves with the reason when the router is gone. */
  async #beatAt(router: FoundRouter, signal: AbortSignal): Promise<string> {
    const { clock } = this.#parts;
    let address = router.localAddress;
    this.#said = '';
    for (let failures = 0; !signal.aborted; ) {
      const sentAt = clock.now();
      const outcome = await this.#beat(router, address, signal);
      const lost = outcome.kind === 'lost';
      failures = lost ? failures + 1 : 0;
      if (lost && failures >= mostFailures) return outcome.why;
      if (outcome.kind === 'ok' && outcome.localAddress !== address) {
        // Another network: the relay moves there, and the router is told at once.
        address = outcome.localAddress;
        this.#rhythm.wake();
      }
      const next = lost ? secondTryMs : this.#pauseAfter(outcome);
      await this.#rhythm.until(sentAt + Math.min(quickestMs, next), sentAt + next, signal);
    }
    return '';
  }

  #pauseAfter(outcome: BeatOutcome): number {
    if (outcome.kind === 'refused') return refusedMs;
    return this.#enrolment === 'waiting' ? Math.min(waitingMs, this.#heartbeatMs) : this.#heartbeatMs;
  }

  async #beat(router: FoundRouter, address: string, signal: AbortSignal): Promise<BeatOutcome> {
    const { clock, machine, doors, identity, name, version, capacity, link } = this.#parts;
    this.#rhythm.settle();
    const servers = await doors.told(this.#watch.states(), address, signal);
    const draining = this.#draining;
    const report = collectReport({ nodeId: identity.id, name, agentVersion: version, at: clock.now(), facts: machine.facts(), servers, draining, ...(capacity === null ? {} : { owner: capacity.now() }) });
    const { secret, joinToken } = router.terms;
    const showsToken = this.#enrolment !== 'enrolled' && this.#tokenRefusedAt !== router.url;
    const terms = { secret, joinToken: showsToken ? joinToken : null, lanIp: this.#tellsLanIp ? address : null };
    const outcome = await beat(link, router.url, report, terms, signal);
    if (outcome.kind === 'ok') this.#heard(router, outcome.answer, draining, signal);
    if (outcome.kind === 'refused') this.#refused(router, outcome, terms.joinToken !== null);
    return outcome;
  }

  #heard(router: FoundRouter, { enrolment, heartbeatMs, commands }: Extract<BeatOutcome, { kind: 'ok' }>['answer'], draining: boolean, signal: AbortSignal): void {
    const { terminal, identity, trust } = this.#parts;
    if (!this.#connected || enrolment !== this.#enrolment) {
      if (enrolment === 'enrolled') void trust.joined(router, router.terms, signal);
      else trust.left(router.terms);
    }
    if (!this.#connected) terminal.info(`Router: ${router.url}`);
    this.#connected = true;
    this.#said = '';
    this.#wasIn ||= enrolment === 'enrolled';
    this.#toldDraining ||= draining;
    this.#heartbeatMs = heartbeatMs ?? this.#parts.heartbeatMs;
    if (enrolment !== this.#enrolment) {
      this.#enrolment = enrolment;
      if (enrolment === 'enrolled') terminal.info('This machine belongs to the fleet and takes work.');
      else terminal.info(`This machine waits to be let in. On the router's machine type: oar nodes approve ${identity.id}`);
    }
    for (const command of commands) this.#obey(command, signal);
  }

  #obey(command: NodeCommand, signal: AbortSignal): void {
    const { capacity, restartOllama } = this.#parts;
    if (command.type === 'restart_ollama') void restartOllama(command, signal);
    else capacity?.override(command);
  }

  /** Throws an Error for people when the token is wrong: whoever typed it is there to read it, unless it was good for something before. */
  #refused(router: FoundRouter, { status, why, about }: Extract<BeatOutcome, { kind: 'refused' }>, withToken: boolean): void {
    const { terminal, identity } = this.#parts;
    if (status === 401 && withToken && about !== 'node_id') {
      const line = `The router at ${router.url} refuses the join token. ${why}`;
      if (!this.#wasIn) throw new Error(`${line} Or run \`oar node\` without --join, and approve it there.`);
      terminal.warn(`${line} From now on this machine waits there without it.`);
      this.#tokenRefusedAt = router.url;
      this.#rhythm.wake();
      return;
    }
    // A router behind a translated address takes the machine's own address for a foreign one.
    if (status === 403 && this.#tellsLanIp) {
      this.#tellsLanIp = false;
      this.#rhythm.wake();
      return;
    }
    const hint = status === 401 ? ` If it knows ${identity.id} from before, type there: oar nodes remove ${identity.id}` : '';
    const line = `The router at ${router.url} refuses this machine. ${why}${hint}`;
    if (line !== this.#said) terminal.warn(line);
    this.#said = line;
  }

  #serverChanged(state: ServerState, before: ServerState): void {
    const { terminal, ollama, clock } = this.#parts;
    const line = serverLine(state, before, ollama !== null);
    if (line !== null) terminal.info(line);
    this.#rhythm.wake();
    if (ollama === null || state.server.name !== 'ollama') return;
    this.#cancelStart();
    if (state.status === 'down') this.#cancelStart = clock.after(before.status === 'unknown' ? 0 : startOllamaMs, () => ollama.start());
  }

  /** Resolves when the router knows, and no request runs any more. */
  async #drain(): Promise<void> {
    const { clock, doors, drainMs, terminal } = this.#parts;
    this.#draining = true;
    this.#rhythm.wake();
    const endsAt = clock.now() + drainMs;
    if (doors.active > 0) terminal.info(`Draining: ${doors.active} running ${doors.active === 1 ? 'request' : 'requests'}. Press Ctrl-C again to end at once.`);
    for (let quietSince = clock.now(); clock.now() < endsAt; await pause(clock, drainLookMs)) {
      const told = this.#toldDraining || !this.#connected;
      if (doors.active > 0 || !told) quietSince = clock.now();
      if (told && clock.now() - quietSince >= quietMs) return;
    }
    if (doors.active > 0) terminal.warn(`${doors.active} requests are cut off: they did not end within ${drainMs / 1000} s.`);
  }
}
