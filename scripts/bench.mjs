/** Builds, then measures the router against a bare relay; the measuring itself is test/bench/run.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled } from './setup.mjs';
import { root, runAsMain, StepFailed } from './step.mjs';

await runAsMain(() => {
  const program = join(root, 'test', 'bench', 'run.mjs');
  if (!existsSync(program)) throw new StepFailed('There is no test/bench/run.mjs, so there is nothing to measure with.');
  ensureInstalled();
  ensureBuilt();
  process.exitCode = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1;
});
