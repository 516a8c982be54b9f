import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { Breakers } from './breakers.ts';
import type { Lesson } from './fleet.ts';

const settings = { failures: 3, openMs: 1000 };

/** What it was told, in words: `a/m open 1000`; `a` alone is the whole backend. */
function bed(more: Partial<typeof settings> = {}) {
  const clock = new FakeClock(0);
  const told: string[] = [];
  const breakers = new Breakers({ ...settings, ...more }, clock, ({ backendId, model, state, forMs }) => told.push([model === undefined ? backendId : `${backendId}/${model}`, state ?? 'works', ...(forMs === undefined ? [] : [forMs])].join(' ')));
  const lesson = (place: string, more: Partial<Lesson>): void => {
    const [backendId = '', model = ''] = place.split('/');
    breakers.learn({ backendId, model, ok: false, usage: {}, cold: false, ...more });
  };
  const news = (): readonly string[] => told.splice(0);
  return {
    clock, breakers, news,
    fails: (...places: readonly string[]) => {
      for (const place of places) lesson(place, { error: 'backend_failed' });
      return news();
    },
    works: (place: string) => {
      lesson(place, { ok: true });
      return news();
    },
    passes: (ms: number) => {
      clock.advance(ms);
      return news();
    },
  };
}

test('each backend has its own, with its own time; nothing is left when they stop', () => {
  const { clock, breakers, fails, works, passes } = bed({ failures: 2 });
  expect(fails('a/m', 'b/m', 'a/m')).toEqual(['a/m open 1000']);
  expect(passes(999)).toEqual([]);
  expect(passes(1)).toEqual(['a/m half-open']);
  expect(fails('a/m')).toEqual(['a/m open 2000']);
  expect(works('a/m')).toEqual(['a/m works']);
  expect(clock.pending).toBe(0);
  fails('b/m', 'b/n', 'b/m', 'b/n');
  expect(clock.pending).toBe(3);
  breakers.stop();
  expect(clock.pending).toBe(0);
});

test('a model that fails rests alone, longer each time, while others of its server come and go', () => {
  const { fails, works, passes } = bed();
  for (let round = 0; round < 2; round += 1) {
    expect(fails('a/broken')).toEqual([]);
    expect(works('a/good')).toEqual([]);
  }
  // A success of another model does not make this one well.
  expect(fails('a/broken')).toEqual(['a/broken open 1000']);
  expect(works('a/good')).toEqual([]);
  expect(passes(1000)).toEqual(['a/broken half-open']);
  expect(fails('a/broken')).toEqual(['a/broken open 2000']);
  expect(passes(2000)).toEqual(['a/broken half-open']);
  expect(works('a/broken')).toEqual(['a/broken works']);
  // It is as new.
  expect(fails('a/broken', 'a/broken')).toEqual([]);
  expect(fails('a/broken')).toEqual(['a/broken open 1000']);
});

test('however often one model fails, its server does not rest for it', () => {
  const { fails } = bed();
  expect(fails(...Array<string>(50).fill('a/only'))).toEqual(['a/only open 1000']);
});

test('a name with the tag that every name has without one is the same model', () => {
  expect(bed().fails('a/m', 'a/m:latest', 'a/m')).toEqual(['a/m open 1000']);
});

test('when two models fail and none works between, the whole server rests, then one request decides', () => {
  const { fails, works, passes } = bed();
  expect(fails('a/m', 'a/n')).toEqual([]);
  expect(fails('a/m')).toEqual(['a open 1000']);
  expect(passes(1000)).toEqual(['a half-open']);
  expect(fails('a/o')).toEqual(['a open 2000']);
  expect(passes(2000)).toEqual(['a half-open']);
  expect(works('a/n')).toEqual(['a works']);
  expect(fails('a/n', 'a/o')).toEqual([]);
});

test('any success counts the failures of the server from the start, not those of another model', () => {
  const { fails, works } = bed();
  expect(fails('a/m', 'a/n')).toEqual([]);
  expect(works('a/o')).toEqual([]);
  // The server has failed once since, the model twice.
  expect(fails('a/m')).toEqual([]);
  expect(works('a/o')).toEqual([]);
  expect(fails('a/m')).toEqual(['a/m open 1000']);
  expect(fails('a/n')).toEqual([]);
  expect(fails('a/n')).toEqual(['a/n open 1000', 'a open 1000']);
});

test('a success of any model makes all that failed before it forgotten: one model that fails afterwards fails alone', () => {
  const { fails, works } = bed();
  fails('a/m', 'a/n');
  works('a/m');
  expect(fails('a/m', 'a/m', 'a/m', 'a/m')).toEqual(['a/m open 1000']);
});

test('a model that is known to fail is no trial of its server: the next one may try', () => {
  const { fails, passes, works } = bed();
  expect(fails('a/m', 'a/m', 'a/m', 'a/n')).toEqual(['a/m open 1000', 'a open 1000']);
  expect(passes(1000)).toEqual(['a/m half-open', 'a half-open']);
  expect(fails('a/m')).toEqual(['a/m open 2000']);
  expect(works('a/n')).toEqual(['a works', 'a/m half-open']);
});

test('a server that works again tries its resting models at once, one request each', () => {
  const { fails, works, passes, clock } = bed({ failures: 1 });
  expect(fails('a/m', 'a/n', 'b/m')).toEqual(['a/m open 1000', 'a/n open 1000', 'a open 1000', 'b/m open 1000']);
  passes(1000);
  expect(fails('a/m', 'a/n')).toEqual(['a/m open 2000', 'a/n open 2000']);
  expect(works('a/o')).toEqual(['a works', 'a/m half-open', 'a/n half-open']);
  expect(clock.pending).toBe(0);
});

test('a server that was dead and answers again is tried with one request at once, and so are its models', () => {
  const { breakers, clock, fails, news, passes, works } = bed();
  breakers.returned('a');
  fails('a/m', 'a/m', 'a/m', 'a/n');
  breakers.returned('a');
  expect(news()).toEqual(['a half-open', 'a/m half-open']);
  // Their time that was running ends nothing any more.
  expect([clock.pending, passes(60_000)]).toEqual([0, []]);
  breakers.returned('a');
  expect(works('a/m')).toEqual(['a/m works', 'a works']);
});

test('a backend that is gone leaves nothing; a model that is gone does not rest', () => {
  const { breakers, clock, fails, news } = bed();
  fails('a/m', 'a/m', 'a/m', 'a/n', 'a/n', 'a/n');
  breakers.keepOnly('a', (model) => model !== 'm');
  expect(news()).toEqual(['a/m works']);
  breakers.forget('a');
  expect([clock.pending, news()]).toEqual([0, []]);
  expect(fails('a/n', 'a/n')).toEqual([]);
});

test('of names without end no more than a hundred are watched, and those that rest are kept longest', () => {
  const { clock, fails } = bed();
  expect(fails('a/m', 'a/m', 'a/m')).toEqual(['a/m open 1000']);
  fails(...Array.from({ length: 200 }, (_, index) => `a/${index}`));
  expect(clock.pending).toBe(2);
  expect(fails('a/0', 'a/0')).toEqual([]);
  const many = bed({ failures: 1 });
  many.fails(...Array.from({ length: 300 }, (_, index) => `a/${index}`));
  expect(many.clock.pending).toBe(101);
});
