/** Names of hosts that somebody allows: exactly, or all below one. */

const usualPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * `example.org` is that host alone, `*.example.org` every host below it and not the host itself; with `:8443` behind it the
 * port must be that one, otherwise it must be the usual one of the scheme. Letters' case and a last dot do not matter.
 */
export function allowsHost(patterns: readonly string[], url: URL): boolean {
  const host = plainName(url.hostname);
  return patterns.some((pattern) => {
    const { name, port } = splitPort(pattern.trim());
    if (port === '' ? url.port !== '' : port !== portOf(url)) return false;
    return name.startsWith('*.') ? below(host, plainName(name.slice(2))) : host === plainName(name);
  });
}

function below(host: string, parent: string): boolean {
  return parent !== '' && host.length > parent.length + 1 && host.endsWith(`.${parent}`);
}

function splitPort(pattern: string): { readonly name: string; readonly port: string } {
  const [, name = pattern, port = ''] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(pattern) ?? [];
  return { name, port };
}

function portOf(url: URL): string {
  return url.port === '' ? (usualPorts[url.protocol] ?? '') : url.port;
}

/** As `URL` writes names: small letters, other alphabets in ASCII. */
function plainName(name: string): string {
  try {
    return new URL(`http://${name}`).hostname.replace(/\.$/, '');
  } catch {
    return '';
  }
}
