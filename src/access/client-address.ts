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
    const next = withoutPort(hop.trim());
    if (parseAddress(next) === null) return address;
    address = next;
  }
  return address;
}

/** Some proxies write `1.2.3.4:5678` and `[::1]:5678`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d+$/.test(hop) ? (hop.split(':')[0] ?? hop) : hop;
}

const loopback = ['127.0.0.0/8', '::1'].flatMap((text) => parseRange(text) ?? []);

export function isLoopbackAddress(address: string): boolean {
  return isAmong(address, loopback);
}
