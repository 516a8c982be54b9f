/** Hears routers that announce themselves in the local network, by mDNS. */
import { networkInterfaces } from 'node:os';
import { Bonjour } from 'bonjour-service';
import type { Announced, Browser } from './find-router.ts';

/** Contract fleet part 3. */
const type = 'fleet-manager';

/** What an announcement tells, as far as it is used here. */
export interface MdnsService {
  readonly name: string;
  readonly port: number;
  readonly addresses?: readonly string[] | undefined;
  /** Who sent it: an address that works, as far as this machine is concerned. */
  readonly referer?: { readonly address: string } | undefined;
  readonly txt?: unknown;
}

/** One socket a network, since the system's choice of one may be the wrong one. */
interface Ear {
  services(): readonly MdnsService[];
  ask(): void;
  close(): void;
}

export interface MdnsParts {
  /** This machine's addresses, one a network. */
  addresses(): readonly string[];
  listen(address: string, heard: () => void): Ear;
}

export function browseMdns(heard: () => void, { addresses, listen }: MdnsParts = systemMdns): Browser {
  const ears = new Map<string, Ear>();
  const follow = (): void => {
    const now = new Set(addresses());
    for (const [address, ear] of ears) {
      if (now.has(address)) continue;
      ears.delete(address);
      ear.close();
    }
    for (const address of now) if (!ears.has(address)) ears.set(address, listen(address, heard));
  };
  follow();
  return {
    found: () => announcedOf([...ears.values()].flatMap((ear) => ear.services())),
    ask() {
      follow();
      for (const ear of ears.values()) ear.ask();
    },
    close() {
      for (const ear of ears.values()) ear.close();
    },
  };
}

/** Each router once, whatever networks it was heard in, with the addresses that are likeliest to work first. */
export function announcedOf(services: readonly MdnsService[]): readonly Announced[] {
  const byName = new Map<string, Set<string>>();
  for (const service of services) {
    const name = harmless(service.name);
    const urls = byName.get(name) ?? new Set();
    byName.set(name, urls);
    for (const url of urlsOf(service)) urls.add(url);
  }
  return [...byName].map(([name, urls]) => ({ name, urls: [...urls] }));
}

/** Names are shown to people, and anybody may announce anything. */
function harmless(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 128);
}

function urlsOf({ port, addresses = [], referer, txt }: MdnsService): readonly string[] {
  const said = typeof txt === 'object' && txt !== null ? (txt as Readonly<Record<string, unknown>>) : {};
  const scheme = said['protocol'] === 'https' || said['tls'] === '1' || said['tls'] === 'true' ? 'https' : 'http';
  const path = typeof said['path'] === 'string' && /^\/[\w./~%-]*$/.test(said['path']) ? said['path'].replace(/\/+$/, '') : '';
  const four = [...(referer === undefined ? [] : [referer.address]), ...addresses].filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address));
  // An address of IPv6 that only holds on one link would need to name it.
  const six = addresses.filter((address) => address.includes(':') && !/^fe[89ab]/i.test(address));
  return [...four, ...six.map((address) => `[${address}]`)].map((host) => `${scheme}://${host}:${port}${path}`);
}

const systemMdns: MdnsParts = {
  addresses: () => Object.values(networkInterfaces()).flatMap((list) => (list ?? []).flatMap(({ family, internal, address }) => (family === 'IPv4' && !internal ? [address] : []))),
  listen(address, heard) {
    const ignore = (): void => {};
    // It listens everywhere and sends from one address: bound to that, it would not hear what is sent to all.
    const bonjour = new Bonjour({ interface: address, bind: '0.0.0.0' } as object, ignore);
    // A network that went away is noticed by its address; its socket's complaint must not end the process.
    (bonjour as unknown as { server: { mdns: NodeJS.EventEmitter } }).server.mdns.on('error', ignore).on('warning', ignore);
    const browser = bonjour.find({ type });
    browser.on('up', heard).on('srv-update', heard).on('txt-update', heard);
    return {
      services: () => browser.services,
      ask() {
        browser.expire();
        browser.update();
      },
      close() {
        browser.stop();
        bonjour.destroy();
      },
    };
  },
};
