/** Reads `OLLAMA_HOST` the way Ollama's own client does. */

/**
 * The address of the server that `OLLAMA_HOST` names, or null when it is empty or unreadable. Scheme and port may be missing
 * (http, 11434; 80 and 443 when only a scheme is given); an address to listen on everywhere means this machine.
 */
export function ollamaHostUrl(value: string | undefined): string | null {
  const text = value?.trim().replace(/^["']|["']$/g, '') ?? '';
  if (text === '') return null;
  const hasScheme = /^https?:\/\//i.test(text);
  try {
    const url = new URL(hasScheme ? text : `http://${/^:\d+/.test(text) ? `127.0.0.1${text}` : text}`);
    if (!hasScheme && url.port === '' && !/:80(\/|$)/.test(text)) url.port = '11434';
    if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
    return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, '')}`;
  } catch {
    return null;
  }
}
