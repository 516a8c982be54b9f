/** What a request is marked with, for figures by application: the body's tags, the header's, and its user, in this order. */
import { spliceTopLevel } from '../util/json-splice.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceCall } from './pipeline.ts';

/** What callers make up must not fill logs and tables. */
const mostTags = 32;
const longestTag = 64;

const none: readonly string[] = [];

/** Each once; absent ones cost nothing. `request` is null for one that could not be read. */
export function tagsOf(fromHeader: readonly string[] | undefined, request: Pick<InferenceRequest, 'tags' | 'user'> | null): readonly string[] {
  const user = request?.user ?? '';
  if (fromHeader === undefined && request?.tags === undefined && user === '') return none;
  return tidied([...(request?.tags ?? none), ...(fromHeader ?? none), ...(user === '' ? none : [`user:${user}`])]);
}

/** As it is shown: without controls, and not too long. */
export function shown(text: string): string {
  const plain = text.slice(0, 4 * longestTag).replace(/\p{Cc}+/gu, ' ').trim();
  // Not in the middle of a character.
  return plain.length <= longestTag ? plain : plain.slice(0, longestTag).replace(/[\uD800-\uDBFF]$/, '');
}

function tidied(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.slice(0, 4 * mostTags).map(shown))].filter((tag) => tag !== '').slice(0, mostTags);
}

/** The body with what headers said of tags and substitution, for a request that is kept for later: headers are not. */
export function withHeaders(body: string, { tags, noSubstitution }: Pick<InferenceCall, 'tags' | 'noSubstitution'>): string {
  if ((tags === undefined || tags.length === 0) && noSubstitution !== true) return body;
  const { metadata, router } = JSON.parse(body) as { readonly metadata?: unknown; readonly router?: unknown };
  const edits = new Map<string, string>();
  const before = membersOf(metadata);
  if (tags !== undefined && before !== null) {
    const { tags: own } = before;
    edits.set('metadata', JSON.stringify({ ...before, tags: [...(Array.isArray(own) ? own : none), ...tidied(tags)] }));
  }
  if (noSubstitution === true) edits.set('router', JSON.stringify({ ...membersOf(router), allowSubstitution: false }));
  return spliceTopLevel(body, edits);
}

/** Null for what is something else than an object, or nothing. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const members = value ?? {};
  return typeof members === 'object' && !Array.isArray(members) ? (members as Readonly<Record<string, unknown>>) : null;
}
