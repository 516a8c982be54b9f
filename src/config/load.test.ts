import { expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { loadConfig, type LoadOptions } from './load.ts';

const absent = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

/** A machine whose files are these. */
function load(files: Record<string, string | (() => never)>, options: Partial<LoadOptions> = {}) {
  const readFile = async (path: string): Promise<string> => {
    const file = Object.hasOwn(files, path) ? files[path] : absent;
    return typeof file === 'function' ? file() : (file ?? absent());
  };
  return loadConfig({ cwd: '/here', home: '/home/me', env: {}, readFile, ...options });
}

const portOf = async (files: Record<string, string>, options: Partial<LoadOptions> = {}): Promise<number> => (await load(files, options)).config.server.port;
const port = (number: number): string => `server: {port: ${number}}`;

test('without a file the defaults hold', async () => {
  const { config, path, warnings, fromFile } = await load({});
  expect(path).toBeNull();
  expect(warnings).toEqual([]);
  expect(config.server).toMatchObject({ host: '127.0.0.1', port: 11435, basePath: '/', nodeId: 'local', requestBodyLimit: 8 * 1024 * 1024 });
  expect(config.store.path).toBe('/home/me/.local/share/ollama-agent-router/router.db');
  expect(fromFile).toEqual({ models: false, ollamaKeepAlive: false, backends: false, ollamaBaseUrl: false, gpu: false, store: false });
});

test('the first file of the usual places is read', async () => {
  const places = { '/here/ollama-agent-router.yaml': port(1), '/home/me/.config/ollama-agent-router/config.yaml': port(2), '/etc/ollama-agent-router/config.yaml': port(3) };
  const { '/here/ollama-agent-router.yaml': here, ...others } = places;
  const { '/home/me/.config/ollama-agent-router/config.yaml': home, ...system } = others;
  expect([here, home]).toEqual([port(1), port(2)]);
  expect(await portOf({ ...places, '/here/own.yaml': port(4) }, { explicitPath: 'own.yaml' })).toBe(4);
  expect(await portOf(places)).toBe(1);
  expect(await portOf(others)).toBe(2);
  expect(await portOf(system)).toBe(3);
  expect((await load(system)).path).toBe('/etc/ollama-agent-router/config.yaml');
});

test('a named file that is missing is an error, although another exists', async () => {
  await expect(load({ '/here/ollama-agent-router.yaml': port(1) }, { explicitPath: './nope.yaml' })).rejects.toThrow('/here/nope.yaml: There is no such file.');
});

test('a file that cannot be read is an error, not a reason to look further', async () => {
  const refuse = (code: string) => (): never => {
    throw Object.assign(new Error(code), { code });
  };
  await expect(load({ '/here/ollama-agent-router.yaml': refuse('EACCES'), '/etc/ollama-agent-router/config.yaml': port(3) })).rejects.toThrow('/here/ollama-agent-router.yaml: This file may not be read');
  await expect(load({ '/here/d': refuse('EISDIR') }, { explicitPath: '/here/d' })).rejects.toThrow('This is a folder');
});

test('`~` in a named path is the home folder', async () => {
  expect(await portOf({ '/home/me/x.yaml': port(5) }, { explicitPath: '~/x.yaml' })).toBe(5);
});

test('problems are lines with file, line and column', async () => {
  const failure = await load({ '/here/a.yaml': 'server:\n  prot: 1\nqueue: {timeoutMs: soon}\n' }, { explicitPath: 'a.yaml' }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String((failure as ConfigError).message).split('\n')).toEqual(['The configuration has 2 problems:', expect.stringMatching(/^\/here\/a\.yaml:2:3: /), expect.stringMatching(/^\/here\/a\.yaml:3:20: /)]);
  expect((failure as ConfigError).problems).toHaveLength(2);
});

test('fromFile tells what was set, by the file, the environment or a flag', async () => {
  const written = 'models: [{name: m}]\nollama: {keepAlive: 5m}\nbackends: [{id: e, kind: embedded}]\nstore: {kind: memory}\n';
  const { fromFile } = await load({ '/here/ollama-agent-router.yaml': written }, { env: { OAR_GPU__PROVIDER: 'none' } });
  expect(fromFile).toEqual({ models: true, ollamaKeepAlive: true, backends: true, ollamaBaseUrl: false, gpu: true, store: true });
  expect((await load({ '/here/ollama-agent-router.yaml': 'models: []\n' })).fromFile.models).toBe(false);
});

test('paths become absolute', async () => {
  const written = 'store: {path: data/r.db}\njobs: {path: ~/j.db}\nserver: {https: {certPath: c.pem}}\naccess: {managedConfigPath: ./a.yaml}\ngpu: {monitor: {nvidiaSmiPath: ~/bin/nvidia-smi}}\n';
  const { config } = await load({ '/etc/ollama-agent-router/config.yaml': written });
  expect(config.store.path).toBe('/etc/ollama-agent-router/data/r.db');
  expect(config.jobs.path).toBe('/home/me/j.db');
  expect(config.server.https.certPath).toBe('/here/c.pem');
  expect(config.access?.managedConfigPath).toBe('/etc/ollama-agent-router/a.yaml');
  expect(config.gpu.monitor.nvidiaSmiPath).toBe('/home/me/bin/nvidia-smi');
});

test('XDG_DATA_HOME moves the default database, and no other', async () => {
  const env = { XDG_DATA_HOME: '/data' };
  expect((await load({}, { env })).config.store.path).toBe('/data/ollama-agent-router/router.db');
  expect((await load({}, { env: { XDG_DATA_HOME: 'relative' } })).config.store.path).toBe('/home/me/.local/share/ollama-agent-router/router.db');
  expect((await load({ '/here/ollama-agent-router.yaml': 'store: {path: ~/x.db}\n' }, { env })).config.store.path).toBe('/home/me/x.db');
});

test('the log files lie beside the default database; a folder of the file is relative to it, and none is none', async () => {
  const logDir = async (written: string, env = {}): Promise<string> => (await load(written === '' ? {} : { '/here/ollama-agent-router.yaml': written }, { env })).config.telemetry.logDir;
  expect(await logDir('')).toBe('/home/me/.local/share/ollama-agent-router/logs');
  expect(await logDir('', { XDG_DATA_HOME: '/data' })).toBe('/data/ollama-agent-router/logs');
  expect(await logDir('telemetry: {logDir: logs}\n')).toBe('/here/logs');
  expect(await logDir('telemetry: {logDir: none}\n')).toBe('none');
});

test('with HTTPS on, the files must be there', async () => {
  const written = 'server:\n  https:\n    enabled: true\n    certPath: /c.pem\n    keyPath: /k.pem\n';
  const files = { '/here/ollama-agent-router.yaml': written, '/c.pem': 'cert' };
  await expect(load(files)).rejects.toThrow(/ollama-agent-router\.yaml:5:14: server\.https\.keyPath is \/k\.pem, which cannot be read \(ENOENT\)/);
  expect((await load({ ...files, '/k.pem': 'key' })).config.server.https.enabled).toBe(true);
});

test.each(['NOMYO_ROUTER_CONFIG_PATH', 'NOMYO_ROUTER_DB_PATH'])("%s, another program's file, is an error that names what to do", async (name) => {
  await expect(load({}, { env: { [name]: '/x' } })).rejects.toThrow(new RegExp(`${name}: .*oar migrate nomyo FILE`));
});
