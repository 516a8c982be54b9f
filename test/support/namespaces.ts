/** Network namespaces joined to this one by a link each, for tests in which machines are really apart. Linux, as root. */
import { execFileSync } from 'node:child_process';
import { afterAll } from 'vitest';

export interface Namespace {
  readonly name: string;
  /** Of the far end of the link. */
  readonly address: string;
  /** Of this end, where what listens here is reached from there. */
  readonly hostAddress: string;
  /** What runs a program there: put it in front of the command. */
  readonly command: readonly string[];
}

const made: string[] = [];

function ip(...args: readonly string[]): void {
  execFileSync('ip', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function remove(name: string): void {
  try {
    ip('netns', 'del', name);
  } catch {
    // It was never made, or is gone.
  }
}

/** Why namespaces cannot be made here; null: they can. */
export function whyNoNamespaces(): string | null {
  const name = `oar-try-${process.pid}`;
  try {
    ip('netns', 'add', name);
    return null;
  } catch (thrown) {
    return `network namespaces cannot be made here: ${thrown instanceof Error ? (thrown.message.split('\n')[1] ?? thrown.message) : String(thrown)}`;
  } finally {
    remove(name);
  }
}

/** One with a link of its own, gone after the file's last test. `number` (1 to 60) tells those of one process apart. */
export function makeNamespace(number: number): Namespace {
  const name = `oar-${process.pid}-${number}`;
  const near = `oar${process.pid % 10_000}v${number}`;
  const third = (process.pid * 61 + number) % 250;
  const [hostAddress, address] = [`10.213.${third}.1`, `10.213.${third}.2`];
  made.push(name);
  ip('netns', 'add', name);
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('addr', 'add', `${hostAddress}/24`, 'dev', near);
  ip('link', 'set', near, 'up');
  ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return { name, address, hostAddress, command: ['ip', 'netns', 'exec', name] };
}

// With a namespace goes its end of the link, and with that the other.
afterAll(() => {
  for (const name of made.splice(0)) remove(name);
});
