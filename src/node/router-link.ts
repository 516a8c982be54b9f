/** Talks HTTP to the router: asks whether one is there, and sends heartbeats. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../core/clock.ts';
import { errorCode } from '../util/error-code.ts';
import { within } from '../util/time-limit.ts';

export interface LinkAnswer {
  readonly status: number;
  readonly text: string;
  /** This machine's address on the way to the router. */
  readonly localAddress: string;
}

export interface RouterLink {
  /** Null: nobody answers there. An answer with any status is one. */
  probe(url: string, signal: AbortSignal): Promise<LinkAnswer | null>;
  /** Rejects when there is no whole answer in time. */
  post(url: string, path: string, body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<LinkAnswer>;
  close(): void;
}

const probeMs = 2000;
/** As the agents of the old system wait. */
const postMs = 10_000;
const maximumCharacters = 1_000_000;

export interface LinkSettings {
  readonly clock: Clock;
  /** A certificate that nobody vouches for is accepted. */
  readonly insecure: boolean;
  /** Told once of each address with such a certificate. */
  untrusted(url: string, why: string): void;
}

export function createRouterLink({ clock, insecure, untrusted }: LinkSettings): RouterLink {
  const told = new Set<string>();
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 2 });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: 2, rejectUnauthorized: !insecure });
  const send = (method: string, url: string, path: string, body: string | null, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<LinkAnswer> =>
    new Promise((resolve, reject) => {
      const target = new URL(`${url.replace(/\/+$/, '')}${path}`);
      const https = target.protocol === 'https:';
      const call = (https ? httpsRequest : httpRequest)(target, { method, headers: { ...headers, ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) }, agent: https ? secure : plain, signal });
      call.on('error', reject);
      call.on('response', (answer) => {
        const localAddress = plainAddress(answer.socket.localAddress ?? '');
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece: string) => {
          if (text.length < maximumCharacters) text += piece;
        });
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, localAddress }));
      });
      call.end(body ?? undefined);
    });
  return {
    probe: (url, signal) => within(clock, probeMs, signal, (limit) => send('GET', url, '/health', null, {}, limit)).catch((thrown: unknown) => {
      const why = errorCode(thrown) ?? '';
      if (/CERT|SIGNED|VERIFY/.test(why) && !told.has(url)) {
        told.add(url);
        untrusted(url, why);
      }
      return null;
    }),
    post: (url, path, body, headers, signal) => within(clock, postMs, signal, (limit) => send('POST', url, path, body, headers, limit)),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** An IPv4 address in IPv6's clothes is one of IPv4; a zone says nothing to others. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}
