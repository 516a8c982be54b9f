/** Asks the router that a machine is to join who it is, and what time it has. */
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { fieldsOf } from '../commands/loose-json.ts';
import type { GlobalOptions } from '../commands/command.ts';
import { routerUrl } from '../node/find-router.ts';
import { systemClock } from '../util/system-clock.ts';
import { addressOf, answerOf, requestOptions, whyFailed } from './call-router.ts';
import type { RouterFacts } from './doctor-facts.ts';

const timeoutMs = 3000;
/** A header tells whole seconds, cut off. */
const halfSecondMs = 500;

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly skewMs: number | null;
}

/** Never rejects. The version is told to keys that may read, and where none are asked for. */
export async function askRouter(written: string, options: GlobalOptions, signal: AbortSignal): Promise<RouterFacts> {
  let url = written;
  try {
    url = routerUrl(written);
    const asked = { ...options, url };
    const alive = await ask('/health/live', asked, signal);
    if (fieldsOf(alive.body)?.service !== 'ollama-agent-router') return { url, problem: `What answers at ${url} is no router of this program (status ${alive.status}).`, version: null, skewMs: null };
    const status = await ask('/v1/router/status', asked, signal).catch(() => null);
    const version = fieldsOf(status?.body)?.version;
    return { url, problem: null, version: typeof version === 'string' ? version : null, skewMs: alive.skewMs };
  } catch (thrown) {
    return { url, problem: thrown instanceof Error ? thrown.message : String(thrown), version: null, skewMs: null };
  }
}

function ask(path: string, options: GlobalOptions, signal: AbortSignal): Promise<Answer> {
  const address = addressOf(path, options);
  const send = address.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => reject(new Error(whyFailed(cause, address, timeoutMs), { cause }));
    const began = systemClock.now();
    const request = send(address, requestOptions('GET', options, undefined, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])), (response) => {
      const middle = (began + systemClock.now()) / 2;
      const theirs = Date.parse(response.headers.date ?? '');
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', failed);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: answerOf(0, text).body, skewMs: Number.isNaN(theirs) ? null : Math.round(middle - theirs - halfSecondMs) }));
    });
    request.on('error', failed);
    request.end();
  });
}
