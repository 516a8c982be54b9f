/** `server`: where the router listens and how. */
import { z } from 'zod';
import { basePath, filePath, flag, milliseconds, size, text, textList } from './values.ts';

const https = z
  .strictObject({
    enabled: flag.default(false).describe('Serve HTTPS instead of HTTP.'),
    certPath: filePath.optional().describe('PEM file of the certificate (with its chain), read again within half a minute when it is renewed; relative to the working directory.'),
    keyPath: filePath.optional().describe('PEM file of the private key.'),
    caPath: filePath.optional().describe('PEM file of the authorities that client certificates are checked against.'),
  })
  .prefault({})
  .describe('HTTPS straight from the router.');

export const server = z
  .strictObject({
    nodeId: z.string().regex(/^[a-zA-Z0-9.-]+$/).meta({ expects: 'letters, digits, dots and dashes only' }).default('local').describe('Name of this machine; it is part of every job id, so keep it stable.'),
    host: text.default('127.0.0.1').describe('Address to listen on. 127.0.0.1 is reachable from this machine only.'),
    port: z.int().min(0).max(65535).default(11435).describe('Port to listen on; 0 takes any free one.'),
    basePath: basePath.prefault('/').describe('Prefix of every address, such as /ollama-router.'),
    requestBodyLimit: size.prefault('8mb').describe('Largest request body; a larger one gets 413.'),
    holdHeadMs: milliseconds.default(15_000).describe('How long the head of a streamed answer is held back for a clean error or a retry; afterwards comments keep the line alive.'),
    https,
    cors: z
      .strictObject({ origins: textList.default([]).describe('Web pages that may call the router from a browser, such as https://chat.example.org; `*` means any. Absent: none.') })
      .prefault({})
      .describe('Calls from web pages of other origins.'),
  })
  .prefault({})
  .describe('Where the router listens.');
