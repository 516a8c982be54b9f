// Microseconds of processor time that a decision takes: from a model's name to a ticket, and back. No server, no socket; only what is decided.
// Alone: node test/bench/decision.mjs [the built program's folder]
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { median } from './processes.mjs';

const usualFolder = fileURLToPath(new URL('../../dist', import.meta.url));

/** `backends` servers of `models` models each; `sharing` of them have the model that is asked for, in memory. */
function fleetOf(backends, models, sharing) {
  const step = Math.max(1, Math.floor(backends / sharing));
  return Array.from({ length: backends }, (_, index) => {
    const shared = index % step === 0 && index / step < sharing;
    const names = Array.from({ length: models }, (_, number) => (shared && number === models >> 1 ? 'shared:7b' : `model-${index}-${number}:7b`));
    return {
      id: `server-${index}`,
      kind: 'ollama',
      url: `http://10.0.0.${index}:11434`,
      nodeId: `10.0.0.${index}`,
      status: 'up',
      report: { models: names.map((name) => ({ name, sizeBytes: 4e9, contextLength: 32_768 })), resident: shared ? [{ name: 'shared:7b', sizeBytes: 4e9, vramBytes: 4e9 }] : [], maxConcurrent: 4 },
      reportedAt: 0,
      maxConcurrent: 4,
      priority: 0,
      tags: [],
    };
  });
}

/** The machine of a server, as its agent reports it. */
function nodeOf({ nodeId }, index) {
  const memory = { totalBytes: 64e9, usedBytes: 24e9, availableBytes: 40e9, pressure: 'normal' };
  const capacity = { mode: 'learned_high', availability: 0.7, reason: 'good_availability', overridden: false, confidence: 1, daysObserved: 40 };
  const report = { nodeId, name: nodeId, at: 0, memory, memoryBandwidthGbps: 100 + 20 * index, gpus: [], draining: false, capacity, servers: [] };
  return { id: nodeId, source: 'agent', status: 'online', draining: false, report, heardAt: 0 };
}

/** The deciding rooms, joined as the program joins them. */
async function deciding(folder, backends, policyOfPlaces = 'adaptive') {
  const load = (path) => import(pathToFileURL(join(folder, path)).href);
  const [{ createBrain }, { schedulerLimits }, { followFleet }, { createScheduler }, { createPlace }, { signals }, { TicketDesk }] = await Promise.all(
    ['app/brain.js', 'app/scheduler-limits.js', 'app/tables.js', 'routing/scheduler.js', 'routing/place.js', 'signals/index.gen.js', 'pipeline/ticket-desk.js'].map(load),
  );
  const affinity = await load('app/conversation-affinity.js').then(({ createAffinity }) => createAffinity({ enabled: true, ttlMs: 300_000 }, clock), () => undefined);
  const state = { view: { version: 1, backends, nodes: backends.map(nodeOf), gpu: null, speed: () => learned } };
  const view = () => state.view;
  const table = followFleet(null, view);
  let place;
  const limits = schedulerLimits({ queue: { globalMaxConcurrent: null, globalMaxQueued: 100, perUserMaxQueued: null }, table, fleet: view, gpuBusyElsewhere: () => false, place: (...asked) => place(...asked) });
  const scheduler = createScheduler(limits);
  const log = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
  // Absent in programs built before there was one.
  const context = await load('app/context-choice.js').then(({ ContextChoice }) => new ContextChoice({ mode: 'pin', clock, log, view, load: () => scheduler.load(), table, presetFor: () => undefined }), () => undefined);
  place = createPlace({ policy: policyOfPlaces, signals, fleet: view, work: (id) => scheduler.work(id), slots: limits.slots, running: (one) => scheduler.running(one), runningOnNode: (id) => scheduler.runningOnNode?.(id) ?? 0, now: () => clock.now(), queued: (key) => scheduler.load().queued(key), available: limits.available, pinned: affinity?.pinned, contextOf: (one) => context?.contextOn(one) });
  const desk = new TicketDesk(scheduler, clock, affinity?.granted);
  const brain = createBrain({ clock, fleet: { view }, table, policy, aliases: {}, classifiers: [], classifierTools: {}, load: () => desk.load(), gpuBusyElsewhere: () => false, conversationKey: affinity?.keyOf, context, substitution: () => 'never', thinkingBudget: { factor: 1, minTokens: 1 } });
  /** As after a probe: nothing that was derived from the view before holds any more. */
  const renew = () => {
    state.view = { ...state.view, version: state.view.version + 1, backends: [...state.view.backends] };
  };
  return { brain, desk, renew };
}

const clock = { now: () => performance.now(), after: () => () => {} };
const learned = { promptTokensPerSecond: 800, completionTokensPerSecond: 40, loadMs: 4000, completionTokens: 200 };
const policy = { defaultMode: 'auto', defaultPriority: 'normal', heavyLoadQueueDepth: 4, heavyLoadGpuFreeMbThreshold: 1024, requireGpuOnlyByDefault: false, vramSafetyReserveMb: 1024, maxGpuUtilizationPct: 92, holdMs: 30_000, syncMaxQueueTimeMs: 250 };
const principal = { id: 'anonymous', kind: 'anonymous', address: '127.0.0.1' };
const never = new AbortController().signal;
const prompt = 'Say something short about foxes and dogs, in the plainest words that you know. '.repeat(20);

function requestOf(model) {
  return { task: 'chat', dialect: 'openai-chat', wire: '', model, messages: [{ role: 'system', content: [{ type: 'text', text: prompt }] }, { role: 'user', content: [{ type: 'text', text: prompt }] }], tools: [], sampling: {}, stream: true, includeUsage: false, router: null, extra: {} };
}

function decideOnce({ brain, desk }, model) {
  const request = requestOf(model);
  const call = { requestId: 'req_1', principal, signal: never, receivedAt: clock.now() };
  const decision = brain.decide(request, brain.classify(request, never));
  const candidates = brain.candidates(decision.models, undefined);
  const ticket = desk.acquire(brain.entry(call, request, candidates, false), never, null);
  ticket.release();
}

/** Processor time, median of several rounds, in microseconds. `renewed`: each decision is the first after a change of the fleet. */
async function measure(folder, backends, model, count, renewed = false, places = 'adaptive') {
  const room = await deciding(folder, backends, places);
  const rounds = [];
  for (let round = -1; round < 7; round += 1) {
    const before = process.cpuUsage();
    for (let done = 0; done < count; done += 1) {
      if (renewed) room.renew();
      decideOnce(room, model);
    }
    const { user, system } = process.cpuUsage(before);
    // The first round warms the compiler up.
    if (round >= 0) rounds.push((user + system) / count);
  }
  return median(rounds);
}

/** Microseconds: one server with one model; 50 servers with 200 models each, ten of which have the model; the same right after a change; both by the seven signals. */
export async function decisionMicros(folder = usualFolder) {
  const many = fleetOf(50, 200, 10);
  return {
    single: await measure(folder, fleetOf(1, 1, 1), 'shared:7b', 50_000),
    many: await measure(folder, many, 'shared:7b', 5000),
    afterChange: await measure(folder, many, 'shared:7b', 200, true),
    signals: await measure(folder, many, 'shared:7b', 5000, false, 'signals'),
    signalsAfterChange: await measure(folder, many, 'shared:7b', 200, true, 'signals'),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const figures = await decisionMicros(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
  for (const [name, micros] of Object.entries(figures)) console.log(`${name.padEnd(12)} ${micros.toFixed(2)} µs`);
}
