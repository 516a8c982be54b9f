/** The log: one JSON line an event on standard output, secrets redacted. */
import { pino } from 'pino';
import { createLineBuffer } from './line-buffer.ts';
import { requestMembers } from './request-line.ts';
import type { RequestLog } from './telemetry.ts';
import { withoutSecrets } from './without-secrets.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface RouterLog extends RequestLog {
  close(): void;
}

let second = -1;
let secondText = '';

/** pino's ISO time, with the part that changes once a second kept. */
function timestamp(): string {
  const now = Date.now();
  const whole = Math.floor(now / 1000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(now).toISOString().slice(0, 20);
  }
  return `,"time":"${secondText}${String(now % 1000).padStart(3, '0')}Z"`;
}

/** `close` writes what is left. Warnings and errors are written at once. */
export function createLog(level: LogLevel, sink: (text: string) => void = (text) => void process.stdout.write(text)): RouterLog {
  const lines = createLineBuffer(sink);
  const logger = pino({ level, base: null, formatters: { level: (label) => ({ level: label }) }, timestamp }, lines);
  const requests = level === 'debug' || level === 'info';
  return {
    debug: (fields, message) => logger.debug(withoutSecrets(fields), message),
    info: (fields, message) => logger.info(withoutSecrets(fields), message),
    request(trace) {
      if (requests) lines.write(`{"level":"info"${timestamp()},${requestMembers(trace)},"msg":"request"}\n`);
    },
    warn(fields, message) {
      logger.warn(withoutSecrets(fields), message);
      lines.flush();
    },
    error(fields, message) {
      logger.error(withoutSecrets(fields), message);
      lines.flush();
    },
    flush() {
      lines.flush();
      return Promise.resolve();
    },
    close: () => lines.close(),
  };
}

/** A log that says nothing. */
export const silentLog: RequestLog = { debug() {}, info() {}, warn() {}, error() {}, request() {}, flush: () => Promise.resolve() };
