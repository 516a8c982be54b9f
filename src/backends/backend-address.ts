/** Joins a server's address with a path; a path in the address is kept. */

/** `http://h/proxy/ollama/` and `/api/chat` give `http://h/proxy/ollama/api/chat`. Credentials and query of the address are left out. */
export function joinAddress(address: string, path: string): string {
  const url = new URL(address);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}
