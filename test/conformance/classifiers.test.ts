/** What every classifier promises, whatever it looks at. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifiers } from '../../src/classifiers/index.gen.ts';
import { taskTypes, type ContentPart, type Message } from '../../src/core/request.ts';
import { chat, routerOptions } from '../fakes/brain.ts';

const knownTaskTypes: ReadonlySet<string> = new Set([...taskTypes, 'my_route']);
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('fix the bug', '```', 'diff --git a/x b/x', 'Przejrzyj kod', '总结一下', '\ud800', 'x '.repeat(30_000)));
const anyPart: fc.Arbitrary<ContentPart> = fc.oneof(
  anyText.map((text) => ({ type: 'text' as const, text })),
  fc.constant({ type: 'image' as const, mediaType: 'image/png', data: 'AAAA' }),
  fc.constant({ type: 'other' as const, kind: 'audio', value: null }),
);
const anyMessage: fc.Arbitrary<Message> = fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool'), content: fc.array(anyPart, { maxLength: 3 }) });
const anyRequest = fc
  .record({ messages: fc.array(anyMessage, { maxLength: 4 }), tools: fc.array(fc.record({ name: fc.string() }), { maxLength: 2 }), taskType: fc.option(fc.constantFrom('auto', 'triage', 'my_route', '__proto__', 'nonsense')) })
  .map(({ messages, tools, taskType }) => chat(messages, { tools, router: taskType === null ? null : routerOptions({ taskType }) }));

const answers = [null, () => Promise.resolve('triage'), () => Promise.resolve(''), () => Promise.reject(new Error('down'))];

test('ids and orders are unique, and one answers always', async () => {
  expect(new Set(classifiers.map((one) => one.id)).size).toBe(classifiers.length);
  expect(new Set(classifiers.map((one) => one.order)).size).toBe(classifiers.length);
  const last = classifiers.toSorted((a, b) => a.order - b.order)[0];
  await fc.assert(
    fc.asyncProperty(anyRequest, async (request) => {
      expect(await last?.classify(request, { knownTaskTypes, ask: null }, new AbortController().signal)).not.toBeNull();
    }),
  );
});

describe.each(classifiers.map((one) => [one.id, one] as const))('classifier %s', (id, classifier) => {
  test('answers with a known task and sane figures, or null; never throws; leaves the request alone', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.constantFrom(...answers), async (request, ask) => {
        const before = structuredClone(request);
        const answer = await classifier.classify(request, { knownTaskTypes, ask }, new AbortController().signal);
        expect(request).toEqual(before);
        if (answer === null) return;
        expect(knownTaskTypes).toContain(answer.taskType);
        expect(answer.by).toBe(id);
        expect(answer.confidence).toBeGreaterThan(0);
        expect(answer.confidence).toBeLessThanOrEqual(1);
        expect(Number.isInteger(answer.estimatedTokens) && answer.estimatedTokens >= 0).toBe(true);
        expect(answer.needs.tools).toBe(request.tools.length > 0);
        expect(answer.needs.vision).toBe(request.messages.some((message) => message.content.some((part) => part.type === 'image')));
      }),
    );
  });
});
