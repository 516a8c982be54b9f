/** `oar migrate`: turns the configuration of another program into one of this. */
import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import type { Command, CommandContext } from './command.ts';
import { migrateHerd } from './migrate-herd.ts';
import { type Migrated, migrateNomyo } from './migrate-nomyo.ts';

export const command: Command = {
  name: 'migrate',
  summary: 'turn the configuration of another program into one of this',
  args: [
    { name: '<program>', description: 'whose file it is: nomyo or herd' },
    { name: '[file]', description: 'its configuration; for herd, absent: FLEET_ENV_FILE, or ~/.fleet-manager/env' },
  ],
  options: [{ flags: '-o, --out <path>', description: 'where to write it; left out, it is printed' }],
  async run(context, [program = '', file], { out }) {
    const { text, warnings } = await migrated(context, program, file);
    if (typeof out === 'string') await write(context, out, text);
    else context.out(text.trimEnd());
    for (const warning of warnings) context.err(`Warning: ${warning}`);
    return 0;
  },
};

async function migrated(context: CommandContext, program: string, file: string | undefined): Promise<Migrated> {
  if (program === 'herd') return migrateHerdFiles(context, file);
  if (program !== 'nomyo') throw new Error(`Files of ${program} are not known. Known are nomyo and herd: oar migrate nomyo ${file ?? 'FILE'}`);
  if (file === undefined) throw new Error('Name the configuration file of the old router: oar migrate nomyo FILE');
  // What reads a configuration is loaded when there is one to read.
  const { readYaml } = await import('../config/yaml-source.ts');
  const source = readYaml(file, await read(resolve(context.cwd, file)));
  if (source.problems.length > 0) throw new Error(source.problems.map(({ where, message }) => `${where}: ${message}`).join('\n'));
  return migrateNomyo(source, basename(file));
}

/** Its pins lie beside its environment. */
async function migrateHerdFiles(context: CommandContext, file: string | undefined): Promise<Migrated> {
  const usual = context.env['FLEET_ENV_FILE'] || join(context.env['HOME'] || homedir(), '.fleet-manager', 'env');
  const path = resolve(context.cwd, file ?? usual);
  const [env, pins] = [await read(path), await readIfThere(join(dirname(path), 'pinned_models.json'))];
  const [{ readAliases, readNodeAliases }, { aliasNames }, { schemaAt }, { interpret }] = await Promise.all([import('../config/alias-environment.ts'), import('../config/alias-names.ts'), import('../config/schema.ts'), import('../config/interpret.ts')]);
  const result = migrateHerd({ envName: basename(path), env, pins }, { readAliases, readNodeAliases, aliasNames, schemaAt });
  // A number may be one, and still be none that can be used.
  const { problems } = interpret({ file: basename(path), written: result.text, env: {}, overrides: {} });
  if (problems.length > 0) throw new Error(problems.map(({ message }) => `${basename(path)}: ${message}`).join('\n'));
  return result;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return null;
    throw cause;
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(`${path} cannot be read (${errorCode(cause) ?? String(cause)}). Name the configuration file of the old program.`, { cause });
  }
}

/** Others need not read it: it may hold keys. */
async function write(context: CommandContext, out: string, text: string): Promise<void> {
  const path = resolve(context.cwd, out);
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const code = errorCode(cause) ?? String(cause);
    throw new Error(code === 'EEXIST' ? `Refusing to overwrite ${path}. Move it away, or choose another place with --out.` : `${path} cannot be written (${code}). Choose another place with --out.`, { cause });
  }
  context.out(`Wrote ${out}. Check it with: oar validate-config --config ${out}`);
}
