/** What a configuration that cannot be used is rejected with: everything that is wrong with it, at once. */
import type { ConfigProblem } from './config.ts';

/** Its message is for people: one line a problem, each with its place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { readonly cause?: unknown }) {
    const lines = problems.map(({ where, message }) => `${where}: ${message}`);
    super(lines.length === 1 ? lines[0] : [`The configuration has ${lines.length} problems:`, ...lines].join('\n'), options);
    this.problems = problems;
  }
}
