/** Turns the configuration of a NOMYO router into one of this program, with comments for what has no equal. Pure. */
import { Document, isMap, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { migrateBackends, type MigratedBackend } from './migrate-backends.ts';
import { FileReader, type ParsedFile } from './migrate-source.ts';

export interface Migrated {
  readonly text: string;
  /** Whole sentences with their places, for whoever migrates. */
  readonly warnings: readonly string[];
}

const routerKeys = ['nomyo-router-api-key', 'router_api_key', 'nomyo_router_api_key', 'nomyo-router_api_key', 'nomyo_router-api_key', 'NOMYO-ROUTER_API_KEY', 'NOMYO_ROUTER_API_KEY'];
const migratedKeys = new Set(['endpoints', 'llama_server_endpoints', 'max_concurrent_connections', 'endpoint_config', 'api_keys', 'priority_routing', 'conversation_affinity', 'conversation_affinity_ttl']);
const usualTtlSeconds = 300;

/** Throws an Error for people, with the place, where the file is not what the old program took. */
export function migrateNomyo(parsed: ParsedFile, name: string): Migrated {
  const file = new FileReader(parsed);
  const { backends, warnings } = migrateBackends(file);
  const document = new Document({ backends: backends.map(({ notes: _, ...backend }) => backend), router: routerOf(file) });
  document.commentBefore = comment([
    `Made by \`oar migrate nomyo\` from ${name}. Check it with \`oar validate-config\`, start with \`oar serve\`.`,
    '',
    'The old router usually listened on port 12434, this one listens on 127.0.0.1:11435. To leave clients as they are, add',
    '  server:',
    '    port: 12434',
  ]);
  explainBackends(document, backends, file);
  explain(document, 'router', 'placement', ['The old rule. adaptive also counts load times, queues and what lies in memory.']);
  explain(document, 'router', 'affinity', file.has('conversation_affinity') ? [] : ['Off was the default of the old router; here it is on: remove this section to use it.']);
  const router = isMap(document.contents) ? pairOf(document.contents, 'router') : null;
  if (router !== null) router.key.spaceBefore = true;
  const left = leftOut(file);
  if (left.length > 0) document.comment = comment(['What has no equal here:', ...left.map((line) => `- ${line}`)]);
  const unknown = file.keys.filter((key) => !isKnown(key)).map((key) => `${file.whereIs([key])}: ${key} is no key of a NOMYO router that is known here, so it was left out.`);
  return { text: document.toString({ lineWidth: 0 }), warnings: [...warnings, ...unknown] };
}

function routerOf(file: FileReader): Record<string, unknown> {
  const ttlSeconds = file.number('conversation_affinity_ttl');
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) file.wrong(['conversation_affinity_ttl'], 'a number of seconds above 0');
  const enabled = file.flag('conversation_affinity') ?? false;
  return { placement: 'least-busy', affinity: { enabled, ...(enabled || ttlSeconds !== undefined ? { ttlMs: Math.round((ttlSeconds ?? usualTtlSeconds) * 1000) } : {}) } };
}

function explainBackends(document: Document, backends: readonly MigratedBackend[], file: FileReader): void {
  const list = document.get('backends');
  if (!isSeq(list)) return;
  const limits = file.has('max_concurrent_connections') || file.has('endpoint_config')
    ? 'maxConcurrent is exact here, for each model: what is over waits, where the old router sent it all the same.'
    : 'The old router took 1 request for each model as the limit, and sent more all the same. Here the server says how many it takes, or it is learned; maxConcurrent sets it.';
  const order = file.flag('priority_routing') === true ? ['Among equals the highest priority goes first: the old order.'] : [];
  list.items.forEach((item, index) => {
    if (!isMap(item)) return;
    const { apiKey, notes = [] } = backends[index] ?? {};
    const own = index === 0 ? [limits, ...order, ...notes] : notes;
    if (own.length > 0) item.commentBefore = comment(own);
    if (apiKey?.startsWith('${')) return;
    const pair = pairOf(item, 'apiKey');
    if (pair !== null) (pair.value as Node).comment = ' sent to this server alone';
  });
}

function explain(document: Document, section: string, key: string, lines: readonly string[]): void {
  const found = document.get(section);
  const pair = isMap(found) ? pairOf(found, key) : null;
  if (pair !== null && lines.length > 0) pair.key.commentBefore = comment(lines);
}

function pairOf(map: YAMLMap, key: string): Pair<Scalar, unknown> | null {
  return (map.items as Pair<Scalar, unknown>[]).find((pair) => pair.key.value === key) ?? null;
}

/** Why each of the other keys is not here, and what to do instead. */
function leftOut(file: FileReader): readonly string[] {
  const lines: string[] = [];
  const key = routerKeys.find((name) => file.has(name));
  if (key !== undefined) {
    lines.push(`${key}: make a key of this program with \`oar keys create\`, and give that to the clients: it is kept as a hash, so the old one is not taken over.`);
  }
  const cache = file.keys.filter((name) => name.startsWith('cache_'));
  if (cache.length > 0) lines.push(`${cache.join(', ')}: answers are not cached in this version; a cache (section cache) comes later. Requests may keep their field nomyo.cache.`);
  if (file.has('db_path')) lines.push('db_path: what was used is counted in the file of store.path, from now on. The old file of counts is not read and not changed.');
  const unknown = file.keys.filter((name) => !isKnown(name));
  if (unknown.length > 0) lines.push(`${unknown.join(', ')}: not known here, left out.`);
  return lines;
}

function isKnown(key: string): boolean {
  return migratedKeys.has(key) || routerKeys.includes(key) || key.startsWith('cache_') || key === 'db_path';
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${line.replace(/\s/g, ' ')}`)).join('\n');
}
