/** `access`: who may use which plane (contract agent-router part 2.1). */
import { z } from 'zod';
import { count, filePath, flag, positiveCount, text, textList } from './values.ts';

/** What the documentation's examples put where a hash belongs; accepted with a warning. */
export function isPlaceholderHash(hash: string): boolean {
  return /^sha256:replace-/i.test(hash);
}

const keyHash = z
  .string()
  .refine((hash) => isPlaceholderHash(hash) || /^sha256:[0-9a-fA-F]{64}$/.test(hash))
  .meta({ expects: 'sha256: and the 64 hexadecimal digits of the hash of the key' });

const limit = z.strictObject({
  requests: positiveCount.describe('Requests allowed in one window.'),
  windowSeconds: positiveCount.describe('Length of the window.'),
});

const plane = z
  .strictObject({
    enabled: flag.default(true).describe('Off: its addresses answer 404.'),
    auth: z
      .strictObject({
        requireApiKey: flag.default(false).describe('Every request needs a key.'),
        anonymous: z.enum(['allow', 'reject', 'limited']).default('allow').describe('What happens to a request without a key.'),
      })
      .prefault({})
      .describe('Who may come in.'),
    defaultLimit: limit.optional().describe('Limit of each caller that has none of its own. Absent: unlimited.'),
  })
  .prefault({});

const apiKey = z.strictObject({
  id: z.string().regex(/^[a-zA-Z0-9._:-]+$/).meta({ expects: 'letters, digits and the characters . _ : - only' }).describe('Names the key in logs and limits.'),
  name: text.optional().describe('For people.'),
  keyHash: keyHash.describe('Hash of the key, `sha256:` and 64 digits.'),
  enabled: flag.default(true).describe('Off: the key is refused.'),
  scopes: z.array(z.enum(['standalone', 'runtimeAgent'])).min(1).meta({ expects: 'a list with at least one of standalone, runtimeAgent' }).describe('Planes it opens.'),
  limits: z.strictObject({ standalone: limit.optional(), runtimeAgent: limit.optional() }).prefault({}).describe('Its own limits, per plane.'),
});

const managed = z
  .strictObject({
    version: count.default(1).describe('Counts the changes.'),
    updatedAt: z.iso.datetime({ offset: true }).meta({ expects: 'a date and time such as 2026-05-01T12:00:00Z' }).optional().describe('When it was changed last.'),
    planes: z
      .strictObject({ standalone: plane.describe('The OpenAI and Ollama APIs and the jobs.'), runtimeAgent: plane.describe('Status endpoints and execution on a named model, for gateways.') })
      .prefault({})
      .describe('The doors and their rules.'),
    apiKeys: z.array(apiKey).default([]).describe('The keys, as hashes.'),
  })
  .prefault({})
  .describe('The policy that the admin plane may change.');

const admin = z
  .strictObject({
    enabled: flag.default(false).describe('Offer the admin plane. Needs `managedConfigPath` and at least one hash.'),
    auditLog: flag.default(true).describe('Log each call of the admin plane.'),
    trustedProxy: flag.default(false).describe('Believe X-Forwarded-For of a proxy on this machine.'),
    allowedIps: textList.default(['127.0.0.1', '::1']).describe('Addresses and ranges that may call it.'),
    apiKeyHashes: z.array(keyHash).default([]).describe('Hashes of the keys that open it.'),
    clientCert: z
      .strictObject({
        required: flag.default(false).describe('Ask for a trusted client certificate. Needs HTTPS and `server.https.caPath`.'),
        allowedFingerprints: textList.default([]).describe('SHA-256 fingerprints that may come in; empty: any.'),
        allowedSubjects: textList.default([]).describe('Subjects that may come in; empty: any.'),
      })
      .prefault({})
      .describe('Client certificates.'),
  })
  .prefault({})
  .describe('The admin plane; its own rules are read at start alone.');

export const access = z
  .strictObject({
    managedConfigPath: filePath.optional().describe('File that keeps the changeable policy; relative to the configuration file.'),
    bootstrapIfMissing: flag.default(true).describe('Write that file from `access.managed` when it is missing; otherwise its absence stops the start.'),
    managed,
    admin,
  })
  .optional()
  .describe('Keys, limits and the admin plane. Absent: open, and without admin plane. This version checks the section, and does not serve with it yet.');
