/** `oar migrate`: turns the configuration of another program into one of this. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import type { Command, CommandContext } from './command.ts';
import { migrateNomyo } from './migrate-nomyo.ts';

export const command: Command = {
  name: 'migrate',
  summary: 'turn the configuration of another program into one of this',
  args: [
    { name: '<program>', description: 'whose file it is: nomyo' },
    { name: '<file>', description: 'its configuration' },
  ],
  options: [{ flags: '-o, --out <path>', description: 'where to write it; left out, it is printed' }],
  async run(context, [program = '', file = ''], { out }) {
    if (program !== 'nomyo') throw new Error(`Files of ${program} are not known. Known is nomyo: oar migrate nomyo ${file}`);
    // What reads a configuration is loaded when there is one to read.
    const { readYaml } = await import('../config/yaml-source.ts');
    const source = readYaml(file, await read(resolve(context.cwd, file)));
    if (source.problems.length > 0) throw new Error(source.problems.map(({ where, message }) => `${where}: ${message}`).join('\n'));
    const { text, warnings } = migrateNomyo(source, basename(file));
    if (typeof out === 'string') await write(context, out, text);
    else context.out(text.trimEnd());
    for (const warning of warnings) context.err(`Warning: ${warning}`);
    return 0;
  },
};

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
