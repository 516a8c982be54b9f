/** The environment names of two other programs (ruling 18), each with what it means here. Plain data. */
import { type AliasReader, asContexts, asFlag, asFlagFor, asList, asModelMap, asNumber, asSeconds, asText, asWord } from './alias-values.ts';
import type { ConfigPath } from './config-path.ts';

/** It sets a key; while this version has no such key, a warning says so. */
interface MappedName {
  readonly path: ConfigPath;
  readonly read: AliasReader;
  /** The value is a section whose keys are set one by one, beside those of the file. */
  readonly spread?: boolean;
}

/** It sets nothing. */
interface IdleName {
  /** Why, and what to do instead. */
  readonly why: string;
  /** A value that asks for what is so anyhow, and needs no word. */
  readonly unless?: (text: string) => boolean;
}

/** Going on without it would do harm. */
interface RefusedName {
  readonly refused: string;
  /** It asks for a lock: where the configuration has one, a warning will do. */
  readonly lock?: boolean;
  readonly unless?: (text: string) => boolean;
}

/** It is for `oar node`. */
interface NodeName {
  readonly node: keyof NodeAliases;
  readonly read: AliasReader;
}

export type AliasName = MappedName | IdleName | RefusedName | NodeName;

/** What the names that begin with FLEET_NODE_ set for `oar node`, where no flag does. */
export interface NodeAliases {
  readonly nodeId?: string;
  readonly ollamaUrl?: string;
  readonly routerUrl?: string;
  readonly heartbeatMs?: number;
  readonly stateDir?: string;
  readonly logLevel?: string;
}

const is = (...values: readonly string[]) => (text: string): boolean => values.some((value) => value.toLowerCase() === text.toLowerCase());
const isNumber = (value: number) => (text: string): boolean => Number(text) === value;
const isOff = is('false', '0', 'no', 'off', 'f', 'n');
const isOn = is('true', '1', 'yes', 'on', 't', 'y');

/** Several names with the same answer; a value in the list is the old default, which asks for nothing. */
function idle(why: string, defaults: Readonly<Record<string, string>>): Readonly<Record<string, IdleName>> {
  return Object.fromEntries(Object.entries(defaults).map(([name, usual]) => [name, { why, unless: (text: string) => text === usual || (usual !== '' && Number(text) === Number(usual)) || (usual === 'true' && isOn(text)) || (usual === 'false' && isOff(text)) }]));
}

const logLevels = asWord({ DEBUG: 'debug', INFO: 'info', WARNING: 'warn', WARN: 'warn', ERROR: 'error', CRITICAL: 'error' });

const fixedPoints = 'the points of `router.placement: signals` are fixed, as its documentation states them';
const placedLate = 'nothing needs to be moved: a request is placed when a slot is free, not before';
const noCompaction = 'prompts are not rewritten by a model here; a prompt that is too long is refused, or trimmed by `context.overflow`';
const noFixup = 'tools are passed to the model as the client described them';
const mlxServers = 'an MLX server is a backend: list it in `backends` with kind openai';
const ownLimits = 'a backend\'s limit is its `maxConcurrent`, how long a request waits is `router.holdMs`, and its time limits are `timeouts`';
const notServed = 'what a machine can serve is served; keys can be held to certain models';
const noPlatform = 'this program reports to no platform';

const routerNames: Readonly<Record<string, AliasName>> = {
  HOST: { path: ['server', 'host'], read: asText },
  PORT: { path: ['server', 'port'], read: asNumber },
  ...idle('the service is always announced as _fleet-manager._tcp, which is what machines look for', { MDNS_SERVICE_TYPE: '_fleet-manager._tcp.local.' }),
  ...idle('the router announces itself by the name of its machine', { MDNS_SERVICE_NAME: 'Fleet Manager Router' }),
  DATA_DIR: { why: 'what is kept lies at `store.path` and in `telemetry.logDir`; the old files are not read' },
  ENV_FILE: { refused: 'names a file of another program, which this one does not read. `oar migrate herd` turns it into a configuration; then unset the variable.' },
  HEARTBEAT_INTERVAL: { path: ['fleet', 'heartbeatMs'], read: asSeconds },
  HEARTBEAT_TIMEOUT: { path: ['fleet', 'degradedAfterMs'], read: asSeconds },
  HEARTBEAT_OFFLINE: { path: ['fleet', 'offlineAfterMs'], read: asSeconds },
  ...idle(fixedPoints, {
    SCORE_MODEL_HOT: '50',
    SCORE_MODEL_WARM: '30',
    SCORE_MODEL_COLD: '10',
    SCORE_MEMORY_FIT_MAX: '20',
    SCORE_QUEUE_DEPTH_MAX_PENALTY: '30',
    SCORE_QUEUE_DEPTH_PENALTY_PER: '6',
    SCORE_WAIT_TIME_MAX_PENALTY: '25',
    SCORE_ROLE_AFFINITY_MAX: '15',
    SCORE_ROLE_LARGE_THRESHOLD_GB: '20',
    SCORE_ROLE_SMALL_THRESHOLD_GB: '8',
    SCORE_AVAILABILITY_TREND_MAX: '10',
    SCORE_CONTEXT_FIT_MAX: '15',
    BANDWIDTH_AWARE_SCORING: 'true',
    QUEUE_PENALTY_BANDWIDTH_NORMALIZE: 'true',
  }),
  ...idle(placedLate, { REBALANCE_INTERVAL: '5', REBALANCE_THRESHOLD: '4', REBALANCE_MAX_PER_CYCLE: '3' }),
  PRE_WARM_THRESHOLD: { path: ['preload', 'prewarmAfterQueued'], read: asNumber },
  ...idle('a machine whose owner needs it is left alone by its capacity, for pre-warming too', { PRE_WARM_MIN_AVAILABILITY: '0.60' }),
  AUTO_PULL: { path: ['fleet', 'autoPull'], read: asFlagFor('any', 'never') },
  AUTO_PULL_TIMEOUT: { why: 'a download goes on while it makes progress', unless: isNumber(300) },
  VRAM_FALLBACK: { path: ['router', 'substitution'], read: asFlagFor('same-capability', 'never') },
  CONTEXT_PROTECTION: { path: ['context', 'protect'], read: asWord({ pin: 'pin', strip: 'strip', warn: 'warn', passthrough: 'passthrough' }) },
  STALE_TIMEOUT: { why: 'a request is given up when it makes no progress: `timeouts.idleMs` of its backend', unless: isNumber(600) },
  MAX_RETRIES: { path: ['router', 'retries'], read: asNumber },
  IMAGE_GENERATION: { path: ['media', 'images'], read: asFlag },
  TRANSCRIPTION: { path: ['media', 'transcription'], read: asFlag },
  ...idle(notServed, { VISION_EMBEDDING: 'true', EMBEDDING_USE_COREML: 'false' }),
  IMAGE_TIMEOUT: { path: ['media', 'imageTimeoutMs'], read: asSeconds },
  TRANSCRIPTION_TIMEOUT: { path: ['media', 'transcriptionTimeoutMs'], read: asSeconds },
  VISION_EMBEDDING_TIMEOUT: { path: ['media', 'imageEmbeddingTimeoutMs'], read: asSeconds },
  THINKING_OVERHEAD: { path: ['context', 'thinkingBudget', 'factor'], read: asNumber },
  THINKING_MIN_PREDICT: { path: ['context', 'thinkingBudget', 'minTokens'], read: asNumber },
  DYNAMIC_NUM_CTX: { path: ['context', 'presets', 'enabled'], read: asFlag },
  NUM_CTX_OVERRIDES: { path: ['context', 'presets', 'models'], read: asContexts, spread: true },
  NUM_CTX_AUTO_CALCULATE: { path: ['context', 'presets', 'fromUse'], read: asFlag },
  PINNED_MODELS: { path: ['preload', 'pinned'], read: asList },
  MODEL_PRELOAD_MAX_COUNT: { path: ['preload', 'maxModels'], read: asNumber },
  DISABLE_MODEL_PRELOADER: { path: ['preload', 'enabled'], read: asFlagFor(false, true) },
  ...Object.fromEntries(['', 'FLEET_'].flatMap((twice) => Object.entries(idle('no model writes briefings here', { [`${twice}INTELLIGENCE`]: 'true', [`${twice}INTELLIGENCE_MODEL`]: '' })))),
  DEBUG_REQUEST_BODIES: { path: ['telemetry', 'capture', 'keys'], read: asFlagFor(['anonymous'], []) },
  DEBUG_REQUEST_RETENTION_DAYS: { path: ['telemetry', 'capture', 'retainDays'], read: asNumber },
  LOG_LEVEL: { path: ['telemetry', 'logLevel'], read: logLevels },
  CONSOLE_LOG_LEVEL: { why: 'the log has one level: telemetry.logLevel, or FLEET_LOG_LEVEL' },
  ANTHROPIC_MODEL_MAP: { path: ['aliases'], read: asModelMap, spread: true },
  ANTHROPIC_REQUIRE_KEY: { refused: 'asks for a key on every request, and would be ignored here. Make one with `oar keys create`: it holds for every API. Then unset the variable.', lock: true, unless: isOff },
  ANTHROPIC_API_KEY: { why: 'keys are made with `oar keys create` and hold for every API' },
  ANTHROPIC_DEFAULT_MAX_TOKENS: { why: 'the client says how much it wants', unless: isNumber(4096) },
  ANTHROPIC_VISION_MODEL: { why: 'a request with pictures goes to the model it names; write an alias to a model that sees' },
  ...idle(noFixup, { ANTHROPIC_TOOL_SCHEMA_FIXUP: 'off' }),
  ANTHROPIC_TOOLS_DENY: { refused: 'keeps tools from models, and would be ignored here: requests keep the tools their client sends. Deny them in the client, then unset the variable.' },
  ...idle(noCompaction, { ANTHROPIC_AUTO_CLEAR_TOOL_USES_TRIGGER_TOKENS: '100000', ANTHROPIC_AUTO_CLEAR_TOOL_USES_KEEP_RECENT: '3', ANTHROPIC_MAX_PROMPT_TOKENS: '180000' }),
  ...idle('a request goes to the model it names, however long it is', { ANTHROPIC_SIZE_ESCALATION_TOKENS: '0', ANTHROPIC_SIZE_ESCALATION_MODEL: '' }),
  ...idle(noCompaction, {
    CONTEXT_COMPACTION_ENABLED: 'false',
    CONTEXT_COMPACTION_BUDGET_TOKENS: '20000',
    CONTEXT_COMPACTION_MODEL: 'gpt-oss:120b',
    CONTEXT_COMPACTION_PRESERVE_TURNS: '3',
    CONTEXT_COMPACTION_CURATOR_TIMEOUT_S: '60',
    CONTEXT_COMPACTION_IDLE_WINDOW_S: '120',
    CONTEXT_COMPACTION_CURATOR_MIN_PARAMS_B: '7',
    CONTEXT_COMPACTION_FORCE_TRIGGER_TOKENS: '150000',
  }),
  ...idle(mlxServers, { MLX_ENABLED: 'false', MLX_URL: 'http://localhost:11440', MLX_AUTO_START: 'false', MLX_AUTO_START_MODEL: '', MLX_KV_BITS: '0' }),
  ...idle(ownLimits, { MLX_MAX_QUEUE_DEPTH: '10', MLX_MAX_INFLIGHT_PER_MODEL: '1', MLX_RETRY_AFTER_SECONDS: '10', MLX_READ_TIMEOUT_S: '1800', MLX_WALL_CLOCK_TIMEOUT_S: '300' }),
};

const nodeNames: Readonly<Record<string, AliasName>> = {
  NODE_ID: { node: 'nodeId', read: asText },
  OLLAMA_HOST: { node: 'ollamaUrl', read: asText },
  ROUTER_URL: { node: 'routerUrl', read: asText },
  HEARTBEAT_INTERVAL: { node: 'heartbeatMs', read: asSeconds },
  ENABLE_CAPACITY_LEARNING: { path: ['fleet', 'capacity', 'learn'], read: asFlag },
  ...idle('a machine reports itself as often as FLEET_NODE_HEARTBEAT_INTERVAL or its router says', { POLL_INTERVAL: '5' }),
  DATA_DIR: { node: 'stateDir', read: asText },
  LOG_LEVEL: { node: 'logLevel', read: logLevels },
  ...idle(noPlatform, { PLATFORM_URL: '', PLATFORM_TOKEN: '', TELEMETRY_LOCAL_SUMMARY: 'false', TELEMETRY_INCLUDE_TAGS: 'false' }),
  ...idle(mlxServers, {
    MLX_ENABLED: 'false',
    MLX_SERVERS: '[]',
    MLX_BIND_HOST: '127.0.0.1',
    MLX_MEMORY_HEADROOM_GB: '10',
    MLX_URL: 'http://localhost:11440',
    MLX_AUTO_START: 'false',
    MLX_AUTO_START_MODEL: '',
    MLX_KV_BITS: '0',
    MLX_PROMPT_CACHE_SIZE: '',
    MLX_PROMPT_CACHE_BYTES: '',
    MLX_DRAFT_MODEL: '',
    MLX_NUM_DRAFT_TOKENS: '',
  }),
};

const serverList = 'names servers, which would be ignored here. Write them in the `backends` of a configuration file (`oar migrate nomyo FILE` makes one of the old file), then unset the variable.';
const foreignFile = 'names a file of another program, which this one does not read. `oar migrate nomyo FILE` turns its configuration into one of this program; then unset the variable.';

const nomyoNames: Readonly<Record<string, AliasName>> = {
  CONFIG_PATH: { refused: foreignFile },
  DB_PATH: { refused: foreignFile },
  ENDPOINTS: { refused: serverList },
  LLAMA_SERVER_ENDPOINTS: { refused: serverList },
  API_KEYS: { refused: serverList },
  API_KEY: { refused: 'locks the old router, and would be ignored here. Make a key with `oar keys create`, which is kept as a hash; then unset the variable.', lock: true },
  MAX_CONCURRENT_CONNECTIONS: { why: 'a backend says how many requests it takes at once, or its `maxConcurrent` does' },
  ENDPOINT_CONFIG: { why: 'a backend says how many requests it takes at once, or its `maxConcurrent` does' },
  PRIORITY_ROUTING: { why: 'the `priority` of a backend says which goes first among equals', unless: isOff },
  CONVERSATION_AFFINITY: { path: ['router', 'affinity', 'enabled'], read: asFlag },
  CONVERSATION_AFFINITY_TTL: { path: ['router', 'affinity', 'ttlMs'], read: asSeconds },
  CACHE_ENABLED: { path: ['cache', 'enabled'], read: asFlag },
  CACHE_BACKEND: { path: ['cache', 'backend'], read: asText },
  CACHE_SIMILARITY: { path: ['cache', 'similarity'], read: asNumber },
  CACHE_TTL: { path: ['cache', 'ttlSeconds'], read: asNumber },
  CACHE_HISTORY_WEIGHT: { path: ['cache', 'historyWeight'], read: asNumber },
  CACHE_DB_PATH: { why: 'what is kept lies at `store.path`' },
  CACHE_REDIS_URL: { path: ['store', 'url'], read: asText },
};

const withPrefix = (prefix: string, names: Readonly<Record<string, AliasName>>): readonly (readonly [string, AliasName])[] => Object.entries(names).map(([name, meaning]) => [`${prefix}${name}`, meaning]);

/** Every name that is known, in upper case. */
export const aliasNames: ReadonlyMap<string, AliasName> = new Map([...withPrefix('FLEET_', routerNames), ...withPrefix('FLEET_NODE_', nodeNames), ...withPrefix('NOMYO_ROUTER_', nomyoNames)]);
