import { expect, test } from 'vitest';
import { readEnvironment, reservedNames, settingNames } from './environment.ts';
import { interpret } from './interpret.ts';

const set = (env: Record<string, string>, tree: unknown = {}) => Object.fromEntries(readEnvironment(env, tree).settings.map(({ path, value }) => [path.join('.'), value]));

test.each(['OAR_SERVER__BASEPATH', 'OAR_SERVER__BASE_PATH', 'oar_server__basepath', 'OAR_SERVER__B_ASE_PATH'])('%s names server.basePath', (name) => {
  expect(set({ [name]: '/x' })).toEqual({ 'server.basePath': '/x' });
});

test('keys at any depth can be set', () => {
  expect(set({ OAR_ROUTER__CLASSIFICATION__CLASSIFIER_TIMEOUT_MS: '5', OAR_ACCESS__MANAGED__PLANES__RUNTIME_AGENT__ENABLED: 'false' })).toEqual({ 'router.classification.classifierTimeoutMs': 5, 'access.managed.planes.runtimeAgent.enabled': false });
});

test('values are YAML scalars or JSON, and texts otherwise', () => {
  const values = set({ OAR_ALIASES: '{"gpt-4o":"m"}', OAR_GPU__NAME: 'RTX: 4000 [x', OAR_OLLAMA__BASE_URL: 'http://h:1', OAR_SERVER__HTTPS__ENABLED: 'true', OAR_GPU__PROVIDER: '"nvidia"' });
  expect(values).toEqual({ aliases: { 'gpt-4o': 'm' }, 'gpu.name': 'RTX: 4000 [x', 'ollama.baseUrl': 'http://h:1', 'server.https.enabled': true, 'gpu.provider': 'nvidia' });
});

test('names in free sections are those of the file, else task types, else lower case', () => {
  expect(set({ OAR_ROUTES__CODE_FIX: '["m"]', OAR_ROUTES__MYTASK: '["m"]', OAR_ROUTES__OTHER: '["m"]' }, { routes: { myTask: [] } })).toEqual({ 'routes.code_fix': ['m'], 'routes.myTask': ['m'], 'routes.other': ['m'] });
});

test('a section and a key of it add up, whatever their order', () => {
  const { config } = interpret({ file: 'f', written: '', env: { OAR_SERVER__PORT: '2', OAR_SERVER: '{"host":"h","port":1}' }, overrides: {} });
  expect(config?.server).toMatchObject({ host: 'h', port: 2 });
});

test('an item of a list can be set, but not past its end', () => {
  const written = 'backends:\n  - {id: b, kind: ollama, url: "http://h"}\n';
  const read = (name: string) => interpret({ file: 'f', written, env: { [name]: 'http://i' }, overrides: {} });
  expect(read('OAR_BACKENDS__0__URL').config?.backends?.[0]?.url).toBe('http://i');
  expect(read('OAR_BACKENDS__0__URL').config?.backends?.[0]?.id).toBe('b');
  expect(read('OAR_MODELS__4').problems[0]?.message).toContain('as a whole');
});

test('empty variables and the names that others read set nothing', () => {
  const env = Object.fromEntries([...reservedNames, 'OAR_SERVICE_HOST', 'OAR_SERVICE_PORT', 'OAR_PORT_11435_TCP_ADDR'].map((name) => [name, 'x']));
  expect(readEnvironment({ ...env, OAR_PORT: 'tcp://10.0.0.1:11435', OAR_SERVER__PORT: ' ', OARX: '1' }, {})).toEqual({ settings: [], problems: [] });
});

test.each([
  ['OAR_SERVER_PORT', 'Did you mean OAR_SERVER__PORT?'],
  ['OAR_SERVER__PROT', 'Did you mean OAR_SERVER__PORT?'],
  ['OAR_ROUTER__HOLDMSS', 'Did you mean OAR_ROUTER__HOLD_MS?'],
  ['OAR_ZEBRA', 'OAR_<SECTION>__<KEY>'],
  ['OAR_SERVER__PORT__X', 'no such setting'],
  ['OAR_ENSEMBLE__OPINIONS', 'ensemble is not in this version yet'],
])('%s is an error', (name, words) => {
  const { problems, settings } = readEnvironment({ [name]: '1' }, {});
  expect(settings).toEqual([]);
  expect(problems).toEqual([{ where: name, message: expect.stringContaining(words) as string }]);
});

test('the name that documents a setting sets it', () => {
  for (const { name, path } of settingNames()) {
    expect(readEnvironment({ [name]: '1' }, {}).settings.map((setting) => setting.path)).toEqual([path]);
  }
});
