/** `telemetry`: what the router says about itself. */
import { z } from 'zod';

export const telemetry = z
  .strictObject({
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged.'),
  })
  .prefault({})
  .describe('Logs.');
