/** The log: one JSON line an event, secrets redacted. */
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

/** `sink` takes whole lines, several at once. `close` writes what is left. Warnings and errors are written at once. */
export function createLog(level: LogLevel, sink: (text: string) => void): RouterLog {
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

/** Tells both. `close` closes the first. */
export function inBoth(first: RouterLog, second: RequestLog): RouterLog {
  return {
    debug(fields, message) {
      first.debug(fields, message);
      second.debug(fields, message);
    },
    info(fields, message) {
      first.info(fields, message);
      second.info(fields, message);
    },
    warn(fields, message) {
      first.warn(fields, message);
      second.warn(fields, message);
    },
    error(fields, message) {
      first.error(fields, message);
      second.error(fields, message);
    },
    request(trace) {
      first.request(trace);
      second.request(trace);
    },
    flush: async () => void (await Promise.all([first.flush(), second.flush()])),
    close: () => first.close(),
  };
}

/** A log that says nothing. */
export const silentLog: RequestLog = { debug() {}, info() {}, warn() {}, error() {}, request() {}, flush: () => Promise.resolve() };
