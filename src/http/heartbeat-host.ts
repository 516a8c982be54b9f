/** Tells where the servers of a machine are: at the address that its report comes from, and nowhere else unless that is allowed. Pure. */
import { RouterError } from '../core/errors.ts';
import type { NodeServer } from '../core/node.ts';
import { inRange, parseAddress, parseRange } from '../util/address-ranges.ts';
import type { NamedHost } from './heartbeat-body.ts';
import { isLoopback } from './loopback.ts';

export interface HostTerms {
  /** `fleet.allowOtherHosts` */
  readonly allowOtherHosts: boolean;
  /** The addresses of the router's own machine. */
  ownAddresses(): readonly string[];
  /** What the router listens on. */
  ownPort(): number;
}

/** Throws `forbidden` for a body that names a host which is not the sender's. */
export function hostOfServers(named: readonly NamedHost[], sender: string, terms: HostTerms): string {
  const here = isLoopback(sender);
  const own = here ? terms.ownAddresses() : [sender];
  const other = named.find(({ host }) => !meansItself(host) && !own.some((address) => sameAddress(address, host)));
  if (other === undefined) return here ? '127.0.0.1' : sender;
  if (terms.allowOtherHosts) return other.host;
  throw new RouterError('forbidden', `${other.field} names the host ${other.host}, and the report comes from ${sender}. A machine may only offer servers of its own; set fleet.allowOtherHosts: true on the router to allow others.`, { param: other.field });
}

/** Throws `invalid_request` for a machine that offers the router to itself: it would send itself every request that it gets. */
export function refuseItself(servers: readonly Pick<NodeServer, 'name' | 'port'>[], address: string, terms: Pick<HostTerms, 'ownAddresses' | 'ownPort'>): void {
  const own = terms.ownPort();
  const itself = servers.find(({ port }) => port === own);
  if (itself === undefined || !(isLoopback(address) || terms.ownAddresses().some((one) => sameAddress(one, address)))) return;
  throw new RouterError('invalid_request', `The server ${itself.name} at port ${own} is this router. Name the one that has the models, such as with \`oar node --ollama-host http://127.0.0.1:11434\`.`, { param: 'servers' });
}

const every = ['0.0.0.0', '::'];

/** What a program on a machine calls that machine, or listens on. */
function meansItself(host: string): boolean {
  return host === 'localhost' || every.includes(host) || isLoopback(host);
}

function sameAddress(one: string, other: string): boolean {
  const range = parseRange(one.replace(/%.*$/, ''));
  const address = parseAddress(other);
  return range !== null && address !== null && inRange(address, range);
}
