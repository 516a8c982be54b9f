/** `dashboard`: the page that people look at. */
import { z } from 'zod';
import { flag } from './values.ts';

export const dashboard = z
  .strictObject({
    enabled: flag.default(true).describe('Serve the dashboard under `/dashboard`, and send browsers there that open `/`.'),
  })
  .prefault({})
  .describe('The page in the browser.');
