/** Every key: what is accepted, what it is by default, and what a wrong value is answered with. */
import { expect, test } from 'vitest';
import { interpret } from './interpret.ts';
import { type SchemaNode, schemaTree } from './schema.ts';
import { valueAt } from './config-path.ts';

const none = undefined;
const text = 'a text that is not empty';
const count = 'a whole number, 0 or more';
const positive = 'a whole number, 1 or more';
const yesOrNo = 'true or false';
const list = 'a list of texts';
const size = 'a size such as 8mb';
const address = 'http:// or https://';
const path = 'a path';

/** Key, a value that is accepted, what it becomes, the default, a wrong value, and words of the answer. */
const keys: readonly (readonly [string, unknown, unknown, unknown, unknown, string])[] = [
  ['server.nodeId', 'gex44-a.b', 'gex44-a.b', 'local', 'a_b', 'letters, digits, dots and dashes'],
  ['server.host', '0.0.0.0', '0.0.0.0', '127.0.0.1', '', text],
  ['server.port', 8080, 8080, 11435, 65536, 'from 0 to 65535, not 65536'],
  ['server.basePath', 'oar-x/y/', '/oar-x/y', '/', 'a b', 'a path such as /'],
  ['server.requestBodyLimit', '512kb', 524_288, 8_388_608, 'lots', size],
  ['server.holdHeadMs', 0, 0, 15_000, -1, count],
  ['server.https.enabled', false, false, false, 'yes', yesOrNo],
  ['server.https.certPath', '/c.pem', '/c.pem', none, 5, path],
  ['server.https.keyPath', '/k.pem', '/k.pem', none, 5, path],
  ['server.https.caPath', '/a.pem', '/a.pem', none, 5, path],
  ['ollama.baseUrl', 'https://h/proxy/ollama', 'https://h/proxy/ollama', 'http://127.0.0.1:11434', 'ftp://h', address],
  ['ollama.openAiCompatiblePath', '/x', '/x', '/v1/chat/completions', '', text],
  ['ollama.nativeApiBasePath', '/x', '/x', '/api', '', text],
  ['ollama.keepAlive', '1h30m', '1h30m', none, 'long', 'a duration such as 5m'],
  ['ollama.requestTimeoutMs', 1, 1, none, 0, positive],
  ['backends[].id', 'a_b.c-d', 'a_b.c-d', none, 'a b', 'letters, digits, dots, dashes and underscores'],
  ['backends[].kind', 'openai', 'openai', none, 'olama', 'Did you mean ollama?'],
  ['backends[].url', 'http://h:1/v1', 'http://h:1/v1', none, 'h:1', address],
  ['backends[].apiKey', 'k', 'k', none, 7, text],
  ['backends[].headers', { 'x-a': 'b' }, { 'x-a': 'b' }, none, 'x', 'a section of names and values'],
  ['backends[].maxConcurrent', 3, 3, none, 0, positive],
  ['backends[].priority', -1.5, -1.5, 0, 'high', 'a number'],
  ['backends[].tags', ['gpu'], ['gpu'], [], 'gpu', 'Write [gpu]'],
  ['backends[].models', ['m'], ['m'], [], 'm', list],
  ['backends[].capabilities', { m: ['image'] }, { m: ['image'] }, none, 'paint', 'a section of names and values'],
  ['backends[].timeouts.connectMs', 0, 0, 2000, -1, count],
  ['backends[].timeouts.firstByteMs', 5, 5, 300_000, 1.5, count],
  ['backends[].timeouts.idleMs', 5, 5, 120_000, '5', 'Write 5 without quotes'],
  ['backends[].timeouts.totalMs', 5, 5, 0, true, count],
  ['models[].name', 'm:latest', 'm:latest', none, '', text],
  ['models[].sizeGb', 4.7, 4.7, none, 0, 'a number above 0'],
  ['models[].purpose', ['triage'], ['triage'], [], 'triage', 'Write [triage]'],
  ['models[].tags', ['code'], ['code'], [], [5], 'a text'],
  ['models[].priority', -5, -5, 50, 'high', 'a number'],
  ['models[].maxConcurrent', 2, 2, none, 0, positive],
  ['models[].defaultContext', 4096, 4096, none, 1.5, positive],
  ['models[].maxContext', 8192, 8192, none, -1, positive],
  ['models[].timeoutMs', 90_000, 90_000, none, 0, positive],
  ['models[].costClass', 'high', 'high', 'medium', 'hihg', 'Did you mean high?'],
  ['models[].exclusive', true, true, false, 'true', 'Write true without quotes'],
  ['models[].allowWhenBusy', true, true, false, 1, yesOrNo],
  ['routes', { my_task: ['m'] }, { my_task: ['m'] }, none, ['m'], 'a section of names and values'],
  ['aliases', { 'claude-*': 'm' }, { 'claude-*': 'm' }, {}, 'm', 'a section of names and values'],
  ['router.defaultMode', 'async', 'async', 'auto', 'later', 'one of auto, sync, async'],
  ['router.syncMaxQueueTimeMs', 0, 0, 250, -1, count],
  ['router.heavyLoadQueueDepth', 0, 0, 4, 1.5, count],
  ['router.heavyLoadGpuFreeMbThreshold', 2048, 2048, 1024, -1, count],
  ['router.defaultTaskType', 'triage', 'triage', 'unknown', 'chat', 'one of triage, simple_chat'],
  ['router.classification.mode', 'model', 'model', 'heuristic', 'ai', 'one of heuristic, model'],
  ['router.classification.optionalClassifierModel', 'm', 'm', none, 5, 'Write "5" in quotes'],
  ['router.classification.classifierTimeoutMs', 1, 1, 1500, 0, positive],
  ['router.placement', 'least-busy', 'least-busy', 'adaptive', 'random', 'one of adaptive, signals, least-busy'],
  ['router.substitution', 'any', 'any', 'never', 'always', 'one of never, same-capability, any'],
  ['router.holdMs', 0, 0, 30_000, -1, count],
  ['router.retries', 0, 0, 2, -1, count],
  ['router.affinity.enabled', false, false, true, 'yes', yesOrNo],
  ['router.affinity.ttlMs', 1, 1, 300_000, 0, positive],
  ['router.breaker.failures', 1, 1, 3, 0, positive],
  ['router.breaker.openMs', 1, 1, 10_000, 0, positive],
  ['fleet.discovery.mdns', false, false, true, 'no', yesOrNo],
  ['fleet.discovery.browse', false, false, true, 'no', yesOrNo],
  ['fleet.enrolToken', 'sixteen-letters-or-more', 'sixteen-letters-or-more', none, '', 'a text that is not empty'],
  ['fleet.heartbeatMs', 1, 1, 5000, 0, positive],
  ['fleet.degradedAfterMs', 6000, 6000, 15_000, 0, positive],
  ['fleet.offlineAfterMs', 16_000, 16_000, 30_000, 0, positive],
  ['fleet.forgetAfterMs', 31_000, 31_000, 86_400_000, 0, positive],
  ['fleet.allowOtherHosts', true, true, false, 'yes', yesOrNo],
  ['fleet.capacity.learn', true, true, false, 'yes', yesOrNo],
  ['fleet.restartOllama', true, true, false, 'yes', yesOrNo],
  ['context.overflow', 'trim', 'trim', 'reject', 'cut', 'one of reject, trim'],
  ['preload.enabled', false, false, true, 'no', yesOrNo],
  ['preload.pinned', ['m'], ['m'], [], 'm', list],
  ['preload.maxModels', 0, 0, 3, -1, count],
  ['preload.prewarmAfterQueued', 0, 0, 3, -1, count],
  ['fleet.autoPull', 'any', 'any', 'never', 'always', 'one of never, admin, any'],
  ['context.presets.enabled', true, true, false, 'no', yesOrNo],
  ['context.presets.fromUse', true, true, false, 'no', yesOrNo],
  ['context.presets.models', { m: 8192 }, { m: 8192 }, {}, 'm', 'a section of names and values'],
  ['context.protect', 'strip', 'strip', 'pin', 'no', 'one of pin, strip, warn, passthrough'],
  ['context.thinkingBudget.factor', 2.5, 2.5, 4, 'high', 'a number'],
  ['context.thinkingBudget.minTokens', 0, 0, 1024, -1, count],
  ['context.stablePrefix', false, false, true, 'no', yesOrNo],
  ['media.allowedHosts', ['h'], ['h'], [], 'h', list],
  ['media.maxBytes', '1mb', 1_048_576, 10_485_760, 'lots', size],
  ['media.timeoutMs', 1, 1, 10_000, 0, positive],
  ['media.maxRecordingBytes', '1mb', 1_048_576, 67_108_864, 'lots', size],
  ['media.images', false, false, true, 'no', yesOrNo],
  ['media.transcription', false, false, true, 'no', yesOrNo],
  ['media.imageTimeoutMs', 1, 1, 120_000, 0, positive],
  ['media.transcriptionTimeoutMs', 1, 1, 300_000, 0, positive],
  ['media.imageEmbeddingTimeoutMs', 1, 1, 30_000, 0, positive],
  ['responses.ttlSeconds', 1, 1, 2_592_000, 0, positive],
  ['responses.maxStored', 1, 1, 10_000, 0, positive],
  ['queue.globalMaxConcurrent', 3, 3, none, 0, positive],
  ['queue.globalMaxQueued', 0, 0, 100, -1, count],
  ['queue.perUserMaxQueued', 0, 0, none, -1, count],
  ['queue.defaultPriority', 'high', 'high', 'normal', 'urgent', 'one of low, normal, high'],
  ['queue.timeoutMs', 1, 1, none, 0, positive],
  ['jobs.store', 'memory', 'memory', none, 'disk', 'one of memory, sqlite'],
  ['jobs.path', '/j.db', '/j.db', none, 5, path],
  ['jobs.resultTtlSeconds', 1, 1, 86_400, 0, positive],
  ['jobs.maxAttempts', 1, 1, 2, 0, positive],
  ['jobs.cleanupIntervalMs', 1, 1, 60_000, 0, positive],
  ['jobs.maxRetainedJobs', 1, 1, 10_000, 0, positive],
  ['jobs.maxRetainedBytes', '1gb', 1_073_741_824, 536_870_912, -1, size],
  ['store.kind', 'memory', 'memory', 'sqlite', 'postgres', 'one of sqlite, memory'],
  ['store.path', '/r.db', '/r.db', '~/.local/share/ollama-agent-router/router.db', 5, path],
  ['gpu.provider', 'nvidia', 'nvidia', none, 'intel', 'one of none, nvidia'],
  ['gpu.name', 'RTX', 'RTX', none, 4000, text],
  ['gpu.vramTotalMb', 0, 0, none, -1, 'a number, 0 or more'],
  ['gpu.vramSafetyReserveMb', 0.5, 0.5, 1024, '1024', 'Write 1024 without quotes'],
  ['gpu.maxGpuUtilizationPct', 1, 1, 100, 101, 'a number from 1 to 100'],
  ['gpu.requireGpuOnlyByDefault', true, true, false, 'on', yesOrNo],
  ['gpu.monitor.enabled', false, false, true, 0, yesOrNo],
  ['gpu.monitor.intervalMs', 1, 1, 5000, 0, positive],
  ['gpu.monitor.nvidiaSmiPath', '/usr/bin/nvidia-smi', '/usr/bin/nvidia-smi', 'nvidia-smi', '', path],
  ['telemetry.capture.keys', ['a'], ['a'], [], 'a', list],
  ['telemetry.capture.maxBytes', '1mb', 1_048_576, 268_435_456, 'lots', size],
  ['telemetry.capture.redact', ['a+'], ['a+'], [], ['('], 'a regular expression'],
  ['telemetry.capture.retainDays', 1, 1, 7, 0, positive],
  ['telemetry.logDir', '/l', '/l', '~/.local/share/ollama-agent-router/logs', 5, path],
  ['telemetry.logLevel', 'silent', 'silent', 'info', 'verbose', 'one of debug, info, warn, error, silent'],
  ['dashboard.enabled', false, false, true, 'x', 'true or false'],
  ['telemetry.otlp.endpoint', 'http://h:4318', 'http://h:4318', none, 'h:4318', 'an address that begins with http:// or https://'],
  ['telemetry.otlp.headers', { 'x-a': 'b' }, { 'x-a': 'b' }, {}, 'x', 'a section of names and values'],
  ['telemetry.otlp.serviceName', 'home', 'home', 'ollama-agent-router', '', 'a text that is not empty'],
  ['telemetry.traces.maxRows', 500, 500, 1_000_000, 0, '1 or more'],
  ['telemetry.traces.retainDays', 7, 7, 30, 0, '1 or more'],
  ['access.managedConfigPath', './a.yaml', './a.yaml', none, 5, path],
  ['access.bootstrapIfMissing', false, false, true, 'no', yesOrNo],
  ['access.managed.version', 0, 0, 1, -1, count],
  ['access.managed.updatedAt', '2026-05-01T12:00:00Z', '2026-05-01T12:00:00Z', none, 'yesterday', 'a date and time'],
  ['access.managed.planes.standalone.enabled', false, false, true, 'no', yesOrNo],
  ['access.managed.planes.standalone.auth.requireApiKey', true, true, false, 'no', yesOrNo],
  ['access.managed.planes.standalone.auth.anonymous', 'limited', 'limited', 'allow', 'maybe', 'one of allow, reject, limited'],
  ['access.managed.planes.standalone.defaultLimit.requests', 60, 60, none, 0, positive],
  ['access.managed.planes.standalone.defaultLimit.windowSeconds', 60, 60, none, 0, positive],
  ['access.managed.planes.runtimeAgent.enabled', false, false, true, 'no', yesOrNo],
  ['access.managed.planes.runtimeAgent.auth.requireApiKey', true, true, false, 'no', yesOrNo],
  ['access.managed.planes.runtimeAgent.auth.anonymous', 'reject', 'reject', 'allow', 'maybe', 'one of allow, reject, limited'],
  ['access.managed.planes.runtimeAgent.defaultLimit.requests', 60, 60, none, 0, positive],
  ['access.managed.planes.runtimeAgent.defaultLimit.windowSeconds', 60, 60, none, 0, positive],
  ['access.managed.apiKeys[].id', 'a:b.c_d-e', 'a:b.c_d-e', none, 'a b', 'letters, digits and the characters'],
  ['access.managed.apiKeys[].name', 'Alice', 'Alice', none, 5, text],
  ['access.managed.apiKeys[].keyHash', `sha256:${'aB'.repeat(32)}`, `sha256:${'aB'.repeat(32)}`, none, 'sha256:abc', '64 hexadecimal digits'],
  ['access.managed.apiKeys[].enabled', false, false, true, 'no', yesOrNo],
  ['access.managed.apiKeys[].scopes', ['standalone', 'runtimeAgent'], ['standalone', 'runtimeAgent'], none, [], 'at least one of standalone, runtimeAgent'],
  ['access.managed.apiKeys[].limits.standalone.requests', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.standalone.windowSeconds', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.runtimeAgent.requests', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.runtimeAgent.windowSeconds', 5, 5, none, 0, positive],
  ['access.admin.enabled', false, false, false, 'no', yesOrNo],
  ['access.admin.auditLog', false, false, true, 'no', yesOrNo],
  ['access.admin.trustedProxy', true, ['127.0.0.0/8', '::1'], [], 'no', 'a list of addresses and ranges'],
  ['access.allowOpenNetwork', true, true, false, 'no', yesOrNo],
  ['access.managed.planes.standalone.auth.loopback', 'open', 'open', 'key', 'yes', 'one of open, key'],
  ['access.managed.planes.runtimeAgent.auth.loopback', 'open', 'open', 'key', 'yes', 'one of open, key'],
  ['access.managed.planes.standalone.requireClientCert', false, false, false, 'no', yesOrNo],
  ['access.managed.planes.runtimeAgent.requireClientCert', false, false, false, 'no', yesOrNo],
  ['access.managed.planes.standalone.defaultLimit.tokens', 5, 5, none, 0, positive],
  ['access.managed.planes.standalone.defaultLimit.concurrent', 5, 5, none, 0, positive],
  ['access.managed.planes.runtimeAgent.defaultLimit.tokens', 5, 5, none, 0, positive],
  ['access.managed.planes.runtimeAgent.defaultLimit.concurrent', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].expiresAt', '2027-01-31T00:00:00Z', '2027-01-31T00:00:00Z', none, 'soon', 'a date and time'],
  ['access.managed.apiKeys[].models', ['small*'], ['small*'], none, 'small', 'Write [small]'],
  ['access.managed.apiKeys[].maxPriority', 'low', 'low', none, 'lowest', 'one of low, normal, high'],
  ['access.managed.apiKeys[].limits.standalone.tokens', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.standalone.concurrent', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.runtimeAgent.tokens', 5, 5, none, 0, positive],
  ['access.managed.apiKeys[].limits.runtimeAgent.concurrent', 5, 5, none, 0, positive],
  ['server.cors.origins', ['https://a'], ['https://a'], [], 'https://a', list],
  ['access.admin.allowedIps', ['10.0.0.0/8'], ['10.0.0.0/8'], ['127.0.0.1', '::1'], '10.0.0.1', 'Write [10.0.0.1]'],
  ['access.admin.apiKeyHashes', [`sha256:${'0'.repeat(64)}`], [`sha256:${'0'.repeat(64)}`], [], 'sha256:x', list],
  ['access.admin.clientCert.required', false, false, false, 'no', yesOrNo],
  ['access.admin.clientCert.allowedFingerprints', ['aa'], ['aa'], [], 'aa', list],
  ['access.admin.clientCert.allowedSubjects', ['CN=a'], ['CN=a'], [], 'CN=a', list],
];

/** What an item of a list needs beside the key that is looked at. */
const neighbours: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'models[]': { name: 'm' },
  'backends[]': { id: 'b', kind: 'ollama', url: 'http://h' },
  'access.managed.apiKeys[]': { id: 'k', keyHash: `sha256:${'1'.repeat(64)}`, scopes: ['standalone'] },
};

const partners: Readonly<Record<string, string>> = { requests: 'windowSeconds', windowSeconds: 'requests' };
const twoPartners = new Set(['tokens', 'concurrent']);

/** A file with this key alone, and where its value stands. */
function fileWith(key: string, value: unknown): { written: string; line: number; column: number } {
  const lines: string[] = [];
  let indent = '';
  const steps = key.split('.');
  for (const [index, step] of steps.slice(0, -1).entries()) {
    lines.push(`${indent}${step.replace('[]', '')}:`);
    indent += '  ';
    const others = Object.entries(neighbours[steps.slice(0, index + 1).join('.')] ?? {}).filter(([name]) => name !== steps[index + 1]);
    if (!step.endsWith('[]')) continue;
    lines.push(...others.map(([name, other], at) => `${indent}${at === 0 ? '- ' : '  '}${name}: ${JSON.stringify(other)}`));
    if (others.length === 0) lines.push(`${indent}- priority: 1`);
    indent += '  ';
  }
  const last = steps.at(-1) ?? '';
  if (partners[last] !== undefined) lines.push(`${indent}${partners[last]}: 9`);
  if (twoPartners.has(last)) lines.push(`${indent}requests: 9`, `${indent}windowSeconds: 9`);
  const before = `${indent}${last}: `;
  lines.push(before + JSON.stringify(value));
  return { written: `${lines.join('\n')}\n`, line: lines.length, column: before.length + 1 };
}

function read(written: string) {
  return interpret({ file: 'oar.yaml', written, env: {}, overrides: {} });
}

const placeOf = (key: string): (string | number)[] => key.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), 0] : [step]));

test.each(keys)('%s accepts what it should', (key, accepted, becomes) => {
  const { config, problems } = read(fileWith(key, accepted).written);
  expect(problems).toEqual([]);
  expect(valueAt(config, placeOf(key))).toEqual(becomes);
});

test.each(keys)('%s is fine as null, and then has its default', (key, _accepted, _becomes, usual) => {
  const { config, problems } = read(fileWith(key, null).written);
  const required = new Set(['models[].name', 'backends[].id', 'backends[].kind', 'backends[].url', 'access.managed.apiKeys[].id', 'access.managed.apiKeys[].keyHash', 'access.managed.apiKeys[].scopes']);
  if (required.has(key) || key.split('.').at(-1) === 'requests' || key.split('.').at(-1) === 'windowSeconds') {
    expect(problems.map(({ message }) => message).join()).toContain('is missing');
    return;
  }
  expect(problems).toEqual([]);
  expect(valueAt(config, placeOf(key))).toEqual(usual);
});

test.each(keys)('%s says where a wrong value stands and what belongs there', (key, _accepted, _becomes, _usual, wrong, words) => {
  const { written, line, column } = fileWith(key, wrong);
  const { config, problems } = read(written);
  expect(config).toBeNull();
  expect(problems).toHaveLength(1);
  // A list that holds a wrong item is pointed at inside.
  const where = Array.isArray(wrong) && wrong.length > 0 && key !== 'routes' ? `oar.yaml:${line}:${column + 1}` : `oar.yaml:${line}:${column}`;
  expect(problems[0]?.where).toBe(where);
  expect(problems[0]?.message).toContain(key.replaceAll('[]', '[0]'));
  expect(problems[0]?.message).toContain(words);
});

test('the table names every key of the schema', () => {
  const leaves = (node: SchemaNode, prefix: string): string[] =>
    Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      if (child.items?.properties !== undefined) return leaves(child.items, `${key}[]`);
      return child.properties === undefined ? [key] : leaves(child, key);
    });
  expect(keys.map(([key]) => key).sort()).toEqual(leaves(schemaTree(), '').sort());
});

test('every key is described', () => {
  const bare = (node: SchemaNode, path: string): string[] => Object.entries((node.items ?? node).properties ?? {}).flatMap(([name, child]) => [...(child.description || child.properties ? [] : [`${path}.${name}`]), ...bare(child, `${path}.${name}`)]);
  expect(bare(schemaTree(), '')).toEqual([]);
});
