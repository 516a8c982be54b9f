/** What the doctor says to what it has seen: a line for each thing, with what to do. Pure. */
import { checks } from '../checks/index.gen.ts';
import type { HealthView, RequestFigures } from '../checks/check.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { Examined } from '../commands/command.ts';
import type { BackendState, FleetView, Resident } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import { modelCatalogue } from '../routing/model-catalogue.ts';
import { recommendModels } from '../routing/recommend.ts';
import { sameModel } from '../util/model-name.ts';
import type { DoctorFacts } from './doctor-facts.ts';

/** Those that say something of one machine by itself. */
const fitting = ['memory_pressure', 'swap_in_use', 'disk_low', 'gpu_hot', 'clock_skew', 'version_mismatch'];
/** Models load with so much unless somebody says otherwise, and longer prompts are cut without a word. */
const shortContext = 4096;
const gib = 2 ** 30;

export function verdictsOn(facts: DoctorFacts): readonly Examined[] {
  return [...configLines(facts), ...storeLines(facts), ...ollamaLines(facts), ...modelLines(facts), ...otherLines(facts), ...machineLines(facts), ...gpuLines(facts), ...contextLines(facts), ...portLines(facts), ...routerLines(facts), ...mdnsLines(facts)];
}

type Lines = readonly Examined[];

function ok(id: string, text: string): Examined {
  return { id, verdict: 'ok', text };
}

function configLines({ config }: DoctorFacts): Lines {
  if ('error' in config) return [{ id: 'config', verdict: 'problem', text: `The configuration cannot be used: ${config.error}`, fix: 'Put it right, then check it.', command: 'oar validate-config' }];
  const found = ok('config', config.path === null ? 'There is no configuration file: the defaults hold.' : `The configuration ${config.path} is valid.`);
  return [found, ...config.warnings.map((text): Examined => ({ id: 'config', verdict: 'warning', text, fix: 'Change that in the file.', command: 'oar validate-config' }))];
}

function storeLines({ folder, sqlite }: DoctorFacts): Lines {
  return [
    folder.problem === null ? ok('folder', `${folder.path} may be written to.`) : { id: 'folder', verdict: 'problem', text: `${folder.path} cannot be written to: ${folder.problem}`, fix: 'Make it yours.', command: `mkdir -p '${folder.path}' && chown -R "$USER" '${folder.path}' && chmod u+rwx '${folder.path}'` },
    sqlite.problem === null ? ok('sqlite', sqlite.path === null ? 'SQLite works.' : `SQLite works, and ${sqlite.path} is fit for it.`) : { id: 'sqlite', verdict: 'problem', text: `SQLite cannot be used: ${sqlite.problem}`, ...(sqlite.path === null ? { command: 'npm install -g ollama-agent-router' } : { fix: 'Move the file away; the router makes a new one.', command: `mv '${sqlite.path}' '${sqlite.path}.bad'` }) },
  ];
}

function ollamaLines({ ollama: { url, installed, report }, others }: DoctorFacts): Lines {
  if (report !== null) return [ok('ollama', `Ollama ${report.version ?? 'of an unknown version'} answers at ${url}.`)];
  const verdict = others.length > 0 ? 'warning' : 'problem';
  if (installed) return [{ id: 'ollama', verdict, text: `Ollama does not answer at ${url}.`, fix: 'Start it, or let the agent do that with `oar node --start-ollama`.', command: 'ollama serve' }];
  return [{ id: 'ollama', verdict, text: `Ollama does not answer at ${url}, and there is no program \`ollama\`.`, fix: 'Install it (https://ollama.com/download).', command: 'curl -fsSL https://ollama.com/install.sh | sh' }];
}

/** A machine without models is told which one suits it. */
function modelLines({ ollama: { report }, ...facts }: DoctorFacts): Lines {
  if (report === null) return [];
  if (report.models.length > 0) return [ok('models', `${report.models.length} ${report.models.length === 1 ? 'model is' : 'models are'} on the disk, ${report.resident?.length ?? 0} in memory.`)];
  const [plan] = recommendModels({ view: viewOf({ ollama: { url: '', installed: true, report }, ...facts }), catalogue: modelCatalogue, used: [], missing: [] }).machines;
  const [first] = plan?.advice ?? [];
  return [{ id: 'models', verdict: 'warning', text: 'Ollama has no model yet.', ...(first === undefined ? { fix: 'No model that we know of fits this machine.' } : { fix: `${first.title} suits this machine.`, command: `ollama pull ${first.model}` }) }];
}

function otherLines({ others }: DoctorFacts): Lines {
  return others.map(({ name, url }) => ok('servers', `${name} answers at ${url}, and joins with the machine.`));
}

/** What the checks of the fleet would say of this machine alone; what they are content with is told in figures. */
function machineLines(facts: DoctorFacts): Lines {
  const { report: { memory, disk } } = facts;
  const found = runChecks(checks.filter(({ id }) => fitting.includes(id)), healthOf(facts)).map(({ checkId, severity, title, description, fix, command }): Examined => ({ id: checkId, verdict: severity === 'critical' ? 'problem' : 'warning', text: `${title}: ${description}`, fix, ...(command === undefined ? {} : { command }) }));
  const fine = (id: string, text: string): Lines => (found.some((one) => one.id === id) ? [] : [ok(id, text)]);
  const gb = (bytes: number): string => (bytes / gib).toFixed(1);
  return [
    ...found,
    ...fine('memory_pressure', `${gb(memory.availableBytes)} of ${gb(memory.totalBytes)} GB of memory are available.`),
    ...fine('swap_in_use', memory.swapUsedBytes === undefined ? 'Swap is not in the way.' : `${gb(memory.swapUsedBytes)} GB are swapped, and memory is not short.`),
    ...(disk === undefined ? [] : fine('disk_low', `${gb(disk.availableBytes)} GB of disk are free.`)),
  ];
}

function gpuLines({ report: { gpus }, undriven, ollama }: DoctorFacts): Lines {
  const cards = gpus.filter((gpu) => gpu.unified !== true);
  const resident = ollama.report?.resident ?? [];
  const missed = resident.filter(isBesideGpu);
  const names = cards.map(({ name, index }) => name ?? `GPU ${index}`).join(', ');
  return [
    ...undriven.map((name): Examined => ({ id: 'gpu_driver', verdict: 'warning', text: `${name} is in the machine, and no driver shows it.`, fix: 'Install the driver of its maker, and start the machine anew.', command: 'nvidia-smi' })),
    ...(gpus.length === 0 && undriven.length === 0 ? [ok('gpu', 'There is no graphics card: models run on the processor.')] : []),
    ...(cards.length > 0 && missed.length > 0 ? [{ id: 'gpu', verdict: 'problem', text: `The driver shows ${names}, but Ollama runs ${missed.map(({ name }) => name).join(', ')} on the processor.`, fix: 'Start Ollama anew; its log says why it does not find the card.', command: 'sudo systemctl restart ollama; journalctl -u ollama -n 200 | grep -i -E "gpu|cuda|rocm"' } as const] : []),
    ...(cards.length > 0 && missed.length === 0 ? [ok('gpu', `${names}${resident.some(({ vramBytes = 0 }) => vramBytes > 0) ? ', used by Ollama.' : ': load a model to see whether Ollama uses it.'}`)] : []),
    ...(cards.length === 0 && gpus.length > 0 ? [ok('gpu', `${gpus.map(({ name, index }) => name ?? `GPU ${index}`).join(', ')} shares the memory of the machine.`)] : []),
  ];
}

/** A server that does not say where a model is may have it anywhere. */
function isBesideGpu({ vramBytes, sizeBytes = 0 }: Resident): boolean {
  return vramBytes === 0 && sizeBytes > 0;
}

function contextLines({ ollama: { report }, env }: DoctorFacts): Lines {
  const raise = { fix: 'Start Ollama with a longer one.', command: 'OLLAMA_CONTEXT_LENGTH=16384 ollama serve' };
  const short = (report?.resident ?? []).filter(({ name, contextLength }) => contextLength !== undefined && contextLength <= shortContext && (report?.models.find((model) => sameModel(model.name, name))?.contextLength ?? 0) > contextLength);
  return [
    ...short.map(({ name, contextLength }): Examined => ({ id: 'context', verdict: 'warning', text: `${name} is loaded with a context of ${contextLength} tokens: longer prompts are cut.`, ...raise })),
    ...(env.OLLAMA_NUM_CTX ? [{ id: 'context', verdict: 'warning', text: 'OLLAMA_NUM_CTX is set, which Ollama does not read.', fix: 'Its name is OLLAMA_CONTEXT_LENGTH.', command: `unset OLLAMA_NUM_CTX; export OLLAMA_CONTEXT_LENGTH=${Number(env.OLLAMA_NUM_CTX) || 16_384}` } as const] : []),
    ...(env.OLLAMA_MAX_LOADED_MODELS?.startsWith('-') ? [{ id: 'context', verdict: 'warning', text: `OLLAMA_MAX_LOADED_MODELS is ${env.OLLAMA_MAX_LOADED_MODELS}, which Ollama does not take.`, fix: 'Leave it out, or name a number.', command: 'unset OLLAMA_MAX_LOADED_MODELS' } as const] : []),
    ...(short.length === 0 && report !== null ? [ok('context', env.OLLAMA_CONTEXT_LENGTH ? `OLLAMA_CONTEXT_LENGTH is ${env.OLLAMA_CONTEXT_LENGTH} here.` : 'No model is loaded with a short context.')] : []),
  ];
}

function portLines({ port }: DoctorFacts): Lines {
  if (port === null) return [];
  if (port.takenBy === 'somebody') return [{ id: 'port', verdict: 'warning', text: `Port ${port.number}, which a router on this machine would use, is taken by another program.`, fix: 'That matters only for a router here; give it another one.', command: `oar up --port ${port.number + 1}` }];
  return [ok('port', port.takenBy === 'router' ? `A router runs on port ${port.number} of this machine.` : `Port ${port.number} is free.`)];
}

function routerLines({ router, version }: DoctorFacts): Lines {
  if (router === null) return [{ id: 'router', verdict: 'warning', text: 'No router was named or heard.', fix: 'Start one with `oar serve --lan` on another machine, or name it.', command: 'oar doctor --router-url http://ADDRESS:11435' }];
  if (router.problem !== null) return [{ id: 'router', verdict: 'problem', text: router.problem, fix: 'Is it on, and does no firewall stand between? On its machine, it must listen for others.', command: 'oar serve --lan' }];
  return [
    ok('router', `The router at ${router.url} answers${router.version === null ? '; its version it tells only with a key' : router.version === version ? `, and has the same version ${version}` : ''}.`),
    ...(router.skewMs === null || Math.abs(router.skewMs) > mostSkewMs ? [] : [ok('clock_skew', 'The clock agrees with the router\'s.')]),
  ];
}

/** As the check has it. */
const mostSkewMs = 5000;

function mdnsLines({ mdns, router, config }: DoctorFacts): Lines {
  if (mdns === null) return 'error' in config ? [] : [ok('mdns', 'Routers are not looked for: fleet.discovery.browse is false.')];
  if (mdns.heard.length > 0) return [ok('mdns', `Heard by mDNS: ${mdns.heard.map(({ name }) => name).join(', ')}.`)];
  const named = router !== null && router.problem === null;
  const why = mdns.error ?? (mdns.networks === 0 ? 'this machine is in no network' : 'no router announces itself in this network');
  const text = `mDNS finds nothing: ${why}.`;
  return [named ? ok('mdns', `${text} The router is named, so that is no matter.`) : { id: 'mdns', verdict: 'warning', text, fix: 'Routers are heard in the same network alone, and UDP port 5353 must be open; else name the router.', command: 'oar node --router-url http://ADDRESS:11435' }];
}

function healthOf(facts: DoctorFacts): HealthView {
  const none: RequestFigures = { all: null, models: [], nodes: [] };
  return { at: facts.at, version: facts.router?.version ?? facts.version, fleet: viewOf(facts), day: none, hour: none, recent: [], queue: { waiting: 0, oldestMs: 0, busySince: null }, reaped: 0, contexts: [], keys: [], aliases: {}, pinned: [] };
}

/** A fleet of this machine alone, as the router would see it. */
function viewOf({ at, report, router, ollama }: Pick<DoctorFacts, 'at' | 'report' | 'router' | 'ollama'>): FleetView {
  return { version: 1, backends: ollama.report === null ? [] : [backendOf(ollama.url, ollama.report, report, at)], nodes: [stateOf(report, router, at)], gpu: null, speed: () => ({}) };
}

function stateOf(report: NodeReport, router: DoctorFacts['router'], at: number): NodeState {
  const skew = router?.skewMs ?? null;
  return { id: report.nodeId, source: 'agent', status: 'online', draining: false, report, heardAt: at, ...(skew === null ? {} : { clockSkewMs: skew }) };
}

function backendOf(url: string, found: NonNullable<DoctorFacts['ollama']['report']>, { nodeId }: NodeReport, at: number): BackendState {
  return { id: nodeId, kind: 'ollama', url, nodeId, status: 'up', report: found, reportedAt: at, priority: 0, tags: [] };
}
