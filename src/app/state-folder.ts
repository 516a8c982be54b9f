/** Where this machine keeps what it is in the fleet, and what it has learned. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `asked`: the folder that somebody named; `~` is the home folder. */
export function stateFolder(asked: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const named = asked || env.FLEET_NODE_DATA_DIR;
  if (named) return named.replace(/^~(?=\/|$)/, homedir());
  const data = env.XDG_DATA_HOME;
  return join(data !== undefined && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'ollama-agent-router');
}
