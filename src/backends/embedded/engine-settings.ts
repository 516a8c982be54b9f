/** What the engine's process is told at its start, carried in its environment so that the secret shows in no process list. */

export interface EngineSettings {
  /** The folder that holds `node_modules/node-llama-cpp`. */
  readonly engineFolder: string;
  readonly modelPath: string;
  readonly modelName: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly secret: string;
  readonly useGpu: boolean;
}

/** The line that the process writes on standard output once it serves. */
export interface EngineReady {
  readonly port: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const variable = 'OAR_ENGINE_SETTINGS';
// The engine needs to find libraries and temporary folders, and none of our callers' secrets.
const passedOn = /^(PATH|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|LANG|LC_.*|LD_LIBRARY_PATH|DYLD_.*|GGML_.*|CUDA_.*|VK_.*|HIP_.*|NODE_LLAMA_CPP_.*)$/i;

export function engineEnvironment(settings: EngineSettings, env: Environment): Record<string, string | undefined> {
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => passedOn.test(name))), [variable]: JSON.stringify(settings) };
}

/** Throws when the environment was not made by `engineEnvironment`. */
export function readEngineSettings(env: Environment): EngineSettings {
  const text = env[variable];
  if (text === undefined) throw new TypeError(`${variable} is not set: this program is started by the router, not by hand.`);
  return JSON.parse(text) as EngineSettings;
}

/** Null for any other line: the engine's libraries may print too. */
export function readReadyLine(line: string): EngineReady | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('port' in value)) return null;
    return typeof value.port === 'number' ? { port: value.port } : null;
  } catch {
    return null;
  }
}
