/** `telemetry`: what the router says about itself. */
import { z } from 'zod';
import { filePath, httpUrl, positiveCount, size, text, textList } from './values.ts';

/** `~` is expanded, and XDG_DATA_HOME put in place of `~/.local/share`, by whoever loads the file. */
export const defaultLogFolder = '~/.local/share/ollama-agent-router/logs';

function isPattern(written: string): boolean {
  try {
    // One that takes the empty text would be found everywhere.
    return !new RegExp(written, 'i').test('');
  } catch {
    return false;
  }
}

const pattern = z.string().refine(isPattern).meta({ expects: 'a regular expression that does not match an empty text' });

export const telemetry = z
  .strictObject({
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged.'),
    logDir: filePath.default(defaultLogFolder).describe('Folder of the log files, one a day (UTC), of which 30 are kept; `none`: no files. `~` is the home folder; XDG_DATA_HOME is honoured by the default; relative to the configuration file.'),
    traces: z
      .strictObject({
        retainDays: positiveCount.default(30).describe('How long the trace of a request is kept. Figures by the hour stay 40 days at least, those by the day 400.'),
        maxRows: positiveCount.default(1_000_000).describe('Traces kept at most; the oldest go first. With `store.kind: memory` at most 20,000.'),
      })
      .prefault({})
      .describe('What happened to each request: where it waited and ran, how long, with what outcome. Never a word of a prompt or an answer: see `capture`.'),
    capture: z
      .strictObject({
        keys: textList.default([]).describe('Ids of the keys whose requests and answers are kept, for their owners to look at and to send again; `anonymous`: of callers without a key. Empty: of nobody. Admins may switch it for each key while the router runs (`/v1/admin/captures/keys`, or Settings in the dashboard), which is kept and audited.'),
        retainDays: positiveCount.default(7).describe('How long they are kept.'),
        maxBytes: size.prefault('256mb').describe('Bytes of all together; the oldest go first.'),
        redact: z.array(pattern).default([]).describe('Regular expressions, case aside, of what is taken out beside keys, passwords, pictures and recordings.'),
      })
      .prefault({})
      .describe('What was said, kept for those who ask for it, apart from the traces. Off unless a key is named or switched on.'),
    otlp: z
      .strictObject({
        endpoint: httpUrl.optional().describe('Where an OpenTelemetry collector takes OTLP over HTTP, such as http://127.0.0.1:4318; absent: nothing is sent.'),
        headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).default({}).describe('Sent with each export, for collectors that ask for a key. Never logged.'),
        serviceName: text.default('ollama-agent-router').describe('What the router is called there.'),
      })
      .prefault({})
      .describe('Each request as spans: its wait, each try, its load, its stream.'),
  })
  .prefault({})
  .describe('Logs and traces.');
