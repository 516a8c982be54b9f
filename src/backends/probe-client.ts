/** A JSON client for the questions of a probe. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { systemClock } from '../util/system-clock.ts';
import type { BackendKind, BackendSettings, ProbeClient, UpstreamAnswer } from './backend.ts';
import { parseJson } from './json-fields.ts';
import { UpstreamLink } from './upstream-link.ts';

const maximumBytes = 8 * 1024 * 1024;

/** Each question may take `timeoutMs`. Unused connections close by themselves within a second. */
export function createProbeClient(settings: BackendSettings, kind: BackendKind, timeoutMs: number, signal: AbortSignal, clock: Clock = systemClock): ProbeClient {
  const connectMs = settings.timeouts.connectMs > 0 ? Math.min(settings.timeouts.connectMs, timeoutMs) : timeoutMs;
  const timeouts = { connectMs, firstByteMs: 0, idleMs: 0, totalMs: timeoutMs };
  const link = new UpstreamLink({ ...settings, timeouts }, kind, clock, { connections: 4, keepAliveMs: 1000 });
  const ask = async (method: 'GET' | 'POST', path: string, body: string | null): Promise<unknown> => {
    const answer = await link.send(method, path, body, signal);
    const value = parseJson(await readText(answer, settings.id, path));
    if (value === undefined) throw new RouterError('backend_protocol', `Backend ${settings.id} did not answer ${path} with JSON.`, { backend: settings.id });
    return value;
  };
  return {
    get: (path) => ask('GET', path, null),
    post: (path, body) => ask('POST', path, JSON.stringify(body)),
  };
}

async function readText(answer: UpstreamAnswer, backendId: string, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let chunks = await answer.body.read(); chunks !== null; chunks = await answer.body.read()) {
    for (const chunk of chunks) {
      pieces.push(chunk);
      bytes += chunk.length;
    }
    if (bytes > maximumBytes) {
      answer.body.cancel?.();
      throw new RouterError('backend_protocol', `Backend ${backendId} answered ${path} with more than ${maximumBytes} bytes.`, { backend: backendId });
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}
