/** Reads the fields that say what to fall back to and how to count a request; any dialect may carry them, and no backend sees them. */
import type { InferenceRequest } from '../core/request.ts';
import { jsonText } from './json-text.ts';
import { defined, type FieldReader, wrongField } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

type HerdFields = Pick<InferenceRequest, 'fallbackModels' | 'tags'>;

const none: HerdFields = {};
const mostFallbacks = 32;

/** Throws `invalid_request` naming a wrong one. `metadata` of other shapes is none of the router's business. */
export function readHerdFields(body: FieldReader): HerdFields {
  const { fallback_models: fallbacks, metadata } = body.fields;
  if (fallbacks === undefined && metadata === undefined) return none;
  return defined<HerdFields>({
    fallbackModels: fallbacks === undefined ? undefined : readFallbacks(body),
    tags: isObject(metadata) && typeof metadata.tags === 'object' ? (body.object('metadata')?.strings('tags') ?? []) : undefined,
  });
}

function readFallbacks(body: FieldReader): readonly string[] {
  const names = body.strings('fallback_models') ?? [];
  const empty = names.findIndex((name) => name.trim() === '');
  if (empty >= 0) throw wrongField(`${body.pathOf('fallback_models')}[${empty}]`, 'the name of a model');
  if (names.length > mostFallbacks) throw wrongField(body.pathOf('fallback_models'), `a list of at most ${mostFallbacks} names`);
  return names;
}

/** Edits that take the fields out of the caller's bytes, put into `edits`; the names of what is changed are added to `rewrites`. */
export function dropHerdFields({ fallbackModels, tags, wire }: Pick<InferenceRequest, 'fallbackModels' | 'tags' | 'wire'>, edits: Map<string, string | null>, rewrites: string[]): void {
  if (fallbackModels !== undefined) {
    edits.set('fallback_models', null);
    rewrites.push('fallback_models');
  }
  if (tags === undefined) return;
  edits.set('metadata', metadataWithoutTags(wire));
  rewrites.push('metadata.tags');
}

/** Null when nothing else is in it. */
function metadataWithoutTags(wire: string): string | null {
  const body: unknown = JSON.parse(wire);
  const metadata: unknown = isObject(body) ? body.metadata : undefined;
  if (!isObject(metadata)) return null;
  const { tags: _tags, ...others } = metadata;
  return Object.keys(others).length === 0 ? null : jsonText(others);
}

/** Ollama's API has no such field, and lets any pass. */
export function readUser({ fields }: FieldReader): string | undefined {
  return typeof fields.user === 'string' && fields.user !== '' ? fields.user : undefined;
}
