/** Finds npm, preferring the one that belongs to the Node that runs us. */
import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

export interface NpmPlace {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The running Node. */
  readonly execPath: string;
}

/** The command and first arguments that start npm; null when there is none. */
export function findNpm({ env, platform, execPath }: NpmPlace): readonly [command: string, ...args: string[]] | null {
  const script = [env.npm_execpath, ...besideNode(execPath, platform)].find((path) => path && /^npm(-cli)?\.[cm]?js$/.test(basename(path)) && existsSync(path));
  if (script) return [execPath, script];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter((entry) => entry !== '')) {
    // On Windows npm is a batch file, which cannot be started without a shell; the script beside it can.
    const program = platform === 'win32' ? join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js') : join(folder, 'npm');
    if (existsSync(program)) return platform === 'win32' ? [execPath, program] : [program];
  }
  return null;
}

function besideNode(execPath: string, platform: NodeJS.Platform): readonly string[] {
  const folder = dirname(execPath);
  const inside = join('node_modules', 'npm', 'bin', 'npm-cli.js');
  return platform === 'win32' ? [join(folder, inside)] : [join(folder, '..', 'lib', inside)];
}

/** The environment without what a surrounding `npm start` has set for itself; registry, proxy and certificate settings stay. */
export function cleanNpmEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const dropped = /^npm_(package_|lifecycle_|command$|execpath$|node_execpath$|config_(prefix|local_prefix|global|global_prefix|location|omit|include|only|production|optional|dev|workspace|workspaces|include_workspace_root|dry_run|offline|ignore_scripts|package_lock|save|install_links)$)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.test(name) && name !== 'NODE_ENV'));
}
