/** A machine made of texts: what its programs print and what its files hold, for collectors. */
import type { CollectorTools, HostFacts } from '../../src/node/collectors/collector.ts';

export interface FakeMachine {
  readonly host?: Partial<HostFacts>;
  /** What a program prints, by its name and arguments joined by spaces, or by the beginning of that; others are missing. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly spaces?: Readonly<Record<string, { readonly totalBytes: number; readonly freeBytes: number; readonly availableBytes: number }>>;
}

const gib = 1024 ** 3;

export const fakeHost: HostFacts = {
  platform: 'linux',
  arch: 'x64',
  home: '/home/me',
  env: {},
  cpus: () => [],
  load1: () => 0.5,
  totalBytes: () => 16 * gib,
  freeBytes: () => 8 * gib,
};

/** `ran` gathers the commands that were run. */
export function fakeTools({ host = {}, programs = {}, files = {}, spaces = {} }: FakeMachine, ran: string[] = []): CollectorTools {
  return {
    host: { ...fakeHost, ...host },
    run(program, args) {
      const line = [program, ...args].join(' ');
      ran.push(line);
      const key = Object.keys(programs).find((one) => line === one || line.startsWith(`${one} `));
      return key === undefined ? Promise.reject(new Error(`${program} is not there`)) : Promise.resolve(programs[key] ?? '');
    },
    read: (path) => Promise.resolve(files[path] ?? null),
    list(folder) {
      const names = Object.keys(files).flatMap((path) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).split('/').slice(0, 1) : []));
      return Promise.resolve([...new Set(names)].sort());
    },
    space: (path) => Promise.resolve(spaces[path] ?? null),
  };
}
