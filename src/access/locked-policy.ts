/** The policy of a router that nobody has written one for: other machines need a key, this one none. */
import type { ManagedPolicy, PlanePolicy } from './policy.ts';

const locked: PlanePolicy = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject', loopback: 'open' } };

export const lockedPolicy: ManagedPolicy = { version: 1, planes: { standalone: locked, runtimeAgent: locked }, apiKeys: [] };
