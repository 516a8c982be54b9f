/** Puts together where machines report themselves, and announces it to them. */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { AccessParts } from '../access/create-access.ts';
import { networkOf } from '../access/client-address.ts';
import { Throttle } from '../access/throttle.ts';
import { backends as backendKinds } from '../backends/index.gen.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { RunningFleet } from '../fleet/create-fleet.ts';
import type { Attempts } from '../fleet/enrol-door.ts';
import { KeptBook } from '../fleet/enrolment-book.ts';
import { MdnsAnnouncer } from '../fleet/mdns-announcer.ts';
import { createNodeDesk, type NodeDeskOptions, type RunningNodeDesk } from '../fleet/node-desk.ts';
import type { ServerBackend } from '../fleet/node-servers.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { asConfigured, type PlannedBackend } from './backend-plan.ts';
import { defaultTimeouts } from './detect.ts';
import type { Part } from './lifecycle.ts';
import { isLoopback } from './refusals.ts';
import type { ServingBackends } from './serving-backends.ts';

export interface NodesSources {
  readonly config: Config;
  readonly store: Pick<Store, 'kv'>;
  readonly fleet: RunningFleet;
  readonly serving: ServingBackends;
  readonly clock: Clock;
  readonly log: Log;
  /** Is nobody asked for a key? */
  readonly keyless: boolean;
  readonly denied: AccessParts['denied'];
  readonly ownCapacity?: NodeDeskOptions['ownCapacity'] | undefined;
}

export function createNodes(sources: NodesSources): RunningNodeDesk {
  const { config, store, fleet, clock, log } = sources;
  const { enrolToken, heartbeatMs, restartOllama } = config.fleet;
  const { ownCapacity } = sources;
  return createNodeDesk({
    clock,
    log,
    fleet,
    sink: sinkOf(sources),
    lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    kinds: new Set(backendKinds.map(({ kind }) => kind).filter((kind) => kind !== 'embedded')),
    book: new KeptBook(store.kv),
    attempts: attempts(),
    ...(enrolToken === undefined ? {} : { enrolToken }),
    // A machine of one's own, with nothing that asks who somebody is.
    trustLocal: sources.keyless && enrolToken === undefined && isLoopback(config.server.host),
    newToken: () => `oarjoin_${randomBytes(24).toString('base64url')}`,
    ownNodeId: config.server.nodeId,
    heartbeatMs,
    restartOllama,
    ...(ownCapacity === undefined ? {} : { ownCapacity }),
    denied: (reason, target, caller) => {
      log.warn({ node: target, address: caller.sender, reason }, 'machine is turned away');
      sources.denied({ at: clock.now(), event: 'plane_access_denied', outcome: 'denied', reason: `node_${reason}`, method: 'POST', path: '/heartbeat', remoteIp: caller.sender, principal: 'anonymous', plane: 'standalone', requestId: caller.requestId, target });
    },
  });
}

/** Like wrong keys: of IPv6, one network counts together. */
function attempts(): Attempts {
  const throttle = new Throttle();
  return {
    waitMs: (address, at) => throttle.waitMs(networkOf(address), at),
    failed: (address, at) => throttle.failed(networkOf(address), at),
    succeeded: (address, hash, at) => throttle.succeeded(networkOf(address), hash, at),
    isKnown: (address, hash) => throttle.isKnown(networkOf(address), hash),
  };
}

function sinkOf({ config, fleet, serving }: NodesSources): NodeDeskOptions['sink'] {
  const backendFor = (server: ServerBackend) => ({ ...serving.add(planned(server, config)), nodeId: server.nodeId, seed: server.seed });
  return {
    add: (server) => fleet.addBackend(backendFor(server)),
    replace: (server) => fleet.replaceBackend(backendFor(server)),
    remove: (id) => {
      fleet.removeBackend(id);
      serving.remove(id);
    },
    setNode: (backendId, nodeId) => fleet.setNode(backendId, nodeId),
  };
}

function planned({ id, kind: name, url, apiKey, maxConcurrent }: ServerBackend, config: Config): PlannedBackend {
  const kind = backendKinds.find((one) => one.kind === name);
  if (kind === undefined) throw new Error(`There is no backend kind ${name}.`);
  const usual = asConfigured({ kind, settings: { id, kind: name, url, priority: 0, tags: [], models: [], timeouts: defaultTimeouts } }, config);
  return { kind, settings: { ...usual.settings, ...(apiKey === undefined ? {} : { apiKey }), ...(maxConcurrent === undefined ? {} : { maxConcurrent }) } };
}

/** Every address of this machine, without a zone. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address.replace(/%.*$/, '')));
}

/** Of the interfaces that lead elsewhere; `host` is what the router listens on. */
function addressesFor(host: string): readonly string[] {
  const everywhere = host === '0.0.0.0' || host === '::';
  const found = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return found.filter(({ family, internal, address }) => family === 'IPv4' && !internal && (everywhere || address === host)).map(({ address }) => address);
}

const longestHost = 30;

/** Only a router that others can reach is announced. `port`: the one that it listens on. */
export function announcing({ server, fleet }: Config, version: string, clock: Clock, log: Log, port: () => number): Part {
  const announcer = new MdnsAnnouncer({ clock, log, addresses: () => addressesFor(server.host) });
  const hidden = !fleet.discovery.mdns || isLoopback(server.host);
  return {
    name: 'mdns',
    start: () => {
      if (hidden) return;
      const name = `Fleet Manager Router (${hostname().slice(0, longestHost)} ${port()})`;
      const txt: Record<string, string> = { version };
      if (server.basePath !== '/') txt['path'] = server.basePath;
      if (server.https.enabled) txt['protocol'] = 'https';
      void announcer.start({ name, port: port(), txt });
    },
    stop: () => announcer.stop(),
  };
}
