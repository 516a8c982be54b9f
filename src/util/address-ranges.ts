/** Network addresses and ranges: which belong to whom, and which are reachable by everybody. */

/** 16 bytes; an IPv4 address stands as its IPv4-mapped IPv6 address (::ffff:a.b.c.d). */
type Address = readonly number[];

export interface AddressRange {
  readonly address: Address;
  /** How many leading bits count, of 128. */
  readonly bits: number;
}

const mappedPrefix: Address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** An IPv4 or IPv6 address as text, with or without brackets and zone; null when it is none. */
export function parseAddress(text: string): Address | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (!bare.includes(':')) {
    const four = parseFour(bare);
    return four === null ? null : [...mappedPrefix, ...four];
  }
  return parseSix(bare.replace(/%[^%/]+$/, ''));
}

function parseFour(text: string): readonly number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseSix(text: string): Address | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [front, back] = halves.map((half, position) => (half === '' ? [] : groupBytes(half, position === halves.length - 1)));
  if (front === undefined || front === null || back === null) return null;
  if (back === undefined) return front.length === 16 ? front : null;
  const gap = 16 - front.length - back.length;
  return gap < 2 ? null : [...front, ...Array.from({ length: gap }, () => 0), ...back];
}

/** Groups between colons; the last of the address may be an IPv4 address. */
function groupBytes(text: string, isLast: boolean): readonly number[] | null {
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [position, group] of groups.entries()) {
    const four = isLast && position === groups.length - 1 && group.includes('.') ? parseFour(group) : null;
    if (four !== null) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; null when it is neither. */
export function parseRange(text: string): AddressRange | null {
  const [written = '', length, ...more] = text.trim().split('/');
  const address = parseAddress(written);
  if (address === null || more.length > 0) return null;
  const most = written.includes(':') ? 128 : 32;
  if (length === undefined) return { address, bits: 128 };
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return null;
  return { address, bits: Number(length) + 128 - most };
}

export function inRange(address: Address, { address: base, bits }: AddressRange): boolean {
  for (let index = 0; index * 8 < bits; index += 1) {
    const mask = bits - index * 8 >= 8 ? 0xff : 0xff << (8 - (bits - index * 8));
    if (((address[index] ?? 0) & mask) !== ((base[index] ?? 0) & mask)) return false;
  }
  return true;
}

function rangesOf(...texts: readonly string[]): readonly AddressRange[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}

/** What IANA's special-purpose registries (RFC 6890) keep from the public Internet, and multicast (RFC 5771). */
const specialFour = rangesOf(
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
);
/** All that is given out of IPv6 so far; within it what tunnels to other addresses, or is for documents and tests. */
const globalSix = rangesOf('2000::/3');
const specialSix = rangesOf('2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20');

/** False for loopback, private, link-local, unique-local, multicast, reserved and mapped addresses, and for what is no address. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  if (!text.includes(':')) return !specialFour.some((range) => inRange(address, range));
  return globalSix.some((range) => inRange(address, range)) && !specialSix.some((range) => inRange(address, range));
}

/** Addresses of one's own machine and network: loopback, private, shared, link-local and unique-local. */
const ownRanges = [...rangesOf('127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'), ...rangesOf('0.0.0.0', '::', '::1', 'fc00::/7', 'fe80::/10')];

/** Names that public DNS does not give out (RFC 6761, 6762, 8375, and what home routers and containers use). */
const ownName = /^(?:[^.]+|(?:.+\.)?localhost|.+\.(?:local|lan|home|internal|intranet|home\.arpa))\.?$/i;

/** Is a host of an address, a name or an address in brackets, one of one's own network? By its looks: nothing is resolved. */
export function isOwnHost(host: string): boolean {
  const address = parseAddress(host);
  if (address !== null) return ownRanges.some((range) => inRange(address, range));
  return !host.includes(':') && ownName.test(host);
}
