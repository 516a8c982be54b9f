/** Commands that show how a request is sent, for views that have nothing to show yet. */
import { routerUrl } from './place.ts';

/** One small request; `headers` and `fields` are written into it. */
export function helloByCurl({ headers = [], fields = {} }: { readonly headers?: readonly string[]; readonly fields?: Readonly<Record<string, unknown>> } = {}): string {
  const told = [...headers, 'content-type: application/json'].map((header) => ` -H '${header}'`).join('');
  return `curl ${routerUrl('/v1/chat/completions')}${told} -d '${JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...fields })}'`;
}
