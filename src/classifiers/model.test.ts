import { expect, test } from 'vitest';
import { chat } from '../../test/fakes/brain.ts';
import { taskTypes } from '../core/request.ts';
import { classifier } from './model.ts';

function classify(ask: ((prompt: string) => Promise<string>) | null, text = 'Is my invoice right?') {
  return classifier.classify(chat(text), { knownTaskTypes: new Set(taskTypes), ask }, new AbortController().signal);
}

test.each([
  ['triage', 'triage'],
  ['Label: code_fix.\n', 'code_fix'],
  ['<think>summarize? no, triage</think>\n**Tool_Use**', 'tool_use'],
])('%j is read as %s', async (answer, taskType) => {
  expect(await classify(() => Promise.resolve(answer))).toMatchObject({ taskType, by: 'model' });
});

test.each(['', 'I think it is about money.', 'triage or summarize', '__proto__'])('%j tells nothing', async (answer) => {
  expect(await classify(() => Promise.resolve(answer))).toBeNull();
});

test('without a model, or when it fails, it leaves the answer to the next', async () => {
  expect(await classify(null)).toBeNull();
  expect(await classify(() => Promise.reject(new Error('too slow')))).toBeNull();
});

test('the model sees the labels and no more than 2,000 characters of the last message', async () => {
  let seen = '';
  await classify((prompt) => {
    seen = prompt;
    return Promise.resolve('triage');
  }, 'é'.repeat(5000));
  for (const label of taskTypes) expect(seen).toContain(label);
  expect(seen.match(/é/g)).toHaveLength(2000);
});
