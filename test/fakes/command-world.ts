/** A world for the tests of commands: answers as told, and keeps what was printed and asked. */
import { findKeyFile } from '../../src/app/key-file.ts';
import type { CommandContext, GlobalOptions } from '../../src/commands/command.ts';

export interface FakeWorld {
  readonly context: CommandContext;
  readonly printed: string[];
  readonly complained: string[];
  readonly calls: { readonly method: string; readonly path: string; readonly options: GlobalOptions; readonly sent?: unknown }[];
  readonly served: unknown[];
}

export interface FakeFacts {
  readonly status?: number;
  /** Absent: the text is what is answered. */
  readonly body?: unknown;
  readonly text?: string;
  readonly isTerminal?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly loadConfig?: CommandContext['loadConfig'];
  readonly checkAccessFile?: CommandContext['checkAccessFile'];
  readonly call?: CommandContext['call'];
  readonly watch?: CommandContext['watch'];
  readonly examine?: CommandContext['examine'];
  readonly screen?: CommandContext['screen'];
  readonly exitCode?: number;
  /** Absent: time passes at once, and nobody wants an end. */
  readonly pause?: CommandContext['pause'];
}

export function fakeWorld(facts: FakeFacts = {}): FakeWorld {
  const { status = 200, body, isTerminal = false, cwd = '/here', env = {}, exitCode = 0 } = facts;
  const printed: string[] = [];
  const complained: string[] = [];
  const calls: FakeWorld['calls'] = [];
  const served: unknown[] = [];
  const context: CommandContext = {
    cwd,
    env,
    version: '1.2.3',
    isTerminal,
    out: (text) => void printed.push(text),
    err: (text) => void complained.push(text),
    pause: facts.pause ?? (() => Promise.resolve(true)),
    async call(method, path, options, sent) {
      calls.push({ method, path, options, ...(sent === undefined ? {} : { sent }) });
      return facts.call ? facts.call(method, path, options) : { status, body, text: facts.text ?? JSON.stringify(body) ?? '' };
    },
    watch: facts.watch ?? (() => { throw new Error('Nothing is told here.'); }),
    screen: facts.screen ?? (() => null),
    loadConfig: facts.loadConfig ?? (() => Promise.resolve({ path: null, warnings: [] })),
    keyFile: (explicitPath) => findKeyFile({ cwd, env, ...(explicitPath === undefined ? {} : { explicitPath }) }),
    checkAccessFile: facts.checkAccessFile ?? (() => Promise.resolve()),
    async ownCapacity(order) {
      served.push(order);
    },
    async serve(options) {
      served.push(options);
      return exitCode;
    },
    examine: facts.examine ?? (() => Promise.resolve([])),
    async node(options) {
      served.push(options);
      return exitCode;
    },
  };
  return { context, printed, complained, calls, served };
}
