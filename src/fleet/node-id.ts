/** Which machine a backend's address is on. */

/** A loopback address is this machine, `ownNodeId`; any other is named by its host. */
export function nodeIdOf(address: string, ownNodeId: string): string {
  const host = new URL(address).hostname.replace(/^\[|\]$/g, '');
  const loopback = host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host === '::' || host === '0.0.0.0' || /^127\.\d+\.\d+\.\d+$/.test(host);
  return loopback ? ownNodeId : host;
}
