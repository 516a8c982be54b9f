/** The rules that callers are held to, as the managed file and the configuration state them (contract agent-router part 2.1). Types only. */

export interface LimitPolicy {
  /** Requests in one window. */
  readonly requests: number;
  readonly windowSeconds: number;
  /** Tokens, prompts and answers together, in one window; absent: not counted. */
  readonly tokens?: number;
  /** Requests at once; absent: as many as they like. */
  readonly concurrent?: number;
}

/** The planes that the managed file rules; the admin plane has its own rules, read at start alone. */
export type ManagedPlane = 'standalone' | 'runtimeAgent';

export interface PlanePolicy {
  readonly enabled: boolean;
  /** `loopback: open` lets callers on this machine in without a key, whatever the rest says. */
  readonly auth: { readonly requireApiKey: boolean; readonly anonymous: 'allow' | 'reject' | 'limited'; readonly loopback?: 'open' | 'key' };
  readonly defaultLimit?: LimitPolicy;
  /** Callers must show a certificate that `server.https.caPath` vouches for. */
  readonly requireClientCert?: boolean;
}

export interface KeyPolicy {
  readonly id: string;
  readonly name?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly keyHash: string;
  readonly enabled: boolean;
  /** Planes it opens, and `read` and `manage` within them. */
  readonly scopes: readonly (ManagedPlane | 'read' | 'manage')[];
  readonly limits: { readonly [plane in ManagedPlane]?: LimitPolicy };
  /** ISO 8601; absent: never. */
  readonly expiresAt?: string;
  /** Names it may ask for, `*` at an end; absent: all. */
  readonly models?: readonly string[];
  /** The highest priority that its requests may claim; absent: any (ruling 9). */
  readonly maxPriority?: 'low' | 'normal' | 'high';
}

export interface ManagedPolicy {
  /** Counts the changes. */
  readonly version: number;
  /** ISO 8601. */
  readonly updatedAt?: string;
  readonly planes: { readonly [plane in ManagedPlane]: PlanePolicy };
  readonly apiKeys: readonly KeyPolicy[];
}

export interface AdminPolicy {
  readonly enabled: boolean;
  readonly auditLog: boolean;
  /** Addresses and ranges that may call it. */
  readonly allowedIps: readonly string[];
  readonly apiKeyHashes: readonly string[];
  readonly clientCert: { readonly required: boolean; readonly allowedFingerprints: readonly string[]; readonly allowedSubjects: readonly string[] };
}

export interface AccessSettings {
  readonly admin: AdminPolicy;
  /** Proxies whose `X-Forwarded-For` is believed: addresses and ranges. */
  readonly trustedProxies: readonly string[];
  /** Anonymous callers from other machines may do all that those on this machine may. */
  readonly allowOpenNetwork: boolean;
}
