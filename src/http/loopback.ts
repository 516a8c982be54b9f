/** Tells callers on this machine from those elsewhere. */

/** `address` as a socket gives it, without a port. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
