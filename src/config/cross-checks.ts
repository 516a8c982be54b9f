/** What no single key can say: settings that contradict each other, and settings that are allowed but deserve a word. Pure. */
import { modelKey } from '../util/model-name.ts';
import { closestName } from './closest-name.ts';
import type { Config } from './config.ts';
import { type ConfigPath, formatPath } from './config-path.ts';
import { isPlaceholderHash } from './sections/access.ts';

export interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

/** Every contradiction; each stops the start. */
export function contradictions(config: Config): readonly Finding[] {
  return [...modelContradictions(config), ...unknownRouteModels(config), ...backendContradictions(config), ...aliasContradictions(config), ...httpsContradictions(config), ...accessContradictions(config), ...fleetContradictions(config)];
}

function modelContradictions({ models }: Config): readonly Finding[] {
  return models.flatMap((model, index) => {
    const found: Finding[] = [];
    const first = models.findIndex((other) => modelKey(other.name) === modelKey(model.name));
    if (first < index) found.push({ path: ['models', index, 'name'], message: `models[${index}].name repeats models[${first}].name (${model.name}). List each model once.` });
    if (model.defaultContext !== undefined && model.maxContext !== undefined && model.defaultContext > model.maxContext) {
      found.push({ path: ['models', index, 'defaultContext'], message: `models[${index}].defaultContext (${model.defaultContext}) is larger than its maxContext (${model.maxContext}). Write ${model.maxContext} or less.` });
    }
    if (model.exclusive && (model.maxConcurrent ?? 1) > 1) {
      found.push({ path: ['models', index, 'maxConcurrent'], message: `models[${index}] is exclusive, so it runs one request at a time. Write maxConcurrent: 1, or exclusive: false.` });
    }
    return found;
  });
}

/** Without a list of models there is nothing to compare with: the backends say what there is. */
function unknownRouteModels({ models, routes }: Config): readonly Finding[] {
  const known = new Set(models.map(({ name }) => modelKey(name)));
  if (known.size === 0) return [];
  const unknown = Object.entries(routes ?? {}).flatMap(([task, names]) => names.flatMap((name, index) => (known.has(modelKey(name)) ? [] : [{ task, name, path: ['routes', task, index] }])));
  const [first] = unknown;
  if (first === undefined) return [];
  const near = closestName(first.name, models.map(({ name }) => name));
  const advice = near === null ? 'Add them to models, or remove them from the routes.' : `Did you mean ${near}?`;
  return [{ path: first.path, message: `Routes reference unknown models: ${unknown.map(({ task, name }) => `${task}:${name}`).join(', ')}. ${advice}` }];
}

function backendContradictions({ backends = [] }: Config): readonly Finding[] {
  return backends.flatMap(({ id, kind, url }, index) => {
    const found: Finding[] = [];
    if (backends.findIndex((other) => other.id === id) < index) found.push({ path: ['backends', index, 'id'], message: `backends[${index}].id repeats ${id}. Give each backend its own id.` });
    if (kind !== 'embedded' && url === undefined) found.push({ path: ['backends', index, 'url'], message: `backends[${index}].url is missing. Write the address of ${id}, such as http://127.0.0.1:11434.` });
    if (kind === 'embedded' && url !== undefined) found.push({ path: ['backends', index, 'url'], message: `backends[${index}].url has no meaning: the router starts the embedded engine itself. Remove it.` });
    return found;
  });
}

function aliasContradictions({ aliases }: Config): readonly Finding[] {
  return Object.entries(aliases).flatMap(([asked, served]) => {
    const place = formatPath(['aliases', asked]);
    if (modelKey(asked) === modelKey(served)) return [{ path: ['aliases', asked], message: `${place} points to itself. Remove it.` }];
    const star = asked.indexOf('*');
    if (star >= 0 && star < asked.length - 1) return [{ path: ['aliases', asked], message: `${place}: a * may only stand at the end of a name, as in claude-*.` }];
    return served.includes('*') ? [{ path: ['aliases', asked], message: `${place} must be the name of one model, without *.` }] : [];
  });
}

function httpsContradictions({ server: { https } }: Config): readonly Finding[] {
  if (!https.enabled) return [];
  return (['certPath', 'keyPath'] as const)
    .filter((key) => https[key] === undefined)
    .map((key) => ({ path: ['server', 'https', key], message: `server.https.${key} is missing. With enabled: true, write the path of the PEM file.` }));
}

/** A machine is silent for longer and longer: each limit lies behind the one before it. */
function fleetContradictions({ fleet }: Config): readonly Finding[] {
  const found: Finding[] = [];
  if (fleet.heartbeatMs > fleet.degradedAfterMs) found.push({ path: ['fleet', 'heartbeatMs'], message: `fleet.heartbeatMs (${fleet.heartbeatMs}) is longer than degradedAfterMs (${fleet.degradedAfterMs}): every machine would look ill between two reports. Write ${Math.max(1, Math.floor(fleet.degradedAfterMs / 3))} or less.` });
  for (const [later, earlier] of [['offlineAfterMs', 'degradedAfterMs'], ['forgetAfterMs', 'offlineAfterMs']] as const) {
    if (fleet[later] < fleet[earlier]) found.push({ path: ['fleet', later], message: `fleet.${later} (${fleet[later]}) is shorter than ${earlier} (${fleet[earlier]}). Write ${fleet[earlier]} or more.` });
  }
  return found;
}

function accessContradictions({ access, server }: Config): readonly Finding[] {
  if (access === undefined) return [];
  const found: Finding[] = [];
  const { admin, managed, managedConfigPath } = access;
  if (admin.enabled && managedConfigPath === undefined) found.push({ path: ['access', 'managedConfigPath'], message: 'access.admin.enabled needs access.managedConfigPath: write the path of a file that the admin plane may change.' });
  if (admin.enabled && admin.apiKeyHashes.length === 0) found.push({ path: ['access', 'admin', 'apiKeyHashes'], message: 'access.admin.enabled needs at least one hash in access.admin.apiKeyHashes.' });
  if (admin.clientCert.required && !(server.https.enabled && server.https.caPath !== undefined)) {
    found.push({ path: ['access', 'admin', 'clientCert', 'required'], message: 'access.admin.clientCert.required needs server.https.enabled: true and server.https.caPath.' });
  }
  for (const plane of ['standalone', 'runtimeAgent'] as const) {
    if (managed.planes[plane].requireClientCert && !(server.https.enabled && server.https.caPath !== undefined)) {
      found.push({ path: ['access', 'managed', 'planes', plane, 'requireClientCert'], message: `access.managed.planes.${plane}.requireClientCert needs server.https.enabled: true and server.https.caPath.` });
    }
  }
  const { apiKeys } = managed;
  for (const [index, { id, keyHash }] of apiKeys.entries()) {
    if (apiKeys.findIndex((other) => other.id === id) < index) found.push({ path: ['access', 'managed', 'apiKeys', index, 'id'], message: `access.managed.apiKeys[${index}].id repeats ${id}. Give each key its own id.` });
    const same = apiKeys.findIndex((other) => other.keyHash.toLowerCase() === keyHash.toLowerCase());
    if (same < index && !isPlaceholderHash(keyHash)) found.push({ path: ['access', 'managed', 'apiKeys', index, 'keyHash'], message: `access.managed.apiKeys[${index}] has the same key as ${apiKeys[same]?.id}. Give each its own key.` });
  }
  return found;
}

const shortToken = 16;

/** What is allowed but may surprise; `isSet` tells whether the file, the environment or a flag named a key. */
export function notices(config: Config, isSet: (path: ConfigPath) => boolean): readonly Finding[] {
  const { access, gpu, jobs, models, router, store, backends } = config;
  const found: Finding[] = [];
  if (jobs.store === 'memory') found.push({ path: ['jobs', 'store'], message: 'jobs.store: memory loses queued jobs and results when the router stops. Write sqlite to keep them.' });
  else if (jobs.store === undefined && store.kind === 'memory') found.push({ path: ['store', 'kind'], message: 'store.kind: memory loses queued jobs and results when the router stops. Write sqlite to keep them.' });
  if (router.classification.mode === 'model' && router.classification.optionalClassifierModel === undefined) {
    found.push({ path: ['router', 'classification', 'mode'], message: 'router.classification.mode: model has no effect without optionalClassifierModel; the rules decide.' });
  }
  if (gpu.vramTotalMb !== undefined && gpu.vramTotalMb > 0 && gpu.vramSafetyReserveMb >= gpu.vramTotalMb) {
    found.push({ path: isSet(['gpu', 'vramSafetyReserveMb']) ? ['gpu', 'vramSafetyReserveMb'] : ['gpu', 'vramTotalMb'], message: `gpu.vramSafetyReserveMb (${gpu.vramSafetyReserveMb}) leaves nothing of gpu.vramTotalMb (${gpu.vramTotalMb}): no model fits.` });
  }
  if (models.length === 0 && config.routes !== undefined) found.push({ path: ['routes'], message: 'routes have no effect without models. List the models, or remove the routes.' });
  if (backends !== undefined && isSet(['ollama', 'baseUrl'])) found.push({ path: ['ollama', 'baseUrl'], message: 'ollama.baseUrl is not used, because backends lists the servers. Remove one of the two.' });
  const { enrolToken } = config.fleet;
  if (enrolToken !== undefined && enrolToken.length < shortToken) found.push({ path: ['fleet', 'enrolToken'], message: `fleet.enrolToken has fewer than ${shortToken} characters, so that somebody may guess it. \`openssl rand -hex 16\` makes a good one.` });
  const placeholders = [...(access?.admin.apiKeyHashes ?? []), ...(access?.managed.apiKeys ?? []).map(({ keyHash }) => keyHash)].filter(isPlaceholderHash);
  if (placeholders.length > 0) found.push({ path: ['access'], message: `access has ${placeholders.length} placeholder${placeholders.length === 1 ? '' : 's'} where the hash of a key belongs (${placeholders[0]}): no key matches it. Replace it before use.` });
  return found;
}
