/** What Ollama's two embedding requests share: options, keep_alive, and what the router puts in. */
import type { EmbeddingRequest } from '../core/request.ts';
import type { Target } from './dialect.ts';
import { readHerdFields, readUser } from './herd-fields.ts';
import { contextIn } from './own-wire.ts';
import { defined, type FieldReader, type Fields } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';

type SharedPart = Pick<EmbeddingRequest, 'model' | 'stream' | 'includeUsage' | 'keepAlive' | 'contextLength' | 'router' | 'extra' | 'user' | 'fallbackModels' | 'tags'>;

/** `options` stay in `extra` as a whole: but for `num_ctx` they say nothing that a vector depends on. */
export function readSharedPart(body: FieldReader, own: readonly string[]): SharedPart {
  const context = body.object('options')?.number('num_ctx');
  return defined<SharedPart>({
    model: body.string('model') || null,
    stream: false,
    includeUsage: false,
    keepAlive: readKeepAlive(body),
    user: readUser(body),
    contextLength: context === undefined ? undefined : Math.trunc(context),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    extra: body.others(new Set(['model', 'keep_alive', 'router', 'fallback_models', ...own])),
  });
}

/** For a request of another dialect. */
export function writeSharedPart(request: EmbeddingRequest, target: Target): { readonly fields: Fields; readonly rewrites: readonly string[] } {
  const keepAlive = request.keepAlive ?? target.keepAlive;
  const numCtx = contextIn(request, target);
  const rewrites = [
    ...(keepAlive !== undefined && request.keepAlive === undefined ? ['keep_alive'] : []),
    ...(numCtx !== request.contextLength ? ['num_ctx'] : []),
  ];
  return { fields: defined<Fields>({ keep_alive: keepAlive, options: numCtx === undefined ? undefined : { num_ctx: numCtx } }), rewrites };
}
