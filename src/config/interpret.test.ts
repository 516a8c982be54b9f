import { expect, test } from 'vitest';
import { interpret } from './interpret.ts';

function read(written: string, env: Record<string, string> = {}, overrides: Record<string, unknown> = {}) {
  return interpret({ file: 'oar.yaml', written, env, overrides });
}

function problemsOf(written: string, env: Record<string, string> = {}): string[] {
  return read(written, env).problems.map(({ where, message }) => `${where} ${message}`);
}

test('an empty file is fine', () => {
  for (const written of ['', '# nothing yet\n', 'server:\nrouter: ~\n', '{}']) {
    expect(problemsOf(written)).toEqual([]);
    expect(read(written).config?.server.port).toBe(11435);
  }
});

test('JSON is accepted', () => {
  expect(read('{"server": {"port": 81}}').config?.server.port).toBe(81);
});

test('what is not a set of sections is an error', () => {
  expect(problemsOf('- server\n')).toEqual([expect.stringMatching(/^oar\.yaml:1:1 .*sections/)]);
  expect(problemsOf('hello\n')).toEqual([expect.stringMatching(/^oar\.yaml:1:1 .*sections/)]);
});

test.each([
  ['server:\n  prot: 1\n', 'oar.yaml:2:3', 'Did you mean port?'],
  ['server:\n  base_path: /x\n', 'oar.yaml:2:3', 'Did you mean basePath?'],
  ['server:\n  baseUrl: http://h\n', 'oar.yaml:2:3', 'Did you mean ollama.baseUrl?'],
  ['port: 1\n', 'oar.yaml:1:1', 'Did you mean server.port?'],
  ['serve:\n  port: 1\n', 'oar.yaml:1:1', 'Did you mean server?'],
  ['zebra: 1\n', 'oar.yaml:1:1', 'The sections are server, ollama,'],
  ['models:\n  - name: m\n    maxConcurent: 1\n', 'oar.yaml:3:5', 'Did you mean maxConcurrent?'],
  ['server:\n  https:\n    cert: x\n', 'oar.yaml:3:5', 'server.https has the keys enabled, certPath, keyPath, caPath'],
])('an unknown key is an error with a suggestion: %j', (written, where, words) => {
  const [problem, ...others] = problemsOf(written);
  expect(others).toEqual([]);
  expect(problem).toContain(`${where} There is no key`);
  expect(problem).toContain(words);
});

test.each([
  ['server:\n  port: 1\n  port: 2\n', 'oar.yaml:3:3', 'port is written twice'],
  ['server:\n\tport: 1\n', 'oar.yaml:2:1', 'Use spaces'],
  ['server: {port: 1\n', 'oar.yaml:2:1', 'not valid YAML'],
  ['a: 1\n---\nb: 2\n', 'oar.yaml:2:1', 'Only one document'],
  ['backends: [{id: b, url: ${URL}}]\n', 'oar.yaml:1:', 'needs quotes'],
  ['routes:\n  __proto__: [m]\n', 'oar.yaml:2:3', '__proto__ cannot be used'],
])('what is no YAML is an error with its place: %j', (written, where, words) => {
  const problem = problemsOf(written, { URL: 'http://h' }).join('\n');
  expect(problem).toContain(where);
  expect(problem).toContain(words);
});

test('all problems are told at once, from top to bottom', () => {
  const written = 'server:\n  port: "80"\n  hots: x\nmodels:\n  - name: a\n  - name: a:latest\nroutes:\n  triage: [b]\nensemble: {}\nollama:\n  baseUrl: ${NOWHERE}\n';
  expect(read(written).problems.map(({ where }) => where)).toEqual(['oar.yaml:2:9', 'oar.yaml:3:3', 'oar.yaml:6:11', 'oar.yaml:8:12', 'oar.yaml:9:1', 'oar.yaml:11:12']);
});

test.each([
  ['models:\n  - name: m\n  - name: m:latest\n', 'oar.yaml:3:11', 'repeats models[0].name'],
  ['models:\n  - name: m\n    defaultContext: 9\n    maxContext: 8\n', 'oar.yaml:3:21', 'Write 8 or less'],
  ['models:\n  - name: m\n    exclusive: true\n    maxConcurrent: 2\n', 'oar.yaml:4:20', 'Write maxConcurrent: 1'],
  ['models:\n  - name: small\nroutes:\n  triage: [small]\n  code_fix: [small, smal]\n  tool_use: [big]\n', 'oar.yaml:5:21', 'Routes reference unknown models: code_fix:smal, tool_use:big. Did you mean small?'],
  ['backends:\n  - {id: a, kind: ollama, url: "http://h"}\n  - {id: a, kind: ollama, url: "http://i"}\n', 'oar.yaml:3:10', 'its own id'],
  ['backends:\n  - id: a\n    kind: openai\n', 'oar.yaml:2:5', 'url is missing'],
  ['backends:\n  - id: a\n    kind: embedded\n    url: http://h\n', 'oar.yaml:4:10', 'Remove it'],
  ['fleet:\n  offlineAfterMs: 9000\n', 'oar.yaml:2:19', 'fleet.offlineAfterMs (9000) is shorter than degradedAfterMs (15000)'],
  ['fleet:\n  heartbeatMs: 20000\n', 'oar.yaml:2:16', 'fleet.heartbeatMs (20000) is longer than degradedAfterMs (15000)'],
  ['fleet:\n  forgetAfterMs: 20000\n', 'oar.yaml:2:18', 'fleet.forgetAfterMs (20000) is shorter than offlineAfterMs (30000)'],
  ['aliases:\n  m: m:latest\n', 'oar.yaml:2:6', 'points to itself'],
  ['aliases:\n  "*-x": m\n', 'oar.yaml:2:10', 'only stand at the end'],
  ['aliases:\n  a: m*\n', 'oar.yaml:2:6', 'without *'],
  ['server:\n  https:\n    enabled: true\n    certPath: /c\n', 'oar.yaml:2:3', 'server.https.keyPath is missing'],
  ['access:\n  admin:\n    enabled: true\n    apiKeyHashes: [sha256:replace-me]\n', 'oar.yaml:1:1', 'needs access.managedConfigPath'],
  ['access:\n  managedConfigPath: a.yaml\n  admin:\n    enabled: true\n', 'oar.yaml:3:3', 'at least one hash'],
  ['access:\n  admin:\n    clientCert:\n      required: true\n', 'oar.yaml:4:17', 'server.https.caPath'],
  ['access:\n  managed:\n    planes:\n      standalone:\n        requireClientCert: true\n', 'oar.yaml:5:28', 'server.https.caPath'],
  [`access:\n  managed:\n    apiKeys:\n      - {id: a, scopes: [standalone], keyHash: "sha256:${'a'.repeat(64)}"}\n      - {id: a, scopes: [standalone], keyHash: "sha256:${'b'.repeat(64)}"}\n`, 'oar.yaml:5:14', 'its own id'],
  [`access:\n  managed:\n    apiKeys:\n      - {id: a, scopes: [standalone], keyHash: "sha256:${'a'.repeat(64)}"}\n      - {id: b, scopes: [standalone], keyHash: "sha256:${'A'.repeat(64)}"}\n`, 'oar.yaml:5:48', 'same key as a'],
])('settings that contradict each other are an error: %j', (written, where, words) => {
  const [problem, ...others] = problemsOf(written);
  expect(others).toEqual([]);
  expect(problem).toContain(`${where} `);
  expect(problem).toContain(words);
});

test('a route may name what only the backends know when no models are listed', () => {
  expect(problemsOf('routes:\n  triage: [anything]\n')).toEqual([]);
  expect(read('routes:\n  triage: [anything]\n').warnings).toEqual([expect.stringMatching(/^oar\.yaml:2:3: routes have no effect without models/)]);
});

test.each([
  'cache: {enabled: true}\n', 'ensemble: {}\n',
  'router:\n  fairness: {by: key}\n', 'store:\n  kind: redis\n', 'jobs:\n  store: redis\n',
  'store:\n  url: redis://h\n',
])('a setting of a later version is an error that says so: %j', (written) => {
  const problems = problemsOf(written);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^oar\.yaml:[12]:\d+ .* is not in this version yet\./);
});

test('variables are replaced wherever a text stands', () => {
  const written = 'server:\n  port: ${PORT}\n  nodeId: "${NAME}-a"\n  host: ${HOST:-127.0.0.2}\n  https: {enabled: "${ON}"}\nmodels:\n  - name: ${FAMILY}:${SIZE:-3b}\nbackends:\n  - {id: b, kind: ollama, url: "http://h:1/${NAME}", apiKey: "${KEY}"}\n';
  const { config, problems } = read(written, { PORT: '8080', NAME: 'x', ON: 'false', FAMILY: 'llama', KEY: '12345' });
  expect(problems).toEqual([]);
  expect(config?.server).toMatchObject({ port: 8080, nodeId: 'x-a', host: '127.0.0.2', https: { enabled: false } });
  expect(config?.models[0]?.name).toBe('llama:3b');
  expect(config?.backends?.[0]).toMatchObject({ url: 'http://h:1/x', apiKey: '12345' });
});

test('a variable that is not set is an error where it is used', () => {
  expect(problemsOf('server:\n  host: ${OAR_HOST_NAME_X}\n')).toEqual([expect.stringMatching(/^oar\.yaml:2:9 .*OAR_HOST_NAME_X, which is not set/)]);
});

test('a variable that is set to nothing is a key without a value', () => {
  expect(read('backends:\n  - {id: b, kind: ollama, url: "http://h", apiKey: "${KEY:-}"}\n').config?.backends?.[0]?.apiKey).toBeUndefined();
});

test('what a variable stood for is never in a message, nor is a key', () => {
  const problems = [...problemsOf('server:\n  port: ${SECRET}\n', { SECRET: 'hunter2' }), ...problemsOf('backends:\n  - {id: b, kind: ollama, url: "http://h", apiKey: {x: hunter2}}\n'), ...problemsOf('access:\n  admin: {apiKeyHashes: ["hunter2"]}\n')];
  expect(problems).toHaveLength(3);
  expect(problems.join()).not.toContain('hunter2');
});

test('a number from the environment is a text where a text belongs, and the other way round', () => {
  const { config, problems } = read('', { OAR_SERVER__PORT: '8080', OAR_SERVER__NODE_ID: '7', OAR_OLLAMA__KEEP_ALIVE: '-1', OAR_GPU__MONITOR__ENABLED: 'FALSE' }, { 'server.host': '10' });
  expect(problems).toEqual([]);
  expect(config?.server).toMatchObject({ port: 8080, nodeId: '7', host: '10' });
  expect(config?.ollama.keepAlive).toBe(-1);
  expect(config?.gpu.monitor.enabled).toBe(false);
});

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const file = 'server:\n  port: 1\n';
  const env = { OAR_SERVER__PORT: '2' };
  const flag = { 'server.port': '3' };
  expect(read('').config?.server.port).toBe(11435);
  expect(read(file).config?.server.port).toBe(1);
  expect(read(file, env).config?.server.port).toBe(2);
  expect(read(file, env, flag).config?.server.port).toBe(3);
  expect(read(file, {}, flag).config?.server.port).toBe(3);
});

test('what is wrong in a flag or the environment is told by its name', () => {
  expect(read('server:\n  port: 1\n', { OAR_QUEUE__TIMEOUT_MS: '0' }, { 'server.port': 'abc' }).problems).toEqual([
    { where: '--port', message: expect.stringContaining('server.port must be a whole number from 0 to 65535, not the text "abc"') as string },
    { where: 'OAR_QUEUE__TIMEOUT_MS', message: expect.stringContaining('queue.timeoutMs must be a whole number, 1 or more, not 0') as string },
  ]);
});

test('what is allowed but surprises is a warning with its place', () => {
  const warned = (written: string): string => read(written).warnings.join('\n');
  expect(warned('jobs:\n  store: memory\n')).toMatch(/^oar\.yaml:2:10: jobs\.store: memory loses/);
  expect(warned('store:\n  kind: memory\n')).toMatch(/^oar\.yaml:2:9: store\.kind: memory loses/);
  expect(warned('store:\n  kind: memory\njobs:\n  store: sqlite\n')).toBe('');
  expect(warned('router:\n  classification:\n    mode: model\n')).toMatch(/^oar\.yaml:3:11: .*without optionalClassifierModel/);
  expect(warned('gpu:\n  vramTotalMb: 1000\n')).toMatch(/^oar\.yaml:2:16: .*no model fits/);
  expect(warned('ollama:\n  baseUrl: http://h\nbackends:\n  - {id: b, kind: embedded}\n')).toMatch(/^oar\.yaml:2:12: ollama\.baseUrl is not used/);
  expect(warned('access:\n')).toMatch(/^oar\.yaml:1:1: access is empty, so everything is open/);
  expect(warned('server:\n  port: 1\n')).toBe('');
});

test('a placeholder hash is a warning, and the section stays', () => {
  const { config, problems, warnings } = read('access:\n  managed:\n    apiKeys:\n      - {id: a, scopes: [standalone], keyHash: "sha256:replace-with-client-key-hash"}\n');
  expect(problems).toEqual([]);
  expect(config?.access?.managed.apiKeys).toHaveLength(1);
  expect(warnings).toEqual([expect.stringContaining('placeholder')]);
});

test.each([['8mb', 8_388_608], ['512kb', 524_288], ['1gb', 1_073_741_824], ['1.5 MB', 1_572_864], ['100', 100], [4096, 4096], ['2k', 2048], ['10b', 10]])('a size of %j is %d bytes', (written, bytes) => {
  expect(read(`server:\n  requestBodyLimit: ${JSON.stringify(written)}\n`).config?.server.requestBodyLimit).toBe(bytes);
});

test.each(['lots', '', '0', '-1', '8 mib', 'mb', '1e3', true, -5])('%j is no size', (written) => {
  expect(problemsOf(`server:\n  requestBodyLimit: ${JSON.stringify(written)}\n`)).toEqual([expect.stringContaining('oar.yaml:2:21 server.requestBodyLimit must be a size such as 8mb')]);
});

test.each([['/', '/'], [' oar ', '/oar'], ['/a//b/', '/a/b'], ['a', '/a']])('the base path %j becomes %j', (written, path) => {
  expect(read(`server:\n  basePath: ${JSON.stringify(written)}\n`).config?.server.basePath).toBe(path);
});

test.each([['5m', '5m'], ['300', 300], [300, 300], [-1, -1], ['-1', -1], ['1.5h', '1.5h']])('keepAlive %j is sent as %j', (written, sent) => {
  expect(read(`ollama:\n  keepAlive: ${JSON.stringify(written)}\n`).config?.ollama.keepAlive).toBe(sent);
});

test('anchors are followed, and their places are known', () => {
  const written = 'backends:\n  - id: a\n    kind: ollama\n    url: http://h\n    timeouts: &slow {idleMs: soon}\n  - id: b\n    kind: ollama\n    url: http://i\n    timeouts: *slow\n';
  expect(read(written).problems.map(({ where }) => where)).toEqual(['oar.yaml:5:30', 'oar.yaml:5:30']);
});
