/** Plans which models each machine should have, by memory, speed, disk, demand and gaps (contract fleet part 2.8). Pure. */
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';
import { modelKey, sameModel } from '../util/model-name.ts';
import { type CatalogueModel, modelCategories, type UseCategory } from './model-catalogue.ts';
import { isFastEnough, memoryForModels, memoryNeeded, type ModelMemory, speedOf } from './model-fit.ts';
import { inCatalogue, usesOf } from './model-uses.ts';

export interface ModelUse {
  readonly nodeId: string;
  readonly model: string;
  readonly requests: number;
}

export interface AdviceFacts {
  readonly view: FleetView;
  readonly catalogue: readonly CatalogueModel[];
  /** What ran where since yesterday. */
  readonly used: readonly ModelUse[];
  /** What was asked for in that time, and is nowhere. */
  readonly missing: readonly { readonly model: string; readonly requests: number }[];
}

export interface Advice {
  /** Exactly as it is pulled. */
  readonly model: string;
  readonly title: string;
  readonly category: UseCategory | null;
  readonly memoryBytes: number;
  readonly fileBytes: number;
  /** Null: the catalogue does not know it. */
  readonly quality: number | null;
  /** Measured on that machine where it has run there, else estimated. */
  readonly tokensPerSecond: number | null;
  readonly reason: string;
  readonly priority: 'high' | 'medium' | 'low';
  /** Exactly this tag is on the machine. */
  readonly there: boolean;
  /** Requests since yesterday that speak for it. */
  readonly requests: number;
}

export interface MachinePlan {
  readonly nodeId: string;
  /** Where it would be pulled. */
  readonly backendId: string;
  readonly report: NodeReport;
  readonly memory: ModelMemory;
  readonly stored: readonly Model[];
  readonly advice: readonly Advice[];
}

export interface FleetAdvice {
  readonly machines: readonly MachinePlan[];
  readonly demand: readonly { readonly category: UseCategory; readonly requests: number }[];
  readonly uncovered: readonly UseCategory[];
}

/** In the order in which they are looked after when nobody asks for anything. */
const usual: readonly UseCategory[] = ['general', 'coding', 'reasoning', 'vision', 'creative', 'fast-chat'];
const mostCopies = 2;
/** What is there already need not be the very best. */
const thereBonus = 5;
const spareBytes = 2 * 2 ** 30;

export function recommendModels(facts: AdviceFacts): FleetAdvice {
  const machines = machinesOf(facts.view);
  const listed = indexOf(facts.view.backends.flatMap(({ report }) => report?.models ?? []));
  const demand = demandOf(facts, listed);
  const fleet: Fleet = { facts, listed, demand, covered: coveredBy(facts), copies: copiesOf(facts.view) };
  const plans = machines.map((machine) => planFor(machine, fleet));
  const wanted = [...new Set([...demand.keys(), ...usual])];
  return {
    machines: plans,
    demand: [...demand].map(([category, requests]) => ({ category, requests })).sort((a, b) => b.requests - a.requests),
    uncovered: modelCategories.filter((category) => wanted.includes(category) && !fleet.covered.has(category)),
  };
}

interface Machine {
  readonly nodeId: string;
  readonly report: NodeReport;
  readonly backends: readonly BackendState[];
  readonly memory: ModelMemory;
}

interface Fleet {
  readonly facts: AdviceFacts;
  /** One listing of each model, by key. */
  readonly listed: ReadonlyMap<string, Model>;
  readonly demand: ReadonlyMap<UseCategory, number>;
  /** What a model that answers somewhere is good for. */
  readonly covered: ReadonlySet<UseCategory>;
  /** On how many machines each model is, or would be. */
  readonly copies: Map<string, number>;
}

/** What a machine has been given so far. */
interface Draft {
  readonly machine: Machine;
  /** By key. */
  readonly stored: ReadonlyMap<string, Model>;
  readonly advice: Advice[];
  readonly families: Set<string>;
  readonly uses: Set<UseCategory>;
  memoryLeft: number;
  diskLeft: number;
}

/** The roomiest first. Only an Ollama pulls. */
function machinesOf({ nodes, backends }: FleetView): readonly Machine[] {
  return nodes
    .flatMap(({ id, status, draining, report }): readonly Machine[] => {
      const own = backends.filter((backend) => backend.nodeId === id && backend.kind === 'ollama' && backend.status !== 'down');
      if (report === null || draining || status === 'waiting' || status === 'offline' || own.length === 0) return [];
      return [{ nodeId: id, report, backends: own, memory: memoryForModels(report) }];
    })
    .sort((a, b) => b.memory.usableBytes - a.memory.usableBytes || (a.nodeId < b.nodeId ? -1 : 1));
}

/** The first of each key. */
function indexOf(models: readonly Model[]): ReadonlyMap<string, Model> {
  return new Map(models.toReversed().map((model) => [modelKey(model.name), model]));
}

function demandOf({ used, missing, catalogue }: AdviceFacts, listed: ReadonlyMap<string, Model>): ReadonlyMap<UseCategory, number> {
  const demand = new Map<UseCategory, number>();
  for (const { model, requests } of [...used, ...missing]) {
    const [category] = usesOf(listed.get(modelKey(model)) ?? { name: model }, catalogue);
    if (category !== undefined && requests > 0) demand.set(category, (demand.get(category) ?? 0) + requests);
  }
  return demand;
}

function coveredBy({ view, catalogue }: AdviceFacts): ReadonlySet<UseCategory> {
  return new Set(view.backends.filter(({ status }) => status !== 'down').flatMap(({ report }) => report?.models ?? []).flatMap((model) => usesOf(model, catalogue)));
}

function copiesOf({ backends }: FleetView): Map<string, number> {
  const places = new Set(backends.flatMap(({ nodeId, report }) => (report?.models ?? []).map(({ name }) => JSON.stringify([nodeId, modelKey(name)]))));
  const copies = new Map<string, number>();
  for (const place of places) {
    const [, key] = JSON.parse(place) as [string, string];
    copies.set(key, (copies.get(key) ?? 0) + 1);
  }
  return copies;
}

function planFor(machine: Machine, fleet: Fleet): MachinePlan {
  const { nodeId, report, memory, backends } = machine;
  const stored = backends.flatMap((backend) => backend.report?.models ?? []);
  const draft: Draft = { machine, stored: indexOf(stored), advice: [], families: new Set(), uses: new Set(), memoryLeft: memory.usableBytes, diskLeft: memory.diskBytes ?? Number.POSITIVE_INFINITY };
  keepUsed(draft, fleet);
  bringMissing(draft, fleet);
  for (const category of categoryOrder(fleet.demand)) if (!draft.uses.has(category)) fill(draft, category, fleet, true);
  if (draft.memoryLeft >= spareBytes && !draft.uses.has('fast-chat')) fill(draft, 'fast-chat', fleet, false);
  return { nodeId, backendId: (backends[0] as BackendState).id, report, memory, stored, advice: draft.advice };
}

/** What people ask for comes first, then the usual. */
function categoryOrder(demand: ReadonlyMap<UseCategory, number>): readonly UseCategory[] {
  const asked = [...demand].sort(([, a], [, b]) => b - a).map(([category]) => category);
  return [...new Set([...asked, ...usual])];
}

/** What runs there is not taken away: one of each family. */
function keepUsed(draft: Draft, { facts }: Fleet): void {
  const used = facts.used.filter(({ nodeId, requests }) => nodeId === draft.machine.nodeId && requests > 0).sort((a, b) => b.requests - a.requests);
  for (const { model: name, requests } of used) {
    const model = draft.stored.get(modelKey(name));
    const known = inCatalogue(facts.catalogue, name);
    const fileBytes = model?.sizeBytes ?? gigabytes(known);
    const family = known?.family ?? model?.family ?? name;
    if (model === undefined || fileBytes === undefined || memoryNeeded(fileBytes) > draft.memoryLeft || draft.families.has(family)) continue;
    const uses = usesOf(model, facts.catalogue);
    take(draft, { model: model.name, title: known?.title ?? model.name, category: uses[0] ?? null, fileBytes, quality: known?.quality ?? null, tokensPerSecond: null, there: true, requests, priority: 'high', reason: `It is in use here: ${counted(requests)} since yesterday.` }, family, uses);
  }
}

/** What people ask for by name, and nobody has. */
function bringMissing(draft: Draft, fleet: Fleet): void {
  for (const { model, requests } of [...fleet.facts.missing].sort((a, b) => b.requests - a.requests)) {
    const known = inCatalogue(fleet.facts.catalogue, model);
    if (known === undefined || (fleet.copies.get(modelKey(known.name)) ?? 0) > 0) continue;
    const choice = choiceOf(known, draft, fleet);
    if (choice === null) continue;
    advise(draft, fleet, choice, known.categories[0] as UseCategory, { requests, priority: 'high', reason: `It was asked for by name ${requests === 1 ? 'once' : `${requests} times`} since yesterday, and no machine has it.` });
  }
}

interface Choice {
  readonly known: CatalogueModel;
  readonly fileBytes: number;
  readonly there: boolean;
  readonly tokensPerSecond: number | undefined;
}

/** Null when the machine has no room for it. */
function choiceOf(known: CatalogueModel, { machine, stored, memoryLeft, diskLeft }: Draft, { listed, facts: { view } }: Fleet): Choice | null {
  if (known.os !== undefined && !known.os.includes(machine.report.os ?? '')) return null;
  const here = stored.get(modelKey(known.name));
  const real = here ?? listed.get(modelKey(known.name));
  const fileBytes = real?.sizeBytes ?? known.sizeGb * 1e9;
  const needed = memoryNeeded(fileBytes);
  if (needed > machine.memory.mostPerModel || needed > memoryLeft || (here === undefined && fileBytes > diskLeft)) return null;
  const measured = here === undefined ? undefined : machine.backends.flatMap(({ id }) => view.speed(id, here.name).completionTokensPerSecond ?? [])[0];
  return { known, fileBytes, there: here !== undefined, tokensPerSecond: measured ?? speedOf(known, machine.memory) };
}

/** The best of this use that suits the machine. `fresh`: of a family that it has not. */
function fill(draft: Draft, category: UseCategory, fleet: Fleet, fresh: boolean): void {
  const worth = ({ known, there }: Choice): number => known.quality + (there ? thereBonus : 0);
  const [best] = fleet.facts.catalogue
    .filter(({ name, family, categories }) => categories.includes(category) && !(fresh && draft.families.has(family)) && !draft.advice.some(({ model }) => sameModel(model, name)))
    .flatMap((known) => choiceOf(known, draft, fleet) ?? [])
    .filter(({ known, there, tokensPerSecond }) => isFastEnough(tokensPerSecond, category) && (there || (fleet.copies.get(modelKey(known.name)) ?? 0) < mostCopies))
    .sort((a, b) => worth(b) - worth(a) || a.fileBytes - b.fileBytes);
  if (best === undefined) return;
  const requests = fleet.demand.get(category) ?? 0;
  const gap = !fleet.covered.has(category);
  advise(draft, fleet, best, category, { requests, priority: requests > 0 && gap ? 'high' : requests > 0 || gap ? 'medium' : 'low', reason: whyThis(best, category, draft, requests, gap) });
}

function advise(draft: Draft, fleet: Fleet, { known, fileBytes, there, tokensPerSecond }: Choice, category: UseCategory, why: Pick<Advice, 'requests' | 'priority' | 'reason'>): void {
  take(draft, { model: known.name, title: known.title, category, fileBytes, quality: known.quality, tokensPerSecond: tokensPerSecond ?? null, there, ...why }, known.family, [category]);
  if (!there) fleet.copies.set(modelKey(known.name), (fleet.copies.get(modelKey(known.name)) ?? 0) + 1);
}

function take(draft: Draft, advice: Omit<Advice, 'memoryBytes'>, family: string, uses: readonly UseCategory[]): void {
  const memoryBytes = memoryNeeded(advice.fileBytes);
  draft.advice.push({ ...advice, memoryBytes });
  draft.families.add(family);
  for (const use of uses) draft.uses.add(use);
  draft.memoryLeft -= memoryBytes;
  if (!advice.there) draft.diskLeft -= advice.fileBytes;
}

function whyThis({ fileBytes, tokensPerSecond, there }: Choice, category: UseCategory, { machine: { memory }, memoryLeft }: Draft, requests: number, gap: boolean): string {
  const gb = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
  const speed = tokensPerSecond === undefined ? '' : `, about ${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tokens/s`;
  return [
    `The best for ${category} that suits this machine: ${gb(memoryNeeded(fileBytes))} of the ${gb(memoryLeft)} GB of ${memory.where} that are left${speed}.`,
    ...(requests > 0 ? [`${counted(requests)} for ${category} since yesterday.`] : []),
    ...(gap ? [`No machine has a model for ${category} yet.`] : []),
    ...(there ? ['It is on the disk already.'] : []),
  ].join(' ');
}

function counted(requests: number): string {
  return requests === 1 ? '1 request' : `${requests} requests`;
}

function gigabytes(known: CatalogueModel | undefined): number | undefined {
  return known === undefined ? undefined : known.sizeGb * 1e9;
}
