/** Runs a program of this machine for a collector. */
import { execFile } from 'node:child_process';
import { RouterError } from '../../core/errors.ts';
import type { CollectorTools } from './collector.ts';

const maximumBytes = 1024 * 1024;

/** Resolves with what it printed; it is killed when the time is up or the signal is aborted. */
export const runProgram: CollectorTools['run'] = (program, args, timeoutMs, signal) =>
  new Promise((resolve, reject) => {
    execFile(program, [...args], { timeout: timeoutMs, signal, killSignal: 'SIGKILL', maxBuffer: maximumBytes, encoding: 'utf8', windowsHide: true }, (error, output) => {
      if (error) reject(new RouterError('internal', `${program} could not be run, failed, or took longer than ${timeoutMs} ms.`, { cause: error }));
      else resolve(output);
    });
  });

export const collectorTools: CollectorTools = { run: runProgram };
