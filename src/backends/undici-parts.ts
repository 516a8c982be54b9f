/** The parts of undici that every request needs. The whole package brings a browser's fetch, WebSockets and caches, nine megabytes of memory that no router needs. */
import { createRequire } from 'node:module';
import type * as undici from 'undici';

const load = createRequire(import.meta.url);

// What the package itself exports under these names; tests that send anything to a backend notice when a version moves them.
export const Pool = load('undici/lib/dispatcher/pool.js') as typeof undici.Pool;
export const buildConnector = load('undici/lib/core/connect.js') as typeof undici.buildConnector;
