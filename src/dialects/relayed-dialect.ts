/** What the dialects do alike whose requests are placed and whose bytes pass as they are. */
import { RouterError } from '../core/errors.ts';
import type { RelayedRequest, Task } from '../core/request.ts';
import { bodyRules } from './body-rules.ts';
import { ByteRelay } from './byte-relay.ts';
import { ByteWriter } from './byte-writer.ts';
import type { InferenceDialect, ResponseDecoder, RoutePath, Target, WireCall } from './dialect.ts';
import { readHerdFields } from './herd-fields.ts';
import { openAiError } from './openai-error.ts';
import { ownWire } from './own-wire.ts';
import { defined, type FieldReader } from './read-fields.ts';
import { BodyRelay } from './relay.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { readTaskUsage } from './task-usage.ts';

/** Where they differ. */
export interface RelayedApi {
  readonly id: string;
  readonly task: RelayedRequest['task'];
  /** Asked of backends, and taken from callers. */
  readonly path: string;
  /** Taken from callers too. */
  readonly alias?: string;
  readonly takesForms?: boolean;
  readonly timeHeader?: string;
  /** Is every whole answer JSON? Then anything else is a failure of the backend. */
  readonly json: boolean;
  /** Of an answer whose backend names no type. */
  readonly contentType: string;
  decodeRequest(text: string, contentType?: string): RelayedRequest;
  /** Absent: the caller's JSON with the model's name in it. */
  encodeRequest?(request: RelayedRequest, target: Target): WireCall;
}

const rules = bodyRules(readTaskUsage);

export function relayedDialect(api: RelayedApi): InferenceDialect<RelayedRequest> {
  const { id, task, path } = api;
  const paths = api.alias === undefined ? [path] : [path, api.alias];
  return {
    kind: 'inference',
    id,
    task,
    routes: paths.map((one): RoutePath => ({ method: 'POST', path: one })),
    ...(api.takesForms === true ? { takesForms: true } : {}),
    ...(api.timeHeader === undefined ? {} : { timeHeader: api.timeHeader }),
    decodeRequest: api.decodeRequest,
    encodeRequest(request, target) {
      if (request.dialect !== id) throw new RouterError('unsupported_feature', `A ${request.task} request cannot be said in the ${id} API.`);
      return api.encodeRequest?.(request, target) ?? ownWire(request, { model: target.model }, path, false);
    },
    decodeResponse: ({ stream, contentType = '' }) => decoderFor(contentType, api.json && !stream),
    encodeResponse: (context) => new ByteWriter(context, api.contentType),
    encodeError: openAiError,
  };
}

function decoderFor(contentType: string, json: boolean): ResponseDecoder {
  return json || contentType.startsWith('application/json') ? new BodyRelay(rules) : new ByteRelay(contentType);
}

/** What every relayed JSON request says. `text`: what the model will read. */
export function relayedRequest<Kind extends Task>(body: FieldReader, own: { readonly id: string; readonly task: Kind; readonly wire: string; readonly stream: boolean; readonly text: string }): Relayed<Kind> {
  return defined<Relayed<Task>>({
    task: own.task,
    dialect: own.id,
    wire: own.wire,
    model: body.string('model') || null,
    text: own.text,
    stream: own.stream,
    includeUsage: false,
    user: body.string('user'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    extra: {},
  }) as Relayed<Kind>;
}

type Relayed<Kind extends Task> = Omit<RelayedRequest, 'task'> & { readonly task: Kind };

/** What a job keeps is text, so an answer in bytes never becomes one. Throws `invalid_request` when one was asked for. */
export function neverJob<Request extends Pick<RelayedRequest, 'router'>>(request: Request, what: string): Request {
  if (request.router === null) return request;
  if (request.router.mode === 'async') throw new RouterError('invalid_request', `\`router.mode\` cannot be async here: ${what} answered at once or not at all.`, { param: 'router.mode' });
  return { ...request, router: { ...request.router, mode: 'sync', allowAsync: false } };
}

/** A text that may not be empty. Throws `invalid_request` naming the field. */
export function requiredText(body: FieldReader, key: string): string {
  return body.string(key) || body.required(key, 'a text, and not empty');
}
