import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chat, message } from '../../test/fakes/brain.ts';
import type { Message } from '../core/request.ts';
import { conversationKey } from './affinity-key.ts';

const system = message('system', 'You are terse.');
const opening = message('user', 'Name three rivers.');
const answered = message('assistant', 'Rhine, Elbe, Oder.');
const keyOf = (messages: readonly Message[], model = 'm'): number | null => conversationKey(chat(messages), model);

test('all turns of a conversation have one name', () => {
  const first = keyOf([system, opening]);
  expect(first).not.toBeNull();
  expect(keyOf([system, opening, answered, message('user', 'And three more.')])).toBe(first);
});

test('another model, another system text, another beginning: another conversation', () => {
  const keys = [keyOf([system, opening]), keyOf([system, opening], 'n'), keyOf([message('system', 'You are kind.'), opening]), keyOf([opening]), keyOf([system, message('user', 'Name four rivers.')]), keyOf([message('user', 'You are terse.'), opening])];
  expect(new Set(keys).size).toBe(keys.length);
});

test('texts that are cut elsewhere are other texts', () => {
  const parts = (...texts: readonly string[]) => keyOf([message('user', texts.map((text) => ({ type: 'text', text }) as const))]);
  expect(parts('ab', 'c')).not.toBe(parts('a', 'bc'));
});

test('of a long text the front and the end count: what agents say before the user comes to a word is the same for all', () => {
  const preamble = 'The rules of this project are as follows. '.repeat(200);
  const asking = (text: string) => keyOf([system, message('user', [{ type: 'text', text: 'A reminder.' }, { type: 'text', text }])]);
  expect(asking(`${preamble}Name a river.`)).not.toBe(asking(`${preamble}Name a lake.`));
  expect(asking(`Please. ${preamble}`)).not.toBe(asking(`Well then. ${preamble}`));
});

test('a bare prompt is known by its first 1,000 characters', () => {
  const front = 'x'.repeat(1000);
  const raw = (prompt: string) => conversationKey(chat('unused', { raw: { prompt } }), 'm');
  expect(raw(`${front} one`)).toBe(raw(`${front} two`));
  expect(raw(`${front.slice(1)} one`)).not.toBe(raw(`${front.slice(1)}, two`));
});

test('what changes with every request can be taken out', () => {
  const stable = (text: string) => text.replace(/nonce=\d+/, '');
  const turn = (nonce: number) => conversationKey(chat([message('system', `nonce=${nonce} You are terse.`), opening]), 'm', stable);
  expect(turn(1)).toBe(turn(2));
  const long = (nonce: number) => conversationKey(chat([message('user', `nonce=${nonce} ${'word '.repeat(2000)} nonce=${nonce}`)]), 'm', stable);
  expect(long(1)).toBe(long(23_456));
});

test('what has no turns has no name', () => {
  expect(keyOf([answered])).toBeNull();
  expect(keyOf([system])).toBeNull();
  const embedding = { task: 'embedding', inputs: ['text'], dialect: 'openai-embeddings', wire: '', model: 'm', stream: false, includeUsage: false, router: null, extra: {} } as const;
  expect(conversationKey(embedding, 'm')).toBeNull();
});

test('names are whole numbers that differ where texts differ', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ maxLength: 50 }), { minLength: 2, maxLength: 50 }), (texts) => {
      const keys = texts.map((text) => keyOf([message('user', text)]));
      expect(keys.every(Number.isSafeInteger)).toBe(true);
      expect(new Set(keys).size).toBe(texts.length);
    }),
  );
});
