/** The addresses that manage models, as Ollama has them (contract proxy part 1.1, ruling 15). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { ModelAction, ModelAnswer, ModelOperations, ModelTargets } from '../fleet/fleet.ts';
import { GuardedUpload } from './guarded-upload.ts';
import type { Exchange, Route } from './http.ts';
import { isDigest, readModelRequest, readTargets } from './model-request.ts';
import { rules } from './rules.ts';

/** Longest silence of either end in the middle of an upload. */
const uploadIdleMs = 60_000;
/** As much of a file that the backend does not want is read, so that the caller hears so. */
const unwantedBytes = 16 * 1024 ** 2;

const addresses: readonly (readonly [string, string, ModelAction])[] = [
  ['POST', '/api/pull', 'pull'],
  ['POST', '/api/push', 'push'],
  ['POST', '/api/create', 'create'],
  ['POST', '/api/copy', 'copy'],
  ['DELETE', '/api/delete', 'delete'],
];

export function modelRoutes(operations: ModelOperations, clock: Clock): Route[] {
  const route = (method: string, path: string, handle: (exchange: Exchange) => Promise<void>): Route => ({
    method,
    path,
    rule: rules.manage,
    handle,
  });
  return [
    ...addresses.map(([method, path, action]) => route(method, path, (exchange) => manage(operations, action, exchange))),
    route('POST', '/api/me', async (exchange) => write(exchange, await operations.account(targetsOf(exchange), exchange.signal))),
    route('HEAD', '/api/blobs/:digest', (exchange) => findBlob(operations, exchange)),
    route('POST', '/api/blobs/:digest', (exchange) => storeBlob(operations, clock, exchange)),
  ];
}

async function manage(operations: ModelOperations, action: ModelAction, exchange: Exchange): Promise<void> {
  const request = readModelRequest(action, { body: await exchange.body(), query: exchange.query, wanted: wantedBackend(exchange) });
  await write(exchange, await operations.run(request, exchange.signal));
}

async function findBlob(operations: ModelOperations, exchange: Exchange): Promise<void> {
  await write(exchange, await operations.findBlob(digestOf(exchange), targetsOf(exchange), exchange.signal));
}

async function storeBlob(operations: ModelOperations, clock: Clock, exchange: Exchange): Promise<void> {
  const digest = digestOf(exchange);
  const upload = new GuardedUpload(exchange.upload(), clock, uploadIdleMs);
  try {
    await write(exchange, await operations.storeBlob(digest, upload, targetsOf(exchange), AbortSignal.any([exchange.signal, upload.signal])));
  } catch (thrown) {
    throw upload.failure ?? thrown;
  } finally {
    // Not waited for: a refusal is written first.
    void upload.drop(unwantedBytes);
  }
}

function digestOf({ params }: Exchange): string {
  const digest = params['digest'] ?? '';
  if (!isDigest(digest)) throw new RouterError('invalid_request', 'invalid digest format', { param: 'digest' });
  return digest;
}

function targetsOf(exchange: Exchange): ModelTargets {
  return readTargets({}, exchange.query, wantedBackend(exchange));
}

function wantedBackend({ headers }: Exchange): string | undefined {
  const wanted = headers['x-oar-backend'];
  return typeof wanted === 'string' ? wanted : undefined;
}

async function write({ reply }: Exchange, { status, contentType, backendIds, reason, body }: ModelAnswer): Promise<void> {
  const headers = { ...(contentType === '' ? {} : { 'content-type': contentType }), 'x-oar-backend': backendIds.join(', '), 'x-oar-decision': reason };
  if (body instanceof Uint8Array) {
    reply.head(status, { ...headers, 'content-length': String(body.length) });
    return reply.end(body);
  }
  reply.head(status, headers);
  for await (const bytes of body) {
    const room = reply.write(bytes);
    if (room !== undefined) await room;
  }
  reply.end();
}
