/** How a fleet shows what is left alone after failures. */
import { expect, test } from 'vitest';
import { backendOf, fleetOf, lesson } from '../../test/fakes/probed-fleet.ts';

test.each<[string, string[], object]>([
  ['a model that fails', ['m', 'm', 'm'], { resting: { m: 'open' } }],
  ['a backend whose models fail', ['m', 'n', 'm'], { breaker: 'open' }],
])('%s three times in a row is left alone for ten seconds, whatever its probes say, then tried', async (_what, models, open) => {
  const { clock, fleet } = fleetOf(backendOf());
  await fleet.start();
  let told = 0;
  fleet.onChange(() => (told += 1));
  const members = (): object => {
    const { breaker, resting } = fleet.view().backends[0] ?? {};
    return { ...(breaker === undefined ? {} : { breaker }), ...(resting === undefined ? {} : { resting }) };
  };
  for (const model of models) fleet.learn(lesson({ model, ok: false, error: 'backend_failed' }));
  expect(members()).toEqual(open);
  expect(told).toBe(1);
  await clock.advanceAsync(9999);
  expect(fleet.view().backends[0]).toMatchObject({ status: 'up', reportedAt: expect.toSatisfy((at: number) => at > 1000) });
  expect(members()).toEqual(open);
  await clock.advanceAsync(1);
  expect(JSON.stringify(members())).toBe(JSON.stringify(open).replace('open', 'half-open'));
  expect(told).toBe(2);
  fleet.learn(lesson({}));
  expect(members()).toEqual({});
  await fleet.stop();
  expect(clock.pending).toBe(0);
});

test('a model that rests and is deleted, or is got anew, rests no more; one that a probe does not list as little', async () => {
  const backend = backendOf();
  let models = [{ name: 'm' }];
  backend.answer = () => Promise.resolve({ models, resident: [] });
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  const resting = (): object | undefined => fleet.view().backends[0]?.resting;
  const fail = (model: string): void => {
    for (let count = 0; count < 3; count += 1) fleet.learn(lesson({ model, ok: false, error: 'backend_failed' }));
    fleet.learn(lesson({ model: 'other' }));
  };
  for (const change of [{ lost: 'm:latest' }, { got: 'm' }]) {
    fail('m');
    expect(resting()).toEqual({ m: 'open' });
    fleet.modelsChanged('studio', change);
    expect(resting()).toBeUndefined();
    await clock.advanceAsync(1000);
  }
  fail('m');
  // A name that was never listed may be right none the less.
  fail('unlisted');
  await clock.advanceAsync(5000);
  expect(resting()).toEqual({ m: 'open', unlisted: 'open' });
  models = [];
  await clock.advanceAsync(5000);
  expect(resting()).not.toHaveProperty('m');
  await fleet.stop();
});
