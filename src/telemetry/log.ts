/** The log: one JSON line an event on standard output, secrets redacted. */
import { pino } from 'pino';
import type { Log } from './telemetry.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where credentials could stand if somebody logged a whole object. */
const secretPaths = ['apiKey', 'authorization', 'cookie', 'password', 'secret', 'token', 'keyHash'].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export interface RouterLog extends Log {
  close(): void;
}

/** Lines are gathered and written in batches, at the latest after a second; `flush` and `close` write what is left. */
export function createLog(level: LogLevel, file: number | string = 1): RouterLog {
  const destination = pino.destination({ dest: file, sync: false, minLength: 8192 });
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: [...secretPaths, 'headers.authorization', 'headers["x-api-key"]', 'headers.cookie'], censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
  const timer = setInterval(() => destination.flush(), 1000);
  timer.unref();
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    flush: () => new Promise((resolve) => destination.flush(() => resolve())),
    close() {
      clearInterval(timer);
      destination.flushSync();
    },
  };
}

/** A log that says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
