/** Tells the local network where the router is, by mDNS (contract fleet part 3). The library is loaded when it is used. */
import type { EventEmitter } from 'node:events';
import type { Bonjour } from 'bonjour-service';
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Log } from '../telemetry/telemetry.ts';

/** `_fleet-manager._tcp` */
export const serviceType = 'fleet-manager';

export interface Announced {
  /** Unique in the network. */
  readonly name: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}

export interface AnnouncerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** IPv4 addresses of the interfaces to speak on; asked again and again, since they change. */
  addresses(): readonly string[];
}

/** A new address is announced within that time. */
const lookMs = 30_000;
/** For the farewell; whoever stops does not wait for a network that is gone. */
const farewellMs = 500;

export class MdnsAnnouncer {
  readonly #options: AnnouncerOptions;
  readonly #speaking = new Map<string, Bonjour>();
  #cancel: CancelTimer = () => {};
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Never rejects: a router that cannot be found is still one. */
  async start(announced: Announced): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const { Bonjour: Speaker } = await import('bonjour-service');
      const look = (): void => {
        if (this.#stopped) return;
        this.#follow(announced, Speaker);
        this.#cancel = clock.after(lookMs, look);
      };
      look();
    } catch (err) {
      log.warn({ err }, 'the router cannot be announced in the network; tell machines its address with --router-url');
    }
  }

  /** Takes back what was announced. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const speaking = [...this.#speaking.values()];
    this.#speaking.clear();
    await Promise.all(speaking.map((one) => this.#silence(one)));
  }

  #follow(announced: Announced, Speaker: typeof Bonjour): void {
    const addresses = new Set(this.#options.addresses());
    for (const [address, speaker] of this.#speaking) {
      if (addresses.has(address)) continue;
      this.#speaking.delete(address);
      void this.#silence(speaker);
    }
    for (const address of addresses) if (!this.#speaking.has(address)) this.#speak(address, announced, Speaker);
  }

  /** Bound to one address the socket would not hear what is sent to the group. */
  #speak(address: string, { name, port, txt }: Announced, Speaker: typeof Bonjour): void {
    const failed = (err: unknown): void => this.#options.log.debug({ err, address }, 'mDNS failed on an address');
    const options = { interface: address, bind: '0.0.0.0' };
    const speaker = new Speaker(options as ConstructorParameters<typeof Bonjour>[0], failed);
    socketOf(speaker).on('error', failed);
    this.#speaking.set(address, speaker);
    // Its own look for another of the same name prints to standard output.
    speaker.publish({ name, type: serviceType, protocol: 'tcp', port, txt: { ...txt }, probe: false });
  }

  #silence(speaker: Bonjour): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        speaker.destroy();
        resolve();
      };
      const cancel = this.#options.clock.after(farewellMs, end);
      speaker.unpublishAll(end);
    });
  }
}

/** What fails on it would end the process unless somebody listens. */
function socketOf(speaker: Bonjour): EventEmitter {
  return (speaker as unknown as { readonly server: { readonly mdns: EventEmitter } }).server.mdns;
}
