/** `access`: who may use which plane (contract agent-router part 2.1). */
import { z } from 'zod';
import { parseRange } from '../../util/address-ranges.ts';
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
  tokens: positiveCount.optional().describe('Tokens of prompts and answers allowed in one window. Absent: not counted.'),
  concurrent: positiveCount.optional().describe('Requests at once. Absent: as many as they like.'),
});

/** As the door reads them, so that what it would refuse is refused with its place in the file. */
const ranges = z.array(text.refine((entry) => parseRange(entry) !== null).meta({ expects: 'an address or a range such as 10.0.0.0/8, 192.168.1.7 or fd00::/8' }));

const proxies = z
  .union([z.boolean(), ranges])
  .transform((written) => (written === true ? ['127.0.0.0/8', '::1'] : written === false ? [] : written))
  .meta({ expects: 'a list of addresses and ranges such as [10.0.0.0/8], or false' });

const plane = z
  .strictObject({
    enabled: flag.default(true).describe('Off: its addresses answer 404.'),
    auth: z
      .strictObject({
        requireApiKey: flag.default(false).describe('Every request needs a key.'),
        anonymous: z.enum(['allow', 'reject', 'limited']).default('allow').describe('What happens to a request without a key; `limited`: 60 a minute for each address unless `defaultLimit` says otherwise, and no more than inference.'),
        loopback: z.enum(['open', 'key']).default('key').describe('`open`: callers on this machine need no key, whatever the rest says.'),
      })
      .prefault({})
      .describe('Who may come in.'),
    defaultLimit: limit.optional().describe('Limit of each caller that has none of its own. Absent: unlimited.'),
    requireClientCert: flag.default(false).describe('Callers must show a certificate of `server.https.caPath`.'),
  })
  .prefault({});

const wholePlane = z.strictObject({
  ...plane.unwrap().shape,
  enabled: flag,
  auth: z.strictObject({ requireApiKey: flag, anonymous: z.enum(['allow', 'reject', 'limited']), loopback: z.enum(['open', 'key']).default('key') }),
});

/** Names that the router gives to callers without a key of the policy. */
function isReservedId(id: string): boolean {
  return /^(?:anonymous$|anonymous:|admin:)/.test(id);
}

export const apiKey = z.strictObject({
  id: z.string().regex(/^[a-zA-Z0-9._:-]+$/).refine((id) => !isReservedId(id)).meta({ expects: 'letters, digits and the characters . _ : - only, and not anonymous or a name that begins with admin:' }).describe('Names the key in logs and limits.'),
  name: text.optional().describe('For people.'),
  keyHash: keyHash.describe('Hash of the key, `sha256:` and 64 digits.'),
  enabled: flag.default(true).describe('Off: the key is refused.'),
  scopes: z.array(z.enum(['standalone', 'runtimeAgent', 'read', 'manage'])).min(1).refine((scopes) => scopes.includes('standalone') || scopes.includes('runtimeAgent')).meta({ expects: 'a list with at least one of standalone, runtimeAgent, and read or manage where it may do more' }).describe('Planes it opens; `read` lets it look at the fleet, `manage` change it.'),
  expiresAt: z.iso.datetime({ offset: true }).meta({ expects: 'a date and time such as 2027-01-31T00:00:00Z' }).optional().describe('From then on it is refused. Absent: never.'),
  models: z.array(text).min(1).optional().describe('Models it may ask for; a name may end in `*`. Absent: all.'),
  maxPriority: z.enum(['low', 'normal', 'high']).optional().describe('The highest priority its requests may claim. Absent: any.'),
  limits: z.strictObject({ standalone: limit.optional(), runtimeAgent: limit.optional() }).prefault({}).describe('Its own limits, per plane.'),
});

export const managed = z
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

/** The same as it must stand in the managed file and in a `PUT`: whole, so that what is forgotten is never open (AR-D14). */
export const wholeManaged = z.strictObject({
  version: count.optional(),
  updatedAt: z.iso.datetime({ offset: true }).optional(),
  planes: z.strictObject({ standalone: wholePlane, runtimeAgent: wholePlane }),
  apiKeys: z.array(apiKey),
});

const admin = z
  .strictObject({
    enabled: flag.default(false).describe('Offer the admin plane. Needs `managedConfigPath` and at least one hash.'),
    auditLog: flag.default(true).describe('Keep an audit, in the log and in the store: each call of the admin plane, and each attempt that was denied on any plane.'),
    trustedProxy: proxies.default([]).describe('Proxies whose X-Forwarded-For is believed, on every plane: addresses and ranges. true means those on this machine.'),
    allowedIps: ranges.default(['127.0.0.1', '::1']).describe('Addresses and ranges that may call it.'),
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
    allowOpenNetwork: flag.default(false).describe('Serve other machines without any key. Whoever reaches the port may use every model and change them.'),
    managed,
    admin,
  })
  .optional()
  .describe('Keys, limits and the admin plane. Absent: open on this machine, and without admin plane.');
