/** `telemetry`: what the router says about itself. */
import { z } from 'zod';
import { filePath } from './values.ts';

/** `~` is expanded, and XDG_DATA_HOME put in place of `~/.local/share`, by whoever loads the file. */
export const defaultLogFolder = '~/.local/share/ollama-agent-router/logs';

export const telemetry = z
  .strictObject({
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged.'),
    logDir: filePath.default(defaultLogFolder).describe('Folder of the log files, one a day (UTC), of which 30 are kept; `none`: no files. `~` is the home folder; XDG_DATA_HOME is honoured by the default; relative to the configuration file.'),
  })
  .prefault({})
  .describe('Logs.');
