import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { silentLog } from '../telemetry/log.ts';
import type { PlannedBackend } from './backend-plan.ts';
import { watchForServers } from './later-servers.ts';

const server = (url: string) => ({ settings: { url, id: url } }) as unknown as PlannedBackend;

test('a server that comes up is taken in once, a failed look is followed by another, and nothing after a stop', async () => {
  const clock = new FakeClock();
  const answers: (() => readonly PlannedBackend[])[] = [
    () => [],
    () => {
      throw new Error('no network');
    },
    () => [server('a')],
    () => [server('a'), server('b')],
    () => [server('c')],
  ];
  const added: string[] = [];
  const watch = watchForServers(clock, async () => (answers.shift() ?? (() => []))(), (planned) => added.push(planned.settings.url), silentLog);
  for (let look = 0; look < 4; look += 1) await clock.advanceAsync(5000);
  expect(added).toEqual(['a', 'b']);
  watch.stop();
  await clock.advanceAsync(5000);
  expect(added).toEqual(['a', 'b']);
});
