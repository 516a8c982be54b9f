/** The machine as collectors see it: its programs, its files, and what Node says of it. */
import { execFile } from 'node:child_process';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { arch, cpus, freemem, homedir, loadavg, platform, totalmem } from 'node:os';
import { RouterError } from '../../core/errors.ts';
import type { CollectorTools, HostFacts } from './collector.ts';

const maximumBytes = 1024 * 1024;

/** Resolves with what it printed; it is killed when the time is up or the signal is aborted. */
export const runProgram: CollectorTools['run'] = (program, args, timeoutMs, signal) =>
  new Promise((resolve, reject) => {
    execFile(program, [...args], { timeout: timeoutMs, signal, killSignal: 'SIGKILL', maxBuffer: maximumBytes, encoding: 'utf8', windowsHide: true }, (error, output) => {
      if (error) reject(new RouterError('internal', `${program} could not be run, failed, or took longer than ${timeoutMs} ms.`, { cause: error }));
      else resolve(output);
    });
  });

const host: HostFacts = {
  platform: platform(),
  arch: arch(),
  home: homedir(),
  env: process.env,
  cpus,
  load1: () => loadavg()[0] ?? 0,
  totalBytes: totalmem,
  freeBytes: freemem,
};

export const collectorTools: CollectorTools = {
  host,
  run: runProgram,
  read: (path) => readFile(path, 'utf8').then((text) => text.trim(), () => null),
  list: (folder) => readdir(folder).then((names) => names.sort(), () => []),
  space: (path) =>
    statfs(path).then(
      ({ bsize, blocks, bfree, bavail }) => ({ totalBytes: bsize * blocks, freeBytes: bsize * bfree, availableBytes: bsize * bavail }),
      () => null,
    ),
};
