/** Finds the address that a request really comes from, behind proxies that are trusted. */
import { type AddressRange, inRange, parseAddress, parseRange } from '../util/address-ranges.ts';

/** Throws an Error naming the entry that is neither an address nor a range (AR-D29). */
export function parseRanges(entries: readonly string[], setting: string): readonly AddressRange[] {
  return entries.map((entry) => {
    const range = parseRange(entry);
    if (range === null) throw new Error(`${setting} has "${entry}", which is no address and no range. Write one such as 10.0.0.0/8, 192.168.1.7 or fd00::/8.`);
    return range;
  });
}

export function isAmong(address: string, ranges: readonly AddressRange[]): boolean {
  const parsed = parseAddress(address);
  return parsed !== null && ranges.some((range) => inRange(parsed, range));
}

/**
 * The rightmost address of `X-Forwarded-For` that is not one of the trusted proxies, as long as the socket's own is one:
 * what stands further left was written by whoever sent it (AR-D28). What is no address ends the search.
 */
export function clientAddress(socketAddress: string, forwardedFor: string | undefined, proxies: readonly AddressRange[]): string {
  if (proxies.length === 0 || forwardedFor === undefined) return socketAddress;
  let address = socketAddress;
  for (const hop of forwardedFor.split(',').reverse()) {
    if (!isAmong(address, proxies)) return address;
    const next = bare(hop.trim());
    if (parseAddress(next) === null) return address;
    address = next;
  }
  return address;
}

/** Some proxies write `1.2.3.4:5678` and `[::1]:5678`; a zone means something on the proxy's machine alone. */
function bare(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1];
  const address = bracketed ?? (/^[\d.]+:\d+$/.test(hop) ? (hop.split(':')[0] ?? hop) : hop);
  return address.replace(/%.*$/, '');
}

const loopback = parseRanges(['127.0.0.0/8', '::1'], 'loopback');
const mappedFour = parseRanges(['::ffff:0:0/96'], 'mapped');

export function isLoopbackAddress(address: string): boolean {
  return isAmong(address, loopback);
}

/** Does a request that shows no other address than a loopback one come from this machine? Proxies speak for others, unless all they name is loopback too. */
export function isOwnMachine(address: string, forwardedFor: string | undefined, proxies: readonly AddressRange[]): boolean {
  if (!isLoopbackAddress(address)) return false;
  return forwardedFor === undefined || (proxies.length > 0 && forwardedFor.split(',').every((hop) => isLoopbackAddress(bare(hop.trim()))));
}

/** Whom a limit counts together: an IPv4 address, and of IPv6 the 64 bits that one customer has at least (RFC 6177). */
export function networkOf(address: string): string {
  const bytes = address.includes(':') ? parseAddress(address) : null;
  if (bytes === null) return address;
  if (isAmong(address, mappedFour)) return bytes.slice(12).join('.');
  return `${Buffer.from(bytes.slice(0, 8)).toString('hex')}/64`;
}
