/** Where the log goes: a service writes JSON lines to standard output, `oar up` talks to a person; both keep the lines in files. */
import type { Config } from '../config/config.ts';
import { LogFiles } from '../telemetry/log-files.ts';
import { createLog, inBoth, type RouterLog } from '../telemetry/log.ts';
import { systemClock } from '../util/system-clock.ts';
import { friendlyLog, type Terminal } from './friendly-log.ts';

/** Of files, beside today's. */
const keepDays = 30;

/** `close` writes what is left. */
export function openLog({ telemetry: { logLevel, logDir } }: Pick<Config, 'telemetry'>, terminal: Terminal, friendly: boolean): RouterLog {
  const files = logDir === 'none' ? null : new LogFiles({ folder: logDir, keepDays, now: () => systemClock.now(), failed: (problem) => terminal.err(problem) });
  const lines = createLog(logLevel, (text) => {
    const bytes = Buffer.from(text);
    if (!friendly) process.stdout.write(bytes);
    files?.write(bytes);
  });
  const closing: RouterLog = {
    ...lines,
    close() {
      lines.close();
      files?.close();
    },
  };
  return friendly ? inBoth(closing, friendlyLog(terminal, clockTime)) : closing;
}

function clockTime(): string {
  return new Date().toTimeString().slice(0, 8);
}
