import { describe, expect, test } from 'vitest';
import { readAliases, readNodeAliases } from './alias-environment.ts';
import { aliasNames } from './alias-names.ts';
import { interpret } from './interpret.ts';
import { formatPath } from './config-path.ts';
import { schemaAt } from './schema.ts';

const read = (env: Record<string, string>, written = '', overrides: Record<string, unknown> = {}) => interpret({ file: 'f', written, env, overrides });

/** Every name that the contract lists for the router and that has a key here, with a value in the old program's terms. */
const mapped: readonly (readonly [name: string, text: string, path: readonly string[], value: unknown])[] = [
  ['FLEET_HOST', '127.0.0.1', ['server', 'host'], '127.0.0.1'],
  ['FLEET_PORT', '11599', ['server', 'port'], 11_599],
  ['FLEET_HEARTBEAT_INTERVAL', '2.5', ['fleet', 'heartbeatMs'], 2500],
  ['FLEET_HEARTBEAT_TIMEOUT', '20.0', ['fleet', 'degradedAfterMs'], 20_000],
  ['FLEET_HEARTBEAT_OFFLINE', '45', ['fleet', 'offlineAfterMs'], 45_000],
  ['FLEET_PRE_WARM_THRESHOLD', '5', ['preload', 'prewarmAfterQueued'], 5],
  ['FLEET_AUTO_PULL', 'true', ['fleet', 'autoPull'], 'any'],
  ['FLEET_AUTO_PULL', 'false', ['fleet', 'autoPull'], 'never'],
  ['FLEET_VRAM_FALLBACK', 'True', ['router', 'substitution'], 'same-capability'],
  ['FLEET_VRAM_FALLBACK', '0', ['router', 'substitution'], 'never'],
  ['FLEET_CONTEXT_PROTECTION', 'strip', ['context', 'protect'], 'strip'],
  ['FLEET_IMAGE_GENERATION', 'false', ['media', 'images'], false],
  ['FLEET_TRANSCRIPTION', '0', ['media', 'transcription'], false],
  ['FLEET_IMAGE_TIMEOUT', '60', ['media', 'imageTimeoutMs'], 60_000],
  ['FLEET_TRANSCRIPTION_TIMEOUT', '600', ['media', 'transcriptionTimeoutMs'], 600_000],
  ['FLEET_VISION_EMBEDDING_TIMEOUT', '10', ['media', 'imageEmbeddingTimeoutMs'], 10_000],
  ['FLEET_MAX_RETRIES', '4', ['router', 'retries'], 4],
  ['FLEET_THINKING_OVERHEAD', '3.5', ['context', 'thinkingBudget', 'factor'], 3.5],
  ['FLEET_THINKING_MIN_PREDICT', '2048', ['context', 'thinkingBudget', 'minTokens'], 2048],
  ['FLEET_PINNED_MODELS', 'qwen3:8b, llama3.2:3b,', ['preload', 'pinned'], ['qwen3:8b', 'llama3.2:3b']],
  ['FLEET_DEBUG_REQUEST_BODIES', 'yes', ['telemetry', 'capture', 'keys'], ['anonymous']], ['FLEET_DEBUG_REQUEST_RETENTION_DAYS', '3', ['telemetry', 'capture', 'retainDays'], 3],
  ['FLEET_LOG_LEVEL', 'WARNING', ['telemetry', 'logLevel'], 'warn'],
  ['FLEET_ANTHROPIC_MODEL_MAP', '{"default":"qwen3:32b","claude-haiku-4-5":"qwen3:14b"}', ['aliases'], { 'claude-*': 'qwen3:32b', 'claude-haiku-4-5': 'qwen3:14b' }],
  ['FLEET_NODE_ENABLE_CAPACITY_LEARNING', 'true', ['fleet', 'capacity', 'learn'], true],
  ['FLEET_DYNAMIC_NUM_CTX', 'true', ['context', 'presets', 'enabled'], true],
  ['FLEET_NUM_CTX_OVERRIDES', '{"qwen3:32b":16384}', ['context', 'presets', 'models'], { 'qwen3:32b': 16_384 }],
  ['FLEET_NUM_CTX_AUTO_CALCULATE', 'true', ['context', 'presets', 'fromUse'], true],
  ['FLEET_MODEL_PRELOAD_MAX_COUNT', '5', ['preload', 'maxModels'], 5],
  ['FLEET_DISABLE_MODEL_PRELOADER', 'true', ['preload', 'enabled'], false],
  ['NOMYO_ROUTER_CONVERSATION_AFFINITY', 'false', ['router', 'affinity', 'enabled'], false],
  ['NOMYO_ROUTER_CONVERSATION_AFFINITY_TTL', '120', ['router', 'affinity', 'ttlMs'], 120_000],
  ['NOMYO_ROUTER_CACHE_ENABLED', 'true', ['cache', 'enabled'], true],
  ['NOMYO_ROUTER_CACHE_BACKEND', 'memory', ['cache', 'backend'], 'memory'],
  ['NOMYO_ROUTER_CACHE_SIMILARITY', '0.9', ['cache', 'similarity'], 0.9],
  ['NOMYO_ROUTER_CACHE_TTL', '60', ['cache', 'ttlSeconds'], 60],
  ['NOMYO_ROUTER_CACHE_HISTORY_WEIGHT', '0.5', ['cache', 'historyWeight'], 0.5],
  ['NOMYO_ROUTER_CACHE_REDIS_URL', 'redis://127.0.0.1:6379/0', ['store', 'url'], 'redis://127.0.0.1:6379/0'],
];

/** The rest of contract part 1.2, without their prefixes, each with its old default. */
const idleForRouter = Object.entries({
  MDNS_SERVICE_TYPE: '_fleet-manager._tcp.local.', MDNS_SERVICE_NAME: 'Fleet Manager Router', SCORE_MODEL_HOT: '50', SCORE_MODEL_WARM: '30.0', SCORE_MODEL_COLD: '10', SCORE_MEMORY_FIT_MAX: '20',
  SCORE_QUEUE_DEPTH_MAX_PENALTY: '30', SCORE_QUEUE_DEPTH_PENALTY_PER: '6', SCORE_WAIT_TIME_MAX_PENALTY: '25', SCORE_ROLE_AFFINITY_MAX: '15', SCORE_ROLE_LARGE_THRESHOLD_GB: '20', SCORE_ROLE_SMALL_THRESHOLD_GB: '8',
  SCORE_AVAILABILITY_TREND_MAX: '10', SCORE_CONTEXT_FIT_MAX: '15', BANDWIDTH_AWARE_SCORING: 'true', QUEUE_PENALTY_BANDWIDTH_NORMALIZE: 'true', REBALANCE_INTERVAL: '5', REBALANCE_THRESHOLD: '4', REBALANCE_MAX_PER_CYCLE: '3',
  PRE_WARM_MIN_AVAILABILITY: '0.60', AUTO_PULL_TIMEOUT: '300', STALE_TIMEOUT: '600', VISION_EMBEDDING: 'true',
  EMBEDDING_USE_COREML: 'false', FLEET_INTELLIGENCE: 'true',
  ANTHROPIC_DEFAULT_MAX_TOKENS: '4096', ANTHROPIC_AUTO_CLEAR_TOOL_USES_TRIGGER_TOKENS: '100000', ANTHROPIC_AUTO_CLEAR_TOOL_USES_KEEP_RECENT: '3',
  ANTHROPIC_SIZE_ESCALATION_TOKENS: '0', ANTHROPIC_MAX_PROMPT_TOKENS: '180000', CONTEXT_COMPACTION_ENABLED: 'false', CONTEXT_COMPACTION_BUDGET_TOKENS: '20000', CONTEXT_COMPACTION_MODEL: 'gpt-oss:120b',
  CONTEXT_COMPACTION_PRESERVE_TURNS: '3', CONTEXT_COMPACTION_CURATOR_TIMEOUT_S: '60', CONTEXT_COMPACTION_IDLE_WINDOW_S: '120', CONTEXT_COMPACTION_CURATOR_MIN_PARAMS_B: '7', CONTEXT_COMPACTION_FORCE_TRIGGER_TOKENS: '150000',
  MLX_ENABLED: 'false', MLX_URL: 'http://localhost:11440', MLX_MAX_QUEUE_DEPTH: '10', MLX_MAX_INFLIGHT_PER_MODEL: '1', MLX_RETRY_AFTER_SECONDS: '10', MLX_READ_TIMEOUT_S: '1800', MLX_WALL_CLOCK_TIMEOUT_S: '300',
});
/** These never change what is done here, whatever they say. */
const alwaysIdle = ['FLEET_DATA_DIR', 'FLEET_CONSOLE_LOG_LEVEL', 'FLEET_ANTHROPIC_API_KEY', 'FLEET_ANTHROPIC_VISION_MODEL', 'FLEET_ANTHROPIC_SIZE_ESCALATION_MODEL', 'FLEET_FLEET_INTELLIGENCE_MODEL', 'FLEET_INTELLIGENCE_MODEL', 'FLEET_MLX_KV_BITS', 'FLEET_MLX_AUTO_START_MODEL', 'FLEET_NODE_POLL_INTERVAL', 'FLEET_NODE_PLATFORM_URL', 'FLEET_NODE_PLATFORM_TOKEN', 'FLEET_NODE_MLX_SERVERS', 'FLEET_NODE_MLX_DRAFT_MODEL', 'FLEET_NODE_MLX_PROMPT_CACHE_SIZE', 'NOMYO_ROUTER_MAX_CONCURRENT_CONNECTIONS', 'NOMYO_ROUTER_CACHE_DB_PATH'];
const idleFlags = ['FLEET_ANTHROPIC_TOOL_SCHEMA_FIXUP', 'FLEET_NODE_TELEMETRY_LOCAL_SUMMARY', 'FLEET_NODE_TELEMETRY_INCLUDE_TAGS', 'FLEET_NODE_MLX_ENABLED', 'FLEET_NODE_MLX_BIND_HOST', 'FLEET_NODE_MLX_MEMORY_HEADROOM_GB', 'NOMYO_ROUTER_PRIORITY_ROUTING'];
const refused: readonly (readonly [string, string])[] = [
  ['FLEET_ENV_FILE', 'oar migrate herd'],
  ['FLEET_ANTHROPIC_REQUIRE_KEY', 'oar keys create'],
  ['FLEET_ANTHROPIC_TOOLS_DENY', 'tools'],
  ['NOMYO_ROUTER_CONFIG_PATH', 'oar migrate nomyo'],
  ['NOMYO_ROUTER_DB_PATH', 'oar migrate nomyo'],
  ['NOMYO_ROUTER_ENDPOINTS', 'backends'],
  ['NOMYO_ROUTER_LLAMA_SERVER_ENDPOINTS', 'backends'],
  ['NOMYO_ROUTER_API_KEYS', 'backends'],
  ['NOMYO_ROUTER_API_KEY', 'oar keys create'],
];
const forNodes = ['FLEET_NODE_NODE_ID', 'FLEET_NODE_OLLAMA_HOST', 'FLEET_NODE_ROUTER_URL', 'FLEET_NODE_HEARTBEAT_INTERVAL', 'FLEET_NODE_DATA_DIR', 'FLEET_NODE_LOG_LEVEL'];

describe('a name with a key here', () => {
  test.each(mapped)('%s=%s', (name, text, path, value) => {
    const { config, problems, warnings } = read({ [name]: text });
    expect(problems).toEqual([]);
    if (schemaAt(path) === null) {
      // The key is still to come: whatever asks for something is told so.
      expect(warnings).toEqual(value === false || value === 'never' ? [] : [expect.stringContaining(`${formatPath(path)} is not in this version yet`)]);
      return;
    }
    expect(path.reduce<unknown>((section, key) => (section as Record<string, unknown>)[key], config)).toEqual(value);
    expect(warnings).toEqual([]);
  });

  test('a flag, OAR_* and the file go before it, each alone', () => {
    const names = { FLEET_PORT: '1', FLEET_HOST: '127.0.0.9' };
    expect(read(names).config?.server).toMatchObject({ port: 1, host: '127.0.0.9' });
    expect(read(names, 'server: {port: 2}').config?.server).toMatchObject({ port: 2, host: '127.0.0.9' });
    expect(read({ ...names, OAR_SERVER__PORT: '3' }, 'server: {port: 2}').config?.server.port).toBe(3);
    expect(read({ ...names, OAR_SERVER__PORT: '3' }, 'server: {port: 2}', { 'server.port': 4 }).config?.server.port).toBe(4);
  });

  test('aliases of the file stay beside those of the model map', () => {
    const { config } = read({ FLEET_ANTHROPIC_MODEL_MAP: '{"default":"a:1b","claude-x":"b:1b"}' }, 'aliases: {claude-x: mine, gpt: other}');
    expect(config?.aliases).toEqual({ 'claude-x': 'mine', gpt: 'other', 'claude-*': 'a:1b' });
  });

  test.each([
    ['FLEET_AUTO_PULL', 'maybe', 'true or false'],
    ['FLEET_PORT', 'high', 'a number'],
    ['FLEET_HEARTBEAT_TIMEOUT', '-5', 'seconds'],
    ['FLEET_HEARTBEAT_TIMEOUT', '5s', 'seconds'],
    ['FLEET_LOG_LEVEL', 'loud', 'one of DEBUG'],
    ['FLEET_CONTEXT_PROTECTION', 'none', 'one of pin, strip'],
    ['FLEET_ANTHROPIC_MODEL_MAP', 'qwen3', 'JSON'],
    ['FLEET_NUM_CTX_OVERRIDES', '[8192]', 'JSON'],
    ['FLEET_ANTHROPIC_MODEL_MAP', '["a"]', 'JSON'],
    ['FLEET_MAX_RETRIES', '-1', '0 or more'],
    ['FLEET_PORT', '70000', '65535'],
  ])('%s=%s is an error that names it', (name, text, words) => {
    const { config, problems } = read({ [name]: text });
    expect(config).toBeNull();
    expect(problems).toEqual([{ where: name, message: expect.stringContaining(words) as string }]);
  });

  test('what Kubernetes sets for a service called fleet is not ours', () => {
    const { config, problems, warnings } = read({ FLEET_PORT: 'tcp://10.0.0.1:80', FLEET_SERVICE_HOST: '10.0.0.1', FLEET_TOKEN: 'x', FLEET_MYSQL_ADDRESS: 'db' });
    expect([config?.server.port, problems, warnings]).toEqual([11_435, [], []]);
  });
});

describe('a name without a key here', () => {
  test.each(idleForRouter)('FLEET_%s says nothing at %s, and is told of otherwise', (name, usual) => {
    expect(read({ [`FLEET_${name}`]: usual }).warnings).toEqual([]);
    const [warning, ...more] = read({ [`FLEET_${name}`]: usual === 'true' ? 'false' : usual === 'false' ? 'true' : '77' }).warnings;
    expect(warning).toMatch(new RegExp(`^FLEET_${name} sets nothing here: .{10,}\\.$`));
    expect(more).toEqual([]);
  });

  test.each([...alwaysIdle, ...idleFlags])('%s gives one warning', (name) => {
    const { warnings, problems } = read({ [name]: 'true' });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${name} sets nothing here: `))]);
  });

  test('names with one reason share one line', () => {
    expect(read({ FLEET_SCORE_MODEL_HOT: '60', FLEET_SCORE_MODEL_COLD: '5' }).warnings).toEqual([expect.stringMatching(/^FLEET_SCORE_MODEL_COLD, FLEET_SCORE_MODEL_HOT set nothing here: /)]);
  });

  test('a slip of the keyboard is told', () => {
    expect(read({ FLEET_HEARTBEAT_TIMEUOT: '5', FLEET_NODE_ROUTER_UR: 'http://h' }).warnings).toEqual(['FLEET_HEARTBEAT_TIMEUOT is not known. Did you mean FLEET_HEARTBEAT_TIMEOUT?', 'FLEET_NODE_ROUTER_UR is not known. Did you mean FLEET_NODE_ROUTER_URL?']);
  });
});

describe('a name that does harm when it is ignored', () => {
  test.each(refused)('%s is an error that says what to do', (name, words) => {
    const { config, problems } = read({ [name]: name.endsWith('REQUIRE_KEY') ? 'true' : 'some-value-of-it' });
    expect(config).toBeNull();
    expect(problems).toEqual([{ where: name, message: expect.stringContaining(words) as string }]);
    expect(problems[0]?.message).not.toContain('some-value-of-it');
  });

  test('a lock that is not asked for, or that the file has, is no error', () => {
    expect(read({ FLEET_ANTHROPIC_REQUIRE_KEY: 'false' }).problems).toEqual([]);
    const locked = readAliases({ NOMYO_ROUTER_API_KEY: 'x' }, true);
    expect([locked.problems, locked.warnings.length]).toEqual([[], 1]);
  });
});

test('what is for the node is read for it alone', () => {
  const env = { FLEET_NODE_NODE_ID: 'studio', FLEET_NODE_OLLAMA_HOST: 'http://127.0.0.1:11500', FLEET_NODE_ROUTER_URL: 'http://router:11435', FLEET_NODE_HEARTBEAT_INTERVAL: '2', FLEET_NODE_DATA_DIR: '/var/lib/oar', FLEET_NODE_LOG_LEVEL: 'WARNING' };
  expect(readNodeAliases(env)).toEqual({ aliases: { nodeId: 'studio', ollamaUrl: 'http://127.0.0.1:11500', routerUrl: 'http://router:11435', heartbeatMs: 2000, stateDir: '/var/lib/oar', logLevel: 'warn' }, problems: [] });
  expect(readNodeAliases({ FLEET_NODE_HEARTBEAT_INTERVAL: 'often' }).problems).toEqual([{ where: 'FLEET_NODE_HEARTBEAT_INTERVAL', message: expect.stringContaining('seconds') as string }]);
  expect(readAliases(env, false)).toEqual({ settings: [], problems: [], warnings: [] });
});

test('no name is without a test', () => {
  const tested = new Set([...mapped.map(([name]) => name), ...idleForRouter.map(([name]) => `FLEET_${name}`), ...alwaysIdle, ...idleFlags, ...refused.map(([name]) => name), ...forNodes]);
  const sameAsAnother = new Set(['FLEET_INTELLIGENCE', 'FLEET_MLX_AUTO_START', 'FLEET_NODE_MLX_URL', 'FLEET_NODE_MLX_AUTO_START', 'FLEET_NODE_MLX_AUTO_START_MODEL', 'FLEET_NODE_MLX_KV_BITS', 'FLEET_NODE_MLX_PROMPT_CACHE_BYTES', 'FLEET_NODE_MLX_NUM_DRAFT_TOKENS', 'NOMYO_ROUTER_ENDPOINT_CONFIG']);
  expect([...aliasNames.keys()].filter((name) => !tested.has(name) && !sameAsAnother.has(name))).toEqual([]);
  expect([...tested].filter((name) => !aliasNames.has(name))).toEqual([]);
});
