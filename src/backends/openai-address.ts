/** Where an OpenAI-compatible server has its paths. */
import { joinAddress } from './backend-address.ts';
import type { BackendSettings } from './backend.ts';

const chatPath = '/chat/completions';

/** An address may end with the API's version, `/v1` or another one (`/api/paas/v4`, `/v1beta/openai`), or be without it. */
const versionAtEnd = /\/v\d[a-z0-9]*(?:\/openai)?\/*$/i;

/** `path` begins with `/v1/` where it belongs to the API; any other lies beside it. Rerankers share `/v1/rerank`. */
export function openAiAddress({ url, paths }: BackendSettings, path: string): string {
  const own = path === '/rerank' ? '/v1/rerank' : path;
  const { origin, pathname } = new URL(url);
  const version = versionAtEnd.exec(pathname)?.[0] ?? '';
  const root = `${origin}${pathname.slice(0, pathname.length - version.length)}`;
  const moved = movedPath(own, paths?.openAi);
  return joinAddress(root, version !== '' && moved === own && own.startsWith('/v1/') ? `${version.replace(/\/+$/, '')}${own.slice('/v1'.length)}` : moved);
}

/** `chat`: where chat completions lie instead of `/v1/chat/completions`; the rest of the API lies beside them when that can be told. */
export function movedPath(path: string, chat: string | undefined): string {
  if (chat === undefined || !path.startsWith('/v1/')) return path;
  if (path === `/v1${chatPath}`) return chat;
  return chat.endsWith(chatPath) ? `${chat.slice(0, -chatPath.length)}${path.slice('/v1'.length)}` : path;
}
