/** `oar keys`: makes, lists and revokes the keys that callers show, in the file that the router reads. */
import { randomBytes } from 'node:crypto';
import type { KeyChange } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import { errorCode } from '../util/error-code.ts';
import { systemClock } from '../util/system-clock.ts';
import type { Command, CommandContext, GlobalOptions, KeyFile } from './command.ts';
import { type KeyFields, keyFields } from './key-options.ts';
import { textOf } from './loose-json.ts';
import { textTable } from './text-table.ts';

type Options = GlobalOptions & Readonly<Record<string, unknown>>;
type Key = KeyChange['key'];

export const command: Command = {
  name: 'keys',
  summary: 'make, list and revoke the keys of callers',
  args: [
    { name: '<action>', description: 'create, list or revoke' },
    { name: '[id]', description: 'the key to revoke, or the name of the new one, as --id' },
  ],
  options: [
    { flags: '--id <id>', description: 'name of the new key in logs and limits; made up when left out' },
    { flags: '--name <name>', description: 'whose it is, for people' },
    { flags: '--scopes <list>', description: 'what it may do: standalone, runtimeAgent, read, manage; standalone when left out' },
    { flags: '--expires <time>', description: 'until when it holds: 30d, 12h or a date; for ever when left out' },
    { flags: '--models <list>', description: 'the models it may ask for, * at an end; all when left out' },
    { flags: '--requests <count>', description: 'how many requests it may make: 100/60s, 1000/1h' },
  ],
  async run(context, [action = '', id], options) {
    switch (action) {
      case 'create':
        return create(context, named(id, options));
      case 'list':
        return list(context, options);
      case 'revoke':
        return revoke(context, id, options);
      default:
        throw new Error(`oar keys takes create, list or revoke, not ${textOf(action)}.`);
    }
  },
};

/** `oar keys create alice` means the same as with `--id alice`. */
function named(id: string | undefined, options: Options): Options {
  if (id === undefined) return options;
  const written = options['id'];
  if (written !== undefined && written !== id) throw new Error(`One key at a time: ${textOf(id)} or ${textOf(written)}?`);
  return { ...options, id };
}

async function create(context: CommandContext, options: Options): Promise<number> {
  const found = await context.keyFile(options.config);
  const takenIds = ((await found.policy())?.apiKeys ?? []).map(({ id }) => id);
  const fields = keyFields(options, { now: systemClock.now(), takenIds, suffix: randomBytes(4).toString('hex') });
  refuseWrong(found, fields);
  const { key, secret = '' } = await changing(found, async () => {
    const admin = await found.open(true);
    if (admin === null) throw new Error(`There is no access file ${found.path}.`);
    return admin.addKey(fields, null);
  });
  const curl = curlLine(found.config, key, secret);
  if (options.json === true) context.out(JSON.stringify({ ...shown(key), key: secret, path: found.path, curl }, null, 2));
  else context.out([`Made the key ${key.id} in ${found.path}. It is shown this once:`, '', `  ${secret}`, '', 'Try it:', `  ${curl}`, '', whatNext(found), ...(await openDoors(found))].join('\n'));
  return 0;
}

/** Before a file is made that asks for keys. */
function refuseWrong(found: KeyFile, fields: KeyFields): void {
  const problems = found.check(fields);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function whatNext({ exists }: KeyFile): string {
  if (exists) return 'A running router takes it over within a few seconds.';
  return 'From its next start the router asks other machines for a key; programs on this one need none. Restart it if it runs.';
}

/** Who makes a key means to ask for it. */
async function openDoors({ path, policy }: KeyFile): Promise<readonly string[]> {
  const open = Object.entries((await policy())?.planes ?? {}).filter(([, { enabled, auth }]) => enabled && !auth.requireApiKey && auth.anonymous !== 'reject');
  if (open.length === 0) return [];
  return [`Callers without a key are still let in: set requireApiKey: true and anonymous: reject for ${open.map(([plane]) => plane).join(' and ')} in ${path}.`];
}

async function list(context: CommandContext, options: Options): Promise<number> {
  const keys = (await (await context.keyFile(options.config)).policy())?.apiKeys ?? [];
  if (options.json === true || !context.isTerminal) {
    context.out(JSON.stringify({ keys: keys.map(shown) }, null, 2));
    return 0;
  }
  const rows = keys.map((key) => [key.id, textOf(key.name), key.scopes.join(', '), key.enabled ? 'yes' : 'no', expiry(key)]);
  context.out(textTable(['id', 'name', 'scopes', 'enabled', 'expires'], rows, 'No keys. Make one with: oar keys create'));
  return 0;
}

async function revoke(context: CommandContext, id: string | undefined, options: Options): Promise<number> {
  if (id === undefined) throw new Error('Which key? Write: oar keys revoke <id>. `oar keys list` shows them.');
  const found = await context.keyFile(options.config);
  const { key } = await changing(found, async () => {
    const admin = await found.open(false);
    if (admin === null) throw new Error(`API key '${textOf(id)}' not found: there is no access file ${found.path}.`);
    return admin.revokeKey(id, null);
  });
  context.out(options.json === true ? JSON.stringify({ revoked: shown(key) }, null, 2) : `Revoked the key ${key.id}. A running router refuses it within a few seconds.`);
  return 0;
}

/** Says what to do where the file may not be written. */
async function changing<Value>({ path }: KeyFile, change: () => Promise<Value>): Promise<Value> {
  try {
    return await change();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const code = errorCode(reason) ?? '';
    if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) throw cause;
    throw new Error(`You may not write ${path} (${code}). Run this as the user that runs the router.`, { cause });
  }
}

function shown({ keyHash: _keyHash, ...key }: Key): Omit<Key, 'keyHash'> {
  return key;
}

function expiry({ expiresAt }: Key): string {
  if (expiresAt === undefined) return 'never';
  return Date.parse(expiresAt) > systemClock.now() ? expiresAt : `${expiresAt} (expired)`;
}

/** Something that answers any key of these scopes. */
function curlLine({ server }: Config, { scopes }: Key, secret: string): string {
  const everywhere = server.host === '0.0.0.0' || server.host === '::';
  const host = everywhere ? '127.0.0.1' : server.host.includes(':') ? `[${server.host}]` : server.host;
  const base = `${server.https.enabled ? 'https' : 'http'}://${host}:${server.port}${server.basePath === '/' ? '' : server.basePath}`;
  return `curl ${base}${scopes.includes('standalone') ? '/v1/models' : '/v1/router/capabilities'} -H 'Authorization: Bearer ${secret}'`;
}
