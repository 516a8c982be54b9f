/** What the node agent is handed by the program around it: servers to watch, a capacity learner, a person to talk to. Types only. */
import type { BackendReport } from '../core/fleet.ts';
import type { NodeActivity, NodeCapacity, NodeCommand } from '../core/node.ts';

/** An inference server that the agent may offer to the router. */
export interface LocalServer {
  /** Unique on the machine, such as `ollama`. */
  readonly name: string;
  /** A kind of backend, such as `ollama` or `openai`. */
  readonly kind: string;
  /** Where it answers, seen from this machine; may carry a path, which only the agent's relay can reach. */
  readonly url: string;
  /** What the relay shows the server itself; never told to anybody. */
  readonly apiKey?: string;
  /** Requests that it serves at once, where that is known beside what it says of itself. */
  maxConcurrent?(): number | undefined;
  /** Everything the agent knows of the requests it runs, because all of them come through the relay. */
  readonly relayOnly?: () => boolean;
  /** Asks what it has; rejects when it does not answer. */
  probe(previous: BackendReport | null, signal: AbortSignal): Promise<BackendReport>;
  /** Does a server of this kind answer at another address, such as the machine's own in the network? Never rejects. */
  answersAt(url: string, signal: AbortSignal): Promise<boolean>;
}

/** Finds servers; asked again and again. A server that was found is watched from then on. Never rejects. */
export interface ServerSource {
  find(signal: AbortSignal): Promise<readonly LocalServer[]>;
}

/** How much of the machine the owner leaves to others. */
export interface CapacityPart {
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
  now(): { readonly capacity?: NodeCapacity; readonly activity?: NodeActivity };
  override(command: Extract<NodeCommand, { readonly type: 'capacity_override' }>): void;
}

/** Lines for the person, or the journal, that watches the agent. */
export interface Terminal {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
}
