/** The admin API: who may do what, changed while the router runs, and the audit of it (contract agent-router part 2.3). */
import type { AccessAdmin, Audit, AuditEntry, KeyChange } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import { type AdminAct, adminRoute, type Done } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { pageOf } from './page.ts';

export interface AdminSources {
  readonly access: AccessAdmin;
  readonly audit: Audit;
}

type Fields = Readonly<Record<string, unknown>>;

export function adminRoutes({ access, audit }: AdminSources): Route[] {
  const route = (method: string, path: string, act: AdminAct): Route => adminRoute(audit, method, path, act);
  const keyPath = '/v1/admin/access/keys/:id';
  return [
    route('GET', '/v1/admin/access/config', () => ({ reason: 'config_read', body: access.config() })),
    route('PUT', '/v1/admin/access/config', (exchange) => replace(access, exchange)),
    route('GET', '/v1/admin/access/keys', async () => ({ reason: 'keys_read', body: await listed(access) })),
    route('POST', '/v1/admin/access/keys', (exchange, told) => add(access, exchange, told)),
    route('PATCH', keyPath, withKey(async (id, exchange) => {
      const { expectedVersion, ...fields } = await readJsonObject(exchange);
      return changed('key_updated', await access.changeKey(id, fields, versionIn(expectedVersion)));
    })),
    route('DELETE', keyPath, withKey(async (id, { query }) => {
      const { key, version } = await access.revokeKey(id, versionIn(numberIn(query.get('expectedVersion'))));
      return { reason: 'key_revoked', version, body: { revoked: key } };
    })),
    route('POST', `${keyPath}/rotate`, withKey(async (id, exchange) => {
      const { expectedVersion, ...strange } = await readJsonObject(exchange);
      refuseUnknown(strange, ['expectedVersion']);
      return changed('key_rotated', await access.rotateKey(id, versionIn(expectedVersion)));
    })),
    route('GET', '/v1/admin/audit', async (exchange) => ({ reason: 'audit_read', body: { entries: (await audit.page(pageOf(exchange))).map(entryRow) } })),
  ];
}

async function replace(access: AccessAdmin, exchange: Exchange): Promise<Done> {
  const { expectedVersion, config, ...strange } = await readJsonObject(exchange);
  refuseUnknown(strange, ['expectedVersion', 'config']);
  if (config === undefined) throw new RouterError('invalid_request', 'config is missing. It must be the whole policy, as GET shows it.', { param: 'config' });
  const body = await access.replace(config, versionIn(expectedVersion));
  return { reason: 'config_updated', version: body.version, body };
}

async function add(access: AccessAdmin, exchange: Exchange, told: { target?: string }): Promise<Done> {
  const { expectedVersion, ...fields } = await readJsonObject(exchange);
  if (typeof fields['id'] === 'string' && fields['id'] !== '') told.target = fields['id'];
  return { ...changed('key_added', await access.addKey(fields, versionIn(expectedVersion))), status: 201 };
}

async function listed(access: AccessAdmin): Promise<unknown> {
  const { version, keys } = await access.keys();
  return { version, keys: keys.map(({ lastUsedAt, ...key }) => ({ ...key, lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString() })) };
}

function withKey(act: (id: string, exchange: Exchange) => Promise<Done>): AdminAct {
  return (exchange, told) => {
    const id = exchange.params['id'] ?? '';
    told.target = id;
    return act(id, exchange);
  };
}

/** The entry, and the key itself when it was made here. */
function changed(reason: string, { key, version, secret }: KeyChange): Done {
  return { reason, version, body: secret === undefined ? key : { ...key, key: secret } };
}

function versionIn(written: unknown): number | null {
  if (written === undefined || written === null) return null;
  if (typeof written === 'number' && Number.isSafeInteger(written) && written >= 0) return written;
  throw new RouterError('invalid_request', 'expectedVersion must be a whole number, 0 or more.', { param: 'expectedVersion' });
}

function numberIn(text: string | null): number | null {
  return text === null ? null : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function refuseUnknown(strange: Fields, known: readonly string[]): void {
  const [name] = Object.keys(strange);
  if (name !== undefined) throw new RouterError('invalid_request', `There is no key ${name}. The body has the keys ${known.join(', ')}.`, { param: name });
}

/** The same names as in the log. */
function entryRow({ at, ...entry }: AuditEntry) {
  return { ...entry, at: new Date(at).toISOString() };
}
