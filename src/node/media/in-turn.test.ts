import { describe, expect, test } from 'vitest';
import { InTurn } from './in-turn.ts';

const forEver = new AbortController().signal;

/** A piece of work that the test ends. */
function work(log: string[], name: string): { readonly run: () => Promise<string>; end(): void } {
  let end = (): void => {};
  const done = new Promise<void>((resolve) => (end = resolve));
  return {
    run: async () => {
      log.push(`${name} begins`);
      await done;
      log.push(`${name} ends`);
      return name;
    },
    end: () => end(),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work in turn', () => {
  test('runs one after the other, also after a failure', async () => {
    const log: string[] = [];
    const turns = new InTurn(8);
    const first = work(log, 'first');
    const second = work(log, 'second');
    const failing = turns.run(async () => {
      await first.run();
      throw new Error('no');
    }, forEver);
    const after = turns.run(second.run, forEver);
    await settled();
    expect(log).toEqual(['first begins']);
    first.end();
    await expect(failing).rejects.toThrow('no');
    second.end();
    expect(await after).toBe('second');
    expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  test('is not begun when nobody waits for it any more', async () => {
    const log: string[] = [];
    const turns = new InTurn(8);
    const first = work(log, 'first');
    const running = turns.run(first.run, forEver);
    const leaving = new AbortController();
    const left = turns.run(work(log, 'left').run, leaving.signal);
    leaving.abort(new Error('gone'));
    first.end();
    await running;
    await expect(left).rejects.toThrow('gone');
    expect(log).toEqual(['first begins', 'first ends']);
  });

  test('is refused when too much waits, and taken again when there is room', async () => {
    const log: string[] = [];
    const turns = new InTurn(1);
    const [first, second] = [work(log, 'first'), work(log, 'second')];
    const running = [turns.run(first.run, forEver), turns.run(second.run, forEver)];
    await expect(turns.run(work(log, 'third').run, forEver)).rejects.toMatchObject({ code: 'queue_full', details: { retryAfterMs: 5000 } });
    first.end();
    second.end();
    await Promise.all(running);
    expect(await turns.run(() => Promise.resolve('room'), forEver)).toBe('room');
  });
});
