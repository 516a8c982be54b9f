import { expect, test } from 'vitest';
import { backend, candidate, chat, fleet, load, policy, table } from '../../test/fakes/brain.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { NodeState } from '../core/node.ts';
import type { ChatRequest } from '../core/request.ts';
import { createBrain } from './brain.ts';
import { ContextChoice } from './context-choice.ts';

/** What a request for model `m` on an Ollama is to stay in memory for. */
function keepAliveOn(node: NodeState | undefined, more: Partial<ChatRequest> = {}, ofFile?: string): unknown {
  const clock = new FakeClock();
  const view = { ...fleet([backend('one', { models: ['m'], resident: [] })]), nodes: node === undefined ? [] : [node] };
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
  const brain = createBrain({
    clock,
    fleet: { view: () => view, onChange: () => () => {}, learn() {}, refresh() {}, stop: () => Promise.resolve() },
    table: () => table([]),
    policy,
    aliases: {},
    classifiers: [],
    classifierTools: { knownTaskTypes: new Set(), ask: () => Promise.resolve('') },
    load: () => load(),
    gpuBusyElsewhere: () => false,
    context: new ContextChoice({ mode: 'pin', clock, log: quiet, view: () => view, load: () => load(), table: () => table([]), presetFor: () => undefined }),
    substitution: () => 'never',
    thinkingBudget: { factor: 4, minTokens: 1024 },
    ...(ofFile === undefined ? {} : { keepAlive: ofFile }),
  });
  return brain.target(chat('Hello', more), candidate('one')).keepAlive;
}

const short = nodeState('one', nodeReport('one', 6));

test.each<[string, NodeState | undefined, Partial<ChatRequest>, string | undefined, unknown]>([
  ['memory to spare: for ever', nodeState('one'), {}, undefined, -1],
  ['memory is short: nothing is sent', short, {}, undefined, undefined],
  ['no report: nothing is sent', undefined, {}, undefined, undefined],
  ['the caller says it', nodeState('one'), { keepAlive: '5m' }, undefined, undefined],
  ['the file says it', nodeState('one'), {}, '10m', '10m'],
  ['the file says it, and memory is short', short, {}, '10m', '10m'],
])('keep_alive, %s', (_what, node, more, ofFile, expected) => {
  expect(keepAliveOn(node, more, ofFile)).toBe(expected);
});
