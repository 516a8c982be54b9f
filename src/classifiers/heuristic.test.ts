/** What the heuristic makes of requests, the old rules' mistakes first. */
import { expect, test } from 'vitest';
import { chat, message } from '../../test/fakes/brain.ts';
import type { Classification, ChatRequest, TaskType } from '../core/request.ts';
import { taskTypes } from '../core/request.ts';
import { classifier } from './heuristic.ts';

function classify(request: ChatRequest | string): Classification {
  const answer = classifier.classify(typeof request === 'string' ? chat(request) : request, { knownTaskTypes: new Set(taskTypes), ask: null }, new AbortController().signal);
  if (answer === null || answer instanceof Promise) throw new Error('the heuristic answers at once');
  return answer;
}

const weather = { name: 'get_weather', description: 'Weather of a city' };
const editFile = { name: 'edit_file', description: 'Changes a file', parameters: { type: 'object' } };

test.each<[string, TaskType]>([
  ['Hello', 'simple_chat'],
  ['what is a stool made of', 'simple_chat'],
  ['Which planet has the most moons, and is finding out a multi-step job?', 'simple_chat'],
  ['implement quicksort in rust', 'code_generate'],
  ['Napisz funkcję w Pythonie, która odwraca listę', 'code_generate'],
  ['Napraw błąd w tym kodzie', 'code_fix'],
  ['Streść poniższy artykuł w trzech zdaniach', 'summarize'],
  ['Fasse den folgenden Text zusammen', 'summarize'],
  ['Behebe den Fehler in dieser Funktion', 'code_fix'],
  ['Escribe una función que ordene una lista', 'code_generate'],
  ['Classify this ticket as billing, outage or other: my invoice is wrong', 'triage'],
  ['Summarize the following meeting notes', 'summarize'],
  ['Fix the off-by-one error', 'code_fix'],
  ['Review this PR diff', 'code_review'],
  ['Draw up a comprehensive migration plan for our data centre, step by step', 'agentic_reasoning'],
  ['Look through the entire repository', 'large_context'],
  ['9f2c1e7ab04d55e1c7b8', 'unknown'],
  ['{}', 'unknown'],
  ['', 'unknown'],
])('%j is %s', (text, taskType) => {
  expect(classify(text).taskType).toBe(taskType);
});

test('a key word inside another word is none (AR-D45)', () => {
  expect(classify('What is the prefix of a python string literal for?').taskType).not.toBe('code_fix');
});

test('structure counts: a diff is reviewed, a stack trace is mended', () => {
  expect(classify('diff --git a/x.ts b/x.ts\n@@ -1,2 +1,2 @@\n-const a = 1;\n+const a = 2;').taskType).toBe('code_review');
  expect(classify('Traceback (most recent call last):\n  File "app.py", line 3, in <module>\nKeyError: 1').taskType).toBe('code_fix');
  expect(classify('Fix this:\n```js\nconst a = ;\n```').taskType).toBe('code_fix');
});

test('the last message decides, not what was said before', () => {
  const turns = [message('system', 'You review code, fix bugs and call tools.'), message('user', 'Fix the bug in this function'), message('assistant', 'Done.'), message('user', 'Thank you, and how was your day?')];
  expect(classify(chat(turns)).taskType).toBe('simple_chat');
});

test('offered tools count when the message asks for what a tool does, not by being there', () => {
  expect(classify(chat('What will the weather be in Oslo?', { tools: [weather] })).taskType).toBe('tool_use');
  expect(classify(chat('Why is the sky blue?', { tools: [weather] })).taskType).toBe('simple_chat');
  expect(classify(chat('Implement a binary search function', { tools: [editFile] })).taskType).toBe('code_generate');
  expect(classify(chat('The tests are failing, fix them', { tools: [editFile] })).taskType).toBe('code_fix');
});

test('needs say what the body carries', () => {
  const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
  expect(classify(chat([message('user', [{ type: 'text', text: 'What is this?' }, image])])).needs).toEqual({ tools: false, vision: true });
  expect(classify(chat('Hi', { tools: [weather] })).needs).toEqual({ tools: true, vision: false });
  expect(classify(chat('Hi', { tools: [weather], toolChoice: 'none' })).needs.tools).toBe(false);
});

test('tokens are a quarter of the characters of all messages and tools, and 800 an image', () => {
  const history = [message('system', 'a'.repeat(400)), message('user', [{ type: 'text', text: 'b'.repeat(401) }, { type: 'image-url', url: 'https://x/y.png' }])];
  expect(classify(chat(history)).estimatedTokens).toBe(Math.ceil(801 / 4) + 800);
  const tools = [editFile];
  expect(classify(chat('1234', { tools })).estimatedTokens).toBe(Math.ceil((4 + JSON.stringify(tools).length) / 4));
});

test('size and hard words set the complexity', () => {
  expect(classify('Hello').complexity).toBe('light');
  expect(classify('implement quicksort in rust').complexity).toBe('medium');
  expect(classify(`Tell me what you think.\n${'word '.repeat(3000)}`).complexity).toBe('medium');
  // 48,004 characters are 12,001 tokens: one more than large context allows.
  expect(classify('x y '.repeat(12_001))).toMatchObject({ taskType: 'large_context', complexity: 'heavy', confidence: 0.8 });
});

test('a very long text costs no more than a short one', () => {
  const patterns = ['a(', '; ', '\n', 'Error ', '```', '- a = b\n', '  at x:1:\n', 'a'];
  for (const pattern of patterns) {
    const text = pattern.repeat(Math.ceil(45_000 / pattern.length));
    classify(text);
    const before = performance.now();
    for (let i = 0; i < 5; i++) classify(text);
    // Far above what it takes, far below what a look at the whole text or a runaway pattern would.
    expect((performance.now() - before) / 5, JSON.stringify(pattern)).toBeLessThan(50);
  }
});

test('tools nested deeper than the stack do not break the estimate', () => {
  let parameters: unknown = {};
  for (let depth = 0; depth < 100_000; depth++) parameters = [parameters];
  const wire = 'x'.repeat(4000);
  expect(classify(chat('Hi', { wire, tools: [{ name: 't', parameters }] })).estimatedTokens).toBe(Math.ceil(4002 / 4));
});
