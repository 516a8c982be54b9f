/** The dashboard's settings, and the models that are pinned to machines (contract fleet part 1.3). */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import { adminRoute } from './admin-route.ts';
import type { Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { modelAndNode } from './model-and-node.ts';
import { rules } from './rules.ts';

export interface LiveSettingsSources {
  readonly routerVersion: string;
  /** What this machine is called. */
  readonly hostname: string;
  readonly localNodeId: string;
  /** What the file decides, by topic; read alone. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Where each value came from, by its path in `config`; what nobody knows is absent. */
  sources(): Readonly<Record<string, string>>;
  /** All of it, under the keys of the file. */
  configuration(): readonly { readonly key: string; readonly value: unknown; readonly source: string }[];
  readonly settings: {
    readonly values: { readonly num_ctx_overrides: object; readonly dynamic_num_ctx: boolean; readonly num_ctx_auto_calculate: boolean };
    change(wanted: Readonly<Record<string, unknown>>): Promise<object>;
  };
  readonly pins: {
    readonly nodes: Readonly<Record<string, readonly string[]>>;
    set(nodeId: string, model: string, pinned: boolean): Promise<void>;
  };
  readonly pinned: readonly string[];
  readonly maxPinned: number;
  fleet(): FleetView;
}

export function liveSettingsRoutes(sources: LiveSettingsSources, audit: Pick<Audit, 'record'>): Route[] {
  const { settings, pins } = sources;
  return [
    { method: 'GET', path: '/dashboard/api/settings', rule: rules.read, handle: (exchange) => exchange.send(200, settingsView(sources)) },
    adminRoute(audit, 'POST', '/dashboard/api/settings', async (exchange) => {
      const updated = await settings.change(await readJsonObject(exchange));
      const changed = Object.keys(updated).length > 0;
      return { reason: changed ? 'settings_changed' : 'settings_unchanged', body: changed ? { status: 'updated', updated } : { status: 'no_change', message: 'Everything is as it was asked for already.' } };
    }, rules.manage),
    { method: 'GET', path: '/dashboard/api/pinned-models', rule: rules.read, handle: (exchange) => exchange.send(200, { env_pins: sources.pinned, per_node: pins.nodes, max_count: sources.maxPinned }) },
    adminRoute(audit, 'POST', '/dashboard/api/pinned-models', async (exchange, told) => {
      const fields = await readJsonObject(exchange);
      const { nodeId, model } = modelAndNode(fields);
      const { pinned } = fields;
      if (typeof pinned !== 'boolean') throw new RouterError('invalid_request', '`pinned` must be true or false.', { param: 'pinned' });
      if (pinned && !isMachine(nodeId, sources.fleet())) throw new RouterError('invalid_request', `There is no machine ${nodeId}.`, { param: 'node_id' });
      told.target = nodeId;
      await pins.set(nodeId, model, pinned);
      return { reason: pinned ? 'model_pinned' : 'model_unpinned', body: { ok: true, per_node: pins.nodes } };
    }, rules.manage),
  ];
}

function isMachine(id: string, { nodes, backends }: FleetView): boolean {
  return nodes.some((node) => node.id === id) || backends.some((backend) => backend.nodeId === id);
}

function settingsView({ routerVersion, hostname, localNodeId, config, sources, configuration, settings, fleet }: LiveSettingsSources): unknown {
  const { num_ctx_overrides: overrides, ...toggles } = settings.values;
  const { context, ...others } = config;
  return {
    router_version: routerVersion,
    router_hostname: hostname,
    config: { toggles, context: { ...(context as object | undefined), dynamic_num_ctx: toggles.dynamic_num_ctx, num_ctx_auto_calculate: toggles.num_ctx_auto_calculate, num_ctx_overrides: overrides }, ...others },
    sources: sources(),
    configuration: configuration(),
    nodes: fleet().nodes.map(({ id, status, report }) => ({ node_id: id, status, agent_version: report?.agentVersion ?? null, is_router: id === localNodeId })),
  };
}
