import { expect, test } from 'vitest';
import { chat, routerOptions } from '../../test/fakes/brain.ts';
import { taskTypes } from '../core/request.ts';
import { classifier } from './explicit.ts';

function classify(taskType: string | undefined) {
  const router = routerOptions(taskType === undefined ? {} : { taskType });
  return classifier.classify(chat('Hello', { router }), { knownTaskTypes: new Set([...taskTypes, 'my_route']), ask: null }, new AbortController().signal);
}

test('a known name is taken as it is, a custom route included', () => {
  expect(classify('code_review')).toMatchObject({ taskType: 'code_review', confidence: 1, complexity: 'medium', by: 'explicit' });
  expect(classify('agentic_reasoning')).toMatchObject({ complexity: 'heavy' });
  expect(classify('my_route')).toMatchObject({ taskType: 'my_route', complexity: 'medium' });
});

test('an unknown name is never echoed, whatever it is', () => {
  for (const name of ['nonsense', '__proto__', 'constructor', 'toString', '']) expect(classify(name)).toMatchObject({ taskType: 'unknown' });
});

test('auto and silence leave it to the others', () => {
  expect(classify('auto')).toBeNull();
  expect(classify(undefined)).toBeNull();
  expect(classifier.classify(chat('Hello'), { knownTaskTypes: new Set(taskTypes), ask: null }, new AbortController().signal)).toBeNull();
});
