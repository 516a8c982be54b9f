import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { OllamaProcess } from './ollama-process.ts';

/** Node itself as the program: `serve` is no script of its, so it ends at once with code 1. */
function bed(program: string) {
  const clock = new FakeClock();
  const said: string[] = [];
  const waiting: (() => void)[] = [];
  const say = (line: string): void => void said.push(line);
  const ollama = new OllamaProcess({ clock, program, env: { PATH: process.env['PATH'] }, terminal: { debug: say, info: say, warn: say }, changed: () => waiting.splice(0).forEach((one) => void one()) });
  /** Until it was started, or has ended. */
  const change = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  return { clock, said, ollama, change };
}

test('a program that dies again and again is started five times with growing pauses, and then not any more', async () => {
  const { clock, said, ollama, change } = bed(process.execPath);
  ollama.start();
  for (const pauseMs of [1000, 2000, 4000, 8000]) {
    await change();
    expect(ollama.runs).toBe(false);
    expect(said.at(-1)).toMatch(new RegExp(`exit code 1.*again in ${pauseMs / 1000} s`));
    clock.advance(pauseMs - 1);
    expect(ollama.runs).toBe(false);
    clock.advance(1);
    expect(ollama.runs).toBe(true);
  }
  await change();
  expect(said.at(-1)).toMatch(/5 times within five minutes.*not started again/);
  expect(clock.pending).toBe(0);
  ollama.start();
  expect(ollama.runs).toBe(false);
});

test('a program that is not there is said once, with where to get it, and not tried again', async () => {
  const { clock, said, ollama } = bed('/nowhere/ollama');
  ollama.start();
  await expect.poll(() => said.length).toBe(2);
  expect(said[1]).toMatch(/no program \/nowhere\/ollama.*ollama\.com/);
  ollama.start();
  clock.advance(600_000);
  expect([ollama.runs, said.length, clock.pending]).toEqual([false, 2, 0]);
});

test('after a stop nothing is started any more', async () => {
  const { clock, ollama, change } = bed(process.execPath);
  ollama.start();
  await change();
  await ollama.stop();
  clock.advance(60_000);
  ollama.start();
  expect([ollama.runs, clock.pending]).toEqual([false, 0]);
});
