/** Reads the configuration: finds the file, puts environment and flags above it, checks it all and makes paths absolute. */
import { readFile as readFromDisk } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import { ConfigError } from './config-error.ts';
import type { Config, ConfigProblem, FromFile, LoadedConfig } from './config.ts';
import { expandHome, findConfig, type ReadText } from './find-config.ts';
import { type Interpreted, interpret } from './interpret.ts';
import type { Environment } from './variables.ts';

export interface LoadOptions {
  /** The file to read; absent: the first of the usual places that exists. */
  readonly explicitPath?: string;
  readonly cwd: string;
  readonly home: string;
  readonly env: Environment;
  /** Rejects with the codes of node:fs. */
  readonly readFile?: ReadText;
  /** What flags say, above everything: `server.port` to its value. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Flags beat `OAR_*`, which beat the file, which beats the defaults. Rejects with a ConfigError that lists everything that is wrong. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const readText: ReadText = options.readFile ?? ((path) => readFromDisk(path, 'utf8'));
  const found = await findConfig({ ...options, readText });
  const interpreted = interpret({ file: found?.path ?? 'defaults', written: found?.text ?? '', env: options.env, overrides: options.overrides ?? {} });
  if (interpreted.config === null) throw new ConfigError(interpreted.problems);
  const config = withAbsolutePaths(interpreted.config, options, found === null ? options.cwd : dirname(found.path), interpreted.isSet);
  const problems = await unreadableCertificates(config, interpreted, readText);
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, path: found?.path ?? null, warnings: interpreted.warnings, fromFile: factsOf(config, interpreted), whereFrom: (path) => whereFrom(path, interpreted) };
}

/** Whoever may read settings need not know where in the file system they lie. */
function whereFrom(path: readonly (string | number)[], { isSet, whereIs }: Interpreted): string {
  if (!isSet(path)) return 'default';
  const where = whereIs(path);
  const [, file, line] = /^(.+):(\d+):\d+$/.exec(where) ?? [];
  return file === undefined ? where : `${basename(file)}:${line}`;
}

function factsOf(config: Config, { isSet }: Interpreted): FromFile {
  return {
    models: config.models.length > 0,
    ollamaKeepAlive: isSet(['ollama', 'keepAlive']),
    backends: isSet(['backends']),
    ollamaBaseUrl: isSet(['ollama', 'baseUrl']),
    gpu: isSet(['gpu']),
    store: isSet(['store']),
  };
}

/** Certificates lie relative to the working directory, as they always did; everything else relative to the file. */
function withAbsolutePaths(config: Config, { cwd, home, env }: LoadOptions, folder: string, isSet: Interpreted['isSet']): Config {
  const from = (base: string, path: string): string => resolve(base, expandHome(path, home));
  const optional = <Key extends string>(key: Key, base: string, path: string | undefined): { [Each in Key]?: string } => (path === undefined ? {} : ({ [key]: from(base, path) } as { [Each in Key]?: string }));
  const { https } = config.server;
  const { access } = config;
  return {
    ...config,
    server: { ...config.server, https: { ...https, ...optional('certPath', cwd, https.certPath), ...optional('keyPath', cwd, https.keyPath), ...optional('caPath', cwd, https.caPath) } },
    store: { ...config.store, path: isSet(['store', 'path']) ? from(folder, config.store.path) : inDataHome('router.db', config.store.path, home, env) },
    telemetry: { ...config.telemetry, logDir: logFolder(config, (path) => from(folder, path), isSet, home, env) },
    jobs: { ...config.jobs, ...optional('path', folder, config.jobs.path) },
    gpu: { ...config.gpu, monitor: { ...config.gpu.monitor, nvidiaSmiPath: expandHome(config.gpu.monitor.nvidiaSmiPath, home) } },
    ...(access === undefined ? {} : { access: { ...access, ...optional('managedConfigPath', folder, access.managedConfigPath) } }),
  };
}

/** `none` is no folder. */
function logFolder({ telemetry: { logDir } }: Config, from: (path: string) => string, isSet: Interpreted['isSet'], home: string, env: Environment): string {
  if (logDir === 'none') return logDir;
  return isSet(['telemetry', 'logDir']) ? from(logDir) : inDataHome('logs', logDir, home, env);
}

/** A default below the data folder, as the specification of XDG says: a relative XDG_DATA_HOME is ignored. */
function inDataHome(name: string, usual: string, home: string, env: Environment): string {
  const dataHome = env.XDG_DATA_HOME;
  return dataHome !== undefined && isAbsolute(dataHome) ? join(dataHome, 'ollama-agent-router', name) : expandHome(usual, home);
}

async function unreadableCertificates({ server: { https } }: Config, { whereIs }: Interpreted, readText: ReadText): Promise<readonly ConfigProblem[]> {
  if (!https.enabled) return [];
  const problems: ConfigProblem[] = [];
  for (const key of ['certPath', 'keyPath', 'caPath'] as const) {
    const path = https[key];
    if (path === undefined) continue;
    try {
      await readText(path);
    } catch (cause) {
      const code = errorCode(cause) ?? String(cause);
      problems.push({ where: whereIs(['server', 'https', key]), message: `server.https.${key} is ${path}, which cannot be read (${code}). Write the path of a PEM file that you may read.` });
    }
  }
  return problems;
}
