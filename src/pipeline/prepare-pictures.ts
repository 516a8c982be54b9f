/** Puts the pictures themselves in the place of their addresses, for backends that cannot or should not fetch them. */
import type { Clock } from '../core/clock.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { ChatRequest, ContentPart } from '../core/request.ts';
import { editJson, type JsonEdit, type JsonPath } from '../util/json-edit.ts';
import { deadlineSignal } from './deadline-signal.ts';

export interface Picture {
  readonly mediaType: string;
  /** Base64, without a prefix. */
  readonly data: string;
}

/** Rejects with `invalid_request` for what must not be fetched or is no picture, saying why; with `cancelled` when the signal is aborted. */
export type FetchPicture = (url: string, signal: AbortSignal) => Promise<Picture>;

export interface PictureTerms {
  readonly fetch: FetchPicture;
  /** For all pictures of a request together, which are fetched at the same time. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** More than any conversation shows a model; each may be as large as one may be. */
const mostPictures = 32;

/** Does any part of the request name a picture by an address? */
export function namesPictures(request: ChatRequest): boolean {
  return request.messages.some((message) => message.content.some(isAddress));
}

function isAddress(part: ContentPart): boolean {
  return part.type === 'image-url' && !/^data:/i.test(part.url);
}

/** Fetches each address of a request once, however often the request is tried. */
export class Pictures {
  readonly #terms: PictureTerms;
  readonly #fetched = new WeakMap<ChatRequest, ReadonlyMap<string, Picture>>();

  constructor(terms: PictureTerms) {
    this.#terms = terms;
  }

  /** The request with its pictures in it, its wire too. Rejects like `FetchPicture`, naming the part. */
  async into(request: ChatRequest, signal: AbortSignal): Promise<ChatRequest> {
    const pictures = this.#fetched.get(request) ?? (await this.#fetchAll(request, signal));
    this.#fetched.set(request, pictures);
    const messages = request.messages.map((message) => (message.content.some(isAddress) ? { ...message, content: message.content.map((part) => shown(part, pictures)) } : message));
    return { ...request, messages, wire: editJson(request.wire, pictureEdits(JSON.parse(request.wire), pictures)) };
  }

  async #fetchAll(request: ChatRequest, caller: AbortSignal): Promise<ReadonlyMap<string, Picture>> {
    const wanted = addressesIn(request);
    if (wanted.size > mostPictures) throw refused('messages', `the request names ${wanted.size} pictures, and at most ${mostPictures} are fetched for one request. Send them as \`data:\` URLs.`);
    const deadline = deadlineSignal(caller, this.#terms.timeoutMs, this.#terms.clock);
    // One that cannot be had ends the others: the request fails.
    const stop = new AbortController();
    const onEnd = (): void => stop.abort();
    deadline.signal.addEventListener('abort', onEnd);
    if (deadline.signal.aborted) onEnd();
    try {
      const pairs = [...wanted].map(async ([url, path]) => [url, await this.#fetch(url, path, stop.signal, deadline.expired)] as const);
      return new Map(await Promise.all(pairs));
    } finally {
      deadline.signal.removeEventListener('abort', onEnd);
      deadline.release();
      stop.abort();
    }
  }

  async #fetch(url: string, path: string, signal: AbortSignal, expired: () => boolean): Promise<Picture> {
    try {
      return await this.#terms.fetch(url, signal);
    } catch (thrown) {
      const error = toRouterError(thrown);
      if (expired()) throw refused(path, `the pictures took longer to fetch than the ${this.#terms.timeoutMs} ms that are allowed.`, error);
      if (error.code !== 'invalid_request') throw error;
      throw refused(path, error.message, error);
    }
  }
}

/** Each address once, with the first part that names it. */
function addressesIn(request: ChatRequest): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [index, { content }] of request.messages.entries()) {
    for (const [position, part] of content.entries()) {
      if (part.type === 'image-url' && isAddress(part) && !found.has(part.url)) found.set(part.url, `messages[${index}].content[${position}]`);
    }
  }
  return found;
}

function refused(path: string, why: string, cause?: RouterError): RouterError {
  return new RouterError('invalid_request', `\`${path}\`: ${why}`, { param: path, ...(cause === undefined ? {} : { cause }) });
}

function shown(part: ContentPart, pictures: ReadonlyMap<string, Picture>): ContentPart {
  const picture = part.type === 'image-url' ? pictures.get(part.url) : undefined;
  return picture === undefined ? part : { type: 'image', mediaType: picture.mediaType, data: picture.data };
}

/** Where a body of any dialect names these pictures: `image_url` (OpenAI), and `source` (Anthropic), also within tool results. */
function pictureEdits(body: Readonly<Record<string, unknown>>, pictures: ReadonlyMap<string, Picture>): readonly JsonEdit[] {
  const edits: JsonEdit[] = [];
  const visit = (value: unknown, path: JsonPath): void => {
    if (Array.isArray(value)) {
      for (const [position, element] of value.entries()) visit(element, [...path, position]);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const { image_url: named, source, content, output } = value as Readonly<Record<string, unknown>>;
    const dataUrl = dataUrlFor(pictures, named) ?? dataUrlFor(pictures, urlOf(named));
    if (dataUrl !== undefined) edits.push({ path: typeof named === 'string' ? [...path, 'image_url'] : [...path, 'image_url', 'url'], change: { kind: 'set', value: dataUrl } });
    const picture = pictures.get(String(urlOf(source)));
    if (picture !== undefined) edits.push({ path: [...path, 'source'], change: { kind: 'set', value: { type: 'base64', media_type: picture.mediaType, data: picture.data } } });
    visit(content, [...path, 'content']);
    visit(output, [...path, 'output']);
  };
  visit(body['messages'], ['messages']);
  visit(body['input'], ['input']);
  return edits;
}

function urlOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { readonly url?: unknown }).url : undefined;
}

function dataUrlFor(pictures: ReadonlyMap<string, Picture>, url: unknown): string | undefined {
  const picture = typeof url === 'string' ? pictures.get(url) : undefined;
  return picture === undefined ? undefined : `data:${picture.mediaType};base64,${picture.data}`;
}
